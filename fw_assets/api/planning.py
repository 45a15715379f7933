"""Planning of a dataset from Python, on the workspace and the Dagster instance of the UI and the command line."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from fw_assets.api.arguments import check_place, check_text
from fw_assets.api.progress import progress, say
from fw_assets.api.workflow import Workflow
from fw_assets.classification.errors import input_error
from fw_assets.pipeline.platform.catalogue import own_prices
from fw_assets.pipeline.platform.platform import platform_from_environment
from fw_assets.pipeline.registration.partitioned_tables import refuse_index
from fw_assets.pipeline.registration.registration import (
    check_models,
    register,
    registered_dataset,
    resolve_registered,
)
from fw_assets.pipeline.registration.tables import is_table, table_file
from fw_assets.pipeline.runner.driver import plan_now
from fw_assets.pipeline.runner.session import exclusive_pool
from fw_assets.pipeline.runner.worker_pool import PoolFactory
from fw_assets.pipeline.workflow.owner import require_no_owner
from fw_assets.settings import in_workspace, workspace_at
from fw_assets.workspace.workspace import Workspace

_TABLES = {"eval_dataset": "eval", "out_of_scope": "out-of-scope"}
"""Fields that may be tables, and the endings of their names."""
_COLUMNS = ("text_column", "label_column", "group_field", "weight_column")


def plan(
    dataset: Any,
    *,
    name: str | None = None,
    workspace: str | os.PathLike[str] | None = None,
    make_pool: PoolFactory | None = None,
    **session: Any,
) -> Workflow:
    """The workflow of a dataset, inspected and planned; nothing is spent.

    Args:
        dataset: a file, a folder or a URL of any form that the command line takes; the name of a registered dataset,
            whose session `session` changes; or a table of polars, pandas or pyarrow, which needs a `name`.
        name: of the dataset; left out, it is made from the file's.
        workspace: a folder or an fsspec URL; left out, `$FW_WORKSPACE`, or `workspace/` here.
        make_pool: workers in place of processes of their own.
        session: fields of the session, such as `models=["char-ngram"]` (docs/session.md).

    Raises:
        InputError: a field, a file or a row is wrong; each is named, with what to do.
        StepFailed: inspection or planning failed.
        FireworksError: the platform could not be asked.
    """
    check_text("name", name)
    check_place("workspace", workspace)
    root = workspace_at(workspace)
    with in_workspace(root):
        store, platform = Workspace(root), platform_from_environment()
        require_no_owner(store)
        own_prices()  # a wrong file is an error before anything is registered
        fields, registered, readings = resolve_registered(store, _session(store, dataset, name, session))
        check_models(platform, fields, readings)
        registration = register(
            store, platform, fields, driver="command-line", name=registered or name, readings=readings
        )
        for item in registration.understood:
            say(f"Understood: {item}")
        with progress(), exclusive_pool(store, registration.name, say, make_pool) as pool:
            plan_now(pool, store, platform, registration.name, report=say)
        return Workflow(registration.name, root, make_pool)


def workflow(
    name: str, *, workspace: str | os.PathLike[str] | None = None, make_pool: PoolFactory | None = None
) -> Workflow:
    """The workflow of a dataset that is registered already, here or from the command line or the UI.

    Raises:
        InputError: there is none of that name; the message lists those that are.
        FileNotFoundError: it has not been planned yet.
    """
    check_text("name", name)
    check_place("workspace", workspace)
    root = workspace_at(workspace)
    registered_dataset(Workspace(root), name or "")
    return Workflow(name, root, make_pool)


def _session(store: Workspace, dataset: Any, name: str | None, session: Mapping[str, Any]) -> dict[str, Any]:
    """The session's fields, with tables as files and single names as lists."""
    fields = {key: _plain(value) for key, value in session.items() if value is not None}
    for field, ending in _TABLES.items():
        if field in fields and is_table(fields[field]):
            fields[field] = str(table_file(store, f"{_named(name)}-{ending}", fields[field]))
    if isinstance(fields.get("models"), str):
        fields["models"] = [fields["models"]]
    if isinstance(dataset, str | os.PathLike):
        return fields | {"dataset": str(dataset)}
    refuse_index(dataset, {field: fields.get(field) for field in _COLUMNS})
    return fields | {"dataset": str(table_file(store, _named(name), dataset))}


def _plain(value: Any) -> Any:
    if isinstance(value, os.PathLike):
        return str(value)
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else value


def _named(name: str | None) -> str:
    if name is None:
        raise input_error(
            "a table has no name of its own", field="name", advice="Give it one: plan(table, name='tickets')"
        )
    return name

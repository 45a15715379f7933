"""Command that forgets a dataset: its folder is set aside, and nothing on the platform is touched."""

from __future__ import annotations

import time

import msgspec

from fw_assets.classification.catalogue.resource_ids import PREFIX
from fw_assets.classification.errors import input_error
from fw_assets.console import echo_json, out
from fw_assets.exit_codes import DONE
from fw_assets.pipeline.budget.ledger_log import read_ledger
from fw_assets.pipeline.registration.registration import registered_dataset
from fw_assets.pipeline.standing import steps_at_work
from fw_assets.workspace.workspace import Workspace

FORGOTTEN = ".forgotten"
"""The folder of the workspace that keeps what was forgotten, until somebody removes it."""


class _Deployed(msgspec.Struct):
    deployment: str | None = None


def forget(root: str, name: str, *, as_json: bool) -> int:
    """Set the local records of a dataset aside, and remove its partition from Dagster."""
    from fw_assets.pipeline.partitions import remove_partition
    from fw_assets.pipeline.runner.instance import open_instance

    store = Workspace(root)
    registered_dataset(store, name)
    if at_work := steps_at_work(store, name):
        raise input_error(
            f"{name} is being worked on ({', '.join(at_work)})",
            field="NAME",
            kind="workspace",
            advice="Stop that first: Ctrl-C in its terminal, or Terminate on the run's page.",
        )
    jobs, deployments = _created(store, name), _deployments(store, name)
    kept = store.move((name,), (FORGOTTEN, f"{name}-{time.strftime('%Y%m%d-%H%M%S')}"))
    with open_instance(root) as instance:
        remove_partition(instance, name)
    if as_json:
        echo_json({"dataset": name, "kept": str(kept), "jobs": jobs, "deployments": deployments})
        return DONE
    out.print(f"{name} is forgotten. Its records are in {kept}: remove them, or move them back.", markup=False)
    if jobs:
        out.print(f"On the platform everything stays, its jobs among it: {', '.join(jobs)}", markup=False)
    if deployments:
        out.print(f"So do its deployments, which cost while they are up: {', '.join(deployments)}", markup=False)
    return DONE


def _created(store: Workspace, name: str) -> list[str]:
    """Sorted ids of the jobs that were paid for a dataset, under all its plans."""
    ids = set[str]()
    for file in store.names(name, "ledger"):
        if file.endswith(".jsonl"):
            ledger = read_ledger(store, name, "ledger", file)
            ids |= {entry.id for entry in ledger.entries} | {held.id for held in ledger.reservations}
    return sorted(item for item in ids if item.startswith(f"{PREFIX}-"))


def _deployments(store: Workspace, name: str) -> list[str]:
    """Sorted names of the deployments that evaluated a dataset's models or serve its winner."""
    found = [store.read_fields("deployment", name, _Deployed)]
    for asset in ("base_metrics", "metrics"):
        models = [file.removesuffix(".json") for file in store.names(name, "assets", asset) if file.endswith(".json")]
        found += [store.read_fields(asset, name, _Deployed, model) for model in models]
    return sorted({item.deployment for item in found if item is not None and item.deployment})

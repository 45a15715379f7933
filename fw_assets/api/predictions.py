"""Asset factory: a table of another asset, labelled by the deployed winner of a dataset, in any Dagster project."""

# No `from __future__ import annotations` here: Dagster reads an asset's annotations as they are written.

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import dagster as dg
import polars as pl

from fw_assets.api.labelling import label_table
from fw_assets.classification.dataset_reference import dataset_name
from fw_assets.classification.errors import input_error
from fw_assets.pipeline.failures import EXPECTED_ERRORS, is_transient, message_of
from fw_assets.pipeline.platform.platform import Platform, platform_from_environment
from fw_assets.pipeline.progress import listening, to_log
from fw_assets.pipeline.registration.registration import registered_dataset
from fw_assets.pipeline.resources import InstancePlatform
from fw_assets.pipeline.values.prediction import LabelledFile
from fw_assets.pipeline.workflow.instance import WorkflowInstance
from fw_assets.settings import in_workspace, workspace_at
from fw_assets.workspace.workspace import Workspace

OPTIONS = ("system", "free", "cascade", "text_column", "text_template", "threshold", "probabilities")


def predictions(
    name: str,
    *,
    table: dg.AssetKey | str | Sequence[str],
    dataset: str | None = None,
    workflow: str | None = None,
    max_spend_usd: float = 0.0,
    workspace: str | os.PathLike[str] | None = None,
    key_prefix: str | Sequence[str] | None = None,
    deps: Sequence[dg.AssetKey | str] = (),
    options: Mapping[str, Any] | None = None,
    **asset: Any,
) -> dg.AssetsDefinition:
    """An asset: the rows of the asset `table` with the labels of a dataset's deployed winner, as a polars frame.

    A run asks each text once, and no text whose answer is kept from a run before; rows below the confidence threshold
    have no label. Nothing is read before it runs: neither the environment nor the workspace.

    Args:
        name: of the asset.
        table: key of the asset that has the rows: a table of polars, pandas or pyarrow, from any IO manager; tables
            by partition; or the path of a file.
        dataset: whose winner is asked, by its name in the workspace; left out, that of `workflow`.
        workflow: name of the `ClassificationWorkflow` of this project that has the dataset: its workspace, platform and
            key are used, and none of the environment's.
        max_spend_usd: the most that one run may cost; above it nothing is asked, and the run fails.
        workspace: a folder or an fsspec URL; left out, that of the workflow, else that of the run's
            environment.
        deps: keys of further assets, such as `deployment` of the same dataset, for the lineage.
        options: of `Workflow.predict`: system, free, cascade, text_column, text_template, threshold, probabilities.
        asset: further arguments of `dagster.asset`, such as group_name, owners, io_manager_key, retry_policy.

    Raises:
        InputError: an option is unknown, neither a dataset nor a workflow is named, or a workflow and a workspace.
    """
    if dataset is None and workflow is None:
        raise input_error("is not given", field="dataset", advice="Name the dataset, or the workflow that has one.")
    if workflow is not None and workspace is not None:
        raise input_error("the workflow has its own", field="workspace", advice="Leave out one of the two.")
    asked = dataset or dataset_name(str(workflow).replace("_", "-"))
    platform_key = WorkflowInstance(name=workflow or "").named("platform")
    given = dict(options or {})
    if unknown := sorted(set(given) - set(OPTIONS)):
        raise input_error(f"is not an option; there are {', '.join(OPTIONS)}", field=f"options.{unknown[0]}")

    def labelled(context: dg.AssetExecutionContext, rows: Any) -> dg.Output[pl.DataFrame]:
        own: InstancePlatform | None = getattr(context.resources, platform_key) if workflow else None
        try:
            with _opened(workspace, own) as (store, platform), listening(to_log(context.log.info)):
                registered_dataset(store, asked)
                frame, result = label_table(
                    store, platform, asked, rows, say=context.log.info, max_spend_usd=max_spend_usd, **given
                )
        except EXPECTED_ERRORS as error:
            raise dg.Failure(message_of(error), allow_retries=is_transient(error)) from error
        if result.unanswered:
            raise dg.Failure(
                f"{result.unanswered} of {result.rows} rows got no answer ({result.error}); the others are kept, and "
                "the next run asks for these only"
            )
        for note in result.notes:
            context.log.warning(note)
        return dg.Output(frame, metadata=_metadata(result))

    key = dg.AssetKey([table] if isinstance(table, str) else _parts(table))
    rows = dg.AssetIn(key=key, metadata={"allow_missing_partitions": True})
    described = {"kinds": {"polars"}, "description": f"Labels of the deployed winner of {asked}.", **asset}
    if workflow:
        described["required_resource_keys"] = {platform_key, *described.get("required_resource_keys", ())}
    define: Callable[[Callable[..., Any]], dg.AssetsDefinition] = dg.asset(
        name=name, key_prefix=key_prefix, ins={"rows": rows}, deps=list(deps), **described
    )
    return define(labelled)


@contextmanager
def _opened(
    workspace: str | os.PathLike[str] | None, own: InstancePlatform | None
) -> Iterator[tuple[Workspace, Platform]]:
    """The workspace and the platform: of a workflow of the project, or of the environment."""
    root = workspace_at(workspace) if own is None else own.root
    with in_workspace(root):
        yield Workspace(root), platform_from_environment() if own is None else own.open()


def _parts(key: dg.AssetKey | Sequence[str]) -> Sequence[str]:
    return key.path if isinstance(key, dg.AssetKey) else list(key)


def _metadata(result: LabelledFile) -> dict[str, Any]:
    counts = ("labelled", "abstained", "no_label", "empty", "requests", "prompt_tokens", "answer_tokens")
    metadata: dict[str, Any] = {name: getattr(result, name) for name in counts}
    metadata |= {"dagster/row_count": result.rows, "model": result.model}
    known = {"threshold": result.threshold, "paid_usd": result.paid_usd}
    if result.notes:
        metadata["notes"] = "\n".join(result.notes)
    return metadata | {name: value for name, value in known.items() if value is not None}

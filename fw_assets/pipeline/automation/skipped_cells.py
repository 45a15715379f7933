"""Cells that will never run: the graph has room for them and no plan asks for them, so none stays missing for ever."""

# No `from __future__ import annotations` here: Dagster reads a sensor's annotations as they are written.

from collections.abc import Iterable, Iterator, Mapping

import dagster as dg
import msgspec

from fw_assets.pipeline.automation.workspace_snapshot import take_snapshot
from fw_assets.pipeline.partitions import cell
from fw_assets.pipeline.phases import delivery_inputs, finalists_inputs
from fw_assets.pipeline.resources import WorkspaceResource
from fw_assets.workspace.workspace import Workspace

TUNING = ("sweep", "fine_tuned_models", "metrics")
CELLS = ("base_metrics", *TUNING, "learning_curve")
MAX_PER_TICK = 200
"""An event takes about 15 ms."""


class _Session(msgspec.Struct):
    mode: str
    learning_curve: bool = False


class _Model(msgspec.Struct):
    slug: str


class _Plan(msgspec.Struct):
    session: _Session
    models: list[_Model]


class _Finalists(msgspec.Struct):
    slugs: list[str]


class _Gate(msgspec.Struct):
    why: str


class _Deployment(msgspec.Struct):
    deployed: bool
    gate: _Gate


def inapplicable_cells(workspace: Workspace, dataset: str, models: Iterable[str]) -> dict[tuple[str, str | None], str]:
    """Asset and model (None: the dataset's own partition) of what will not run under the current plan, with the reason.

    Nothing is said of a dataset that has no plan yet, or none of its current rows and session.
    """
    registered, planned = workspace.header("registration", dataset), workspace.header("plan", dataset)
    if registered is None or planned is None or planned.inputs != registered.inputs:
        return {}
    plan = workspace.require_fields("plan", dataset, _Plan)
    asked = {model.slug for model in plan.models}
    finalists = _finalists(workspace, dataset, planned.digest, sorted(asked))
    found: dict[tuple[str, str | None], str] = {}
    for model in models:
        if model not in asked:
            found |= dict.fromkeys(((asset, model) for asset in CELLS), "not in the plan")
        elif plan.session.mode == "benchmark":
            found |= dict.fromkeys(((asset, model) for asset in CELLS[1:]), "benchmark only")
        elif finalists is not None and model not in finalists:
            found |= dict.fromkeys(((asset, model) for asset in CELLS[1:]), "not among the finalists")
        elif not plan.session.learning_curve:
            found["learning_curve", model] = "the session asks for no learning curve"
    if finalists is not None:
        deployed = workspace.header("deployment", dataset)
        if deployed is not None and deployed.inputs == delivery_inputs(workspace, dataset, planned.digest, finalists):
            record = workspace.require_fields("deployment", dataset, _Deployment)
            if not record.deployed:
                found["regression", None] = f"nothing is deployed: {record.gate.why}"
    return found


def _finalists(workspace: Workspace, dataset: str, plan_digest: str, slugs: list[str]) -> list[str] | None:
    """Of the current plan, None while they are not chosen."""
    head = workspace.header("finalists", dataset)
    if head is None or head.inputs != finalists_inputs(workspace, dataset, plan_digest, slugs):
        return None
    return workspace.require_fields("finalists", dataset, _Finalists).slugs


def skipped(dataset: str, found: Mapping[tuple[str, str | None], str]) -> Iterator[dg.AssetMaterialization]:
    """What the UI is told: the cell is settled, and why it has no result."""
    for (asset, model), why in found.items():
        yield dg.AssetMaterialization(asset, partition=_key(dataset, model), metadata={"status": "skipped", "why": why})


def _key(dataset: str, model: str | None) -> str:
    return dataset if model is None else cell(dataset, model)


@dg.sensor(
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=(
        "Settles the cells that no plan asks for (a model of another dataset, no finalist, benchmark only) as skipped, "
        "with the reason in their metadata, so that nothing reads missing for ever. Starts nothing."
    ),
)
def skipped_cells(context: dg.SensorEvaluationContext, workspace: WorkspaceResource) -> dg.SensorResult:
    """Reports what is missing and will stay so, a few hundred cells a tick."""
    store, models = take_snapshot(workspace.open()), context.instance.get_dynamic_partitions("models")
    settled = {
        asset: set(context.instance.get_materialized_partitions(dg.AssetKey(asset))) for asset in (*CELLS, "regression")
    }
    events: list[dg.AssetMaterialization] = []
    for dataset in context.instance.get_dynamic_partitions("datasets"):
        cells = [(asset, model) for asset in CELLS for model in models]
        if all(_key(dataset, model) in settled[asset] for asset, model in (*cells, ("regression", None))):
            continue  # nothing of it is read
        found = inapplicable_cells(store, dataset, models)
        new = {at: why for at, why in found.items() if _key(dataset, at[1]) not in settled[at[0]]}
        events += skipped(dataset, new)
        if len(events) >= MAX_PER_TICK:
            break
    return dg.SensorResult(
        asset_events=events, skip_reason=None if events else "every cell has a result, waits for one, or is settled"
    )

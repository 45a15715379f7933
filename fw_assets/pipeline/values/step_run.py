"""Run of a step that has not come to its result: who began it, and how it ended."""

from __future__ import annotations

from typing import Literal

from fw_assets.classification.values import Frozen
from fw_assets.workspace.workspace import Workspace

_ASSET = "step_run"


class StepRun(Frozen):
    """The last run of a step, kept until the step is done.

    Attributes:
        step: the step's key.
        run: Dagster's id of the run.
        state: `cancelled` is the end that a person or a signal gave it.
        message: why it failed, as the run says it.
        machine: the one that executes it, by name.
        pid: of the process there.
        at: when it began, in seconds since the epoch.
    """

    step: str
    run: str
    state: Literal["begun", "failed", "cancelled"]
    message: str = ""
    machine: str
    pid: int
    at: float


def record_step_run(store: Workspace, dataset: str, run: StepRun) -> None:
    """Keep it as the last run of its step."""
    store.write(_ASSET, dataset, run, inputs=run.step, model=_name(run.step))


def forget_step_run(store: Workspace, dataset: str, step: str) -> None:
    """Keep it no longer: the step is done."""
    if store.header(_ASSET, dataset, _name(step)) is not None:
        store.remove(_ASSET, dataset, _name(step))


def last_step_run(store: Workspace, dataset: str, step: str) -> StepRun | None:
    """The last run of a step that is due, if one has begun."""
    header = store.header(_ASSET, dataset, _name(step))
    if header is None or header.inputs != step:
        return None
    return store.read(_ASSET, dataset, StepRun, _name(step))


def begun_step_runs(store: Workspace, dataset: str) -> list[StepRun]:
    """The runs of all steps that have begun and are not recorded to have ended."""
    names = [name.removesuffix(".json") for name in store.names(dataset, "assets", _ASSET) if name.endswith(".json")]
    runs = (store.read(_ASSET, dataset, StepRun, name) for name in names)
    return [run for run in runs if run is not None and run.state == "begun"]


def _name(step: str) -> str:
    """The step without the digest of its inputs: one file for all its runs."""
    return step.rpartition("/")[0].replace("/", ".")

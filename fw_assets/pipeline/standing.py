"""Where datasets stand: what is due, and how the last run of each step that is due has ended."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from fw_assets.classification.errors import InputError
from fw_assets.pipeline.machine import is_alive, this_machine
from fw_assets.pipeline.phases import PLANNING, DatasetStatus, Step, due, statuses
from fw_assets.pipeline.run_config import Driver
from fw_assets.pipeline.values.step_run import StepRun, begun_step_runs, last_step_run
from fw_assets.pipeline.workflow.next_step import to_go_on
from fw_assets.workspace.workspace import Workspace

MAX_REASON = 240
"""Characters of a reason; the run's page and the command itself show all of it."""


def standings(
    workspace: Workspace, datasets: Iterable[str], driver: Driver | None = "daemon"
) -> dict[str, DatasetStatus]:
    """Status of each dataset, with two more states: `failed`, and `stopped` for a step that did not come to its end.

    So is a dataset of the command line on which no command is at work, such as one that ended between two steps.

    The steps of such a dataset are still due: a new answer to its plan, `fw-assets run NAME` or Dagster's own button
    starts them again. Where others of its steps can still start, it is `running`, and its note says what has failed.
    """
    return {dataset: _standing(workspace, status) for dataset, status in statuses(workspace, datasets, driver).items()}


def _standing(workspace: Workspace, status: DatasetStatus) -> DatasetStatus:
    try:
        runs = [(step, last_step_run(workspace, step.dataset, step.key)) for step in status.steps]
    except (InputError, OSError):
        # The record only explains: whoever cannot read it starts the step as if there were none.
        return status
    ended = [(step, run, end) for step, run in runs if run is not None and (end := _end(run))]
    idle = status.state == "running" and len(ended) < len(status.steps) and _is_left(workspace, status)
    words = "; ".join(_words(step, run, end) for step, run, end in ended)
    if len(ended) < len(status.steps) and not idle:
        return replace(status, note=f"{status.note}; {words}") if ended else status
    if not status.steps:
        return status
    step = status.steps[0]
    again = retry_advice(workspace, step.dataset)
    if ended and step.assets == PLANNING:
        again = f"correct that, then: {to_go_on(workspace, step.dataset)}"
    if idle:
        words = "; ".join(filter(None, (status.note, words, "no command is at work on it")))
    state = "failed" if any(end == "failed" for _, _, end in ended) else "stopped"
    return replace(status, state=state, note=f"{words}; {again}")


def _is_left(workspace: Workspace, status: DatasetStatus) -> bool:
    """Whether the command that had to start the steps of a dataset has ended."""
    dataset = status.steps[0].dataset
    if workspace.is_held(dataset, "run") or steps_at_work(workspace, dataset):
        return False
    return due(workspace, dataset, "daemon").state == "elsewhere"


def retry_advice(store: Workspace, dataset: str) -> str:
    """What starts a step again that failed, unless it waits for a signature."""
    return f"try again with: {to_go_on(store, dataset)}"


def _end(run: StepRun) -> str:
    """How a run has ended, in a word; empty while its process lives."""
    if run.state != "begun":
        return run.state
    return "" if run.machine != this_machine() or is_alive(run.pid, run.at) else "ended"


def _words(step: Step, run: StepRun, end: str) -> str:
    title = " ".join(filter(None, (step.assets[0], step.model)))
    if end == "failed":
        line = next(iter(run.message.splitlines()), "")
        reason = line if len(line) <= MAX_REASON else f"{line[:MAX_REASON]}…"
        return f"{title} failed (run {run.run[:8]}): {reason}"
    how = "was cancelled" if end == "cancelled" else f"ended with its process, {run.pid}"
    return f"{title} {how} (run {run.run[:8]})"


def steps_at_work(workspace: Workspace, dataset: str) -> list[str]:
    """The steps of a dataset whose processes live, with the runs that they are in."""
    runs = begun_step_runs(workspace, dataset)
    return [f"{run.step.split('/')[0]} in run {run.run[:8]}" for run in runs if not _end(run)]

"""Running what is due without a daemon: each step a run of its own on the instance that the UI shows, side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fw_assets.pipeline.errors import StepFailed
from fw_assets.pipeline.phases import APPROVAL, DatasetStatus, Step, config_of, due, is_stopped
from fw_assets.pipeline.runner.worker_pool import WorkerPool
from fw_assets.workspace.workspace import Workspace

MAX_CONCURRENT_STEPS = 6
"""Steps at a time: as many as `dagster.yaml` lets fine-tune at once."""
POLL_SECONDS = 0.05


def drive(
    crew: WorkerPool,
    workspace: Workspace,
    dataset: str,
    *,
    say: Callable[[str], None],
    only: tuple[str, ...] | None = None,
    ahead: bool = False,
) -> DatasetStatus:
    """Run everything that is due for the command line until nothing is; each step at most once.

    Once a step has failed nothing more begins. What works beside it is finished first: it may have been paid for.

    Args:
        say: told what begins, and what failed while others go on.
        only: run no other steps than the one with these assets.
        ahead: do not wait for what of them nothing else needs; the crew still works on it.

    Raises:
        StepFailed: with what the failed steps said.
    """
    tried: set[str] = set()
    failed: list[StepFailed] = []
    while True:
        standing = due(workspace, dataset, driver="command-line")
        # The report of a run that was stopped is due at once, and has to wait for those that still work.
        if not failed and not (crew and is_stopped(workspace, dataset)):
            steps = [s for s in standing.steps if s.key not in tried and only in (None, s.assets)]
            for step in steps[: MAX_CONCURRENT_STEPS - len(crew)]:
                tried.add(step.key)
                say(_named(step))
                crew.begin(step, config_of(step, "command-line"))
        if not crew or (ahead and not failed and all(step.key not in tried for step in standing.steps)):
            break
        for error in crew.wait(POLL_SECONDS if ahead else None):
            if is_stopped(workspace, dataset):
                continue  # the report of the stopped run is what is due now
            failed.append(error)
            if crew:
                say(f"{error}\n{dataset}: what has begun is finished first")
    if failed:
        raise StepFailed.of(failed)
    return standing


def answer(crew: WorkerPool, dataset: str, config: Mapping[str, Any]) -> None:
    """Materialize the approval with a person's answer.

    Raises:
        StepFailed: it does not fit the plan; the message says how.
    """
    step = Step(APPROVAL, dataset, None, "")
    crew.begin(step, config)
    for error in crew.wait_for(step):
        raise error


def _named(step: Step) -> str:
    return f"{step.dataset}: {' '.join(filter(None, [', '.join(step.assets), step.model]))}"

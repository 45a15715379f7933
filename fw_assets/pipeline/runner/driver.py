"""Driver without a daemon: runs what is due, several steps at a time, each a run of its own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from fw_assets.classification.errors import InputError
from fw_assets.classification.plan.plan import Plan
from fw_assets.pipeline.errors.phase import StepFailed
from fw_assets.pipeline.phases import APPROVAL, PLAN, PLANNING, DatasetStatus, Step, config_of, due, is_stopped
from fw_assets.pipeline.planning.draft import changed_draft
from fw_assets.pipeline.platform.catalogue import catalogue
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.runner.worker_pool import WorkerPool
from fw_assets.workspace.workspace import Workspace

MAX_CONCURRENT_STEPS = 6
"""As many as `dagster.yaml` lets fine-tune at once."""
POLL_SECONDS = 0.05
UNDECIDED = ("waiting", "rejected")
"""States in which a person has to answer the plan."""
TAKEN_OVER = ("elsewhere", "incomplete")
"""States in which an approval lets this driver go on."""


def drive(
    pool: WorkerPool,
    workspace: Workspace,
    dataset: str,
    *,
    report: Callable[[str], None],
    only: tuple[str, ...] | None = None,
    ahead: bool = False,
) -> DatasetStatus:
    """Run everything that is due for the command line until nothing is; each step at most once.

    Once a step has failed no other is started, but those at work are finished: they may have been paid for.

    Args:
        report: is told what starts, and what failed while other steps are at work.
        only: run no other steps than the one with these assets.
        ahead: return as soon as nothing more can be started, though the pool is still at work.

    Raises:
        StepFailed: with the messages of the failed steps.
    """
    submitted: set[str] = set()
    errors: list[StepFailed] = []
    while True:
        status = due(workspace, dataset, driver="command-line")
        # The report of a run that was stopped is due at once, and has to wait for those that are still at work.
        if not errors and not (pool and is_stopped(workspace, dataset)):
            steps = [step for step in status.steps if step.key not in submitted and only in (None, step.assets)]
            for step in steps[: MAX_CONCURRENT_STEPS - len(pool)]:
                submitted.add(step.key)
                report(_title(step))
                pool.submit(step, config_of(step, "command-line"))
        if not pool or (ahead and not errors and all(step.key not in submitted for step in status.steps)):
            break
        for error in pool.wait(POLL_SECONDS if ahead else None):
            if is_stopped(workspace, dataset):
                continue  # the report of the stopped run is what is due now
            left = due(workspace, dataset, driver="command-line").steps
            if any(step.assets == APPROVAL and step.key not in submitted for step in left):
                report(str(error))  # the plan was made again, and approves itself
                continue
            errors.append(error)
            if pool:
                report(f"{error}\n{dataset}: what has begun is finished first")
    if errors:
        raise StepFailed.of(errors)
    return status


def plan_now(
    pool: WorkerPool,
    workspace: Workspace,
    platform: Platform,
    dataset: str,
    *,
    report: Callable[[str], None],
    ahead: bool = False,
    states: Collection[str] | None = None,
) -> DatasetStatus:
    """Have a dataset planned; a plan that is there already is made again if the platform's offer has changed.

    What runs under an approval is left alone: it reads the offer before each step that spends. What is done is planned
    again where a model was added again with other weights, of which the stored answers and metrics say nothing.

    Args:
        report, ahead: as in `drive`.
        states: those in which the plan is about to be shown or answered, and therefore compared; None: all.

    Raises:
        StepFailed: with the message of the failed step.
        InputError: the price file is wrong, or a model of the plan cannot be used any more.
        FireworksError: the platform could not be asked.
    """
    planned_before = all(step.assets != PLANNING for step in due(workspace, dataset, driver="command-line").steps)
    status = drive(pool, workspace, dataset, report=report, only=PLANNING, ahead=ahead)
    compared = states is None or status.state in states or any(step.assets == APPROVAL for step in status.steps)
    if not planned_before:
        return status
    if compared:
        outdated = changed_draft(workspace, platform, dataset) is not None
    else:
        outdated = status.state == "done" and _has_other_weights(workspace, platform, dataset)
    if outdated:
        renewal = Step(PLAN, dataset, None, "")
        report(f"{dataset}: the platform's offer has changed, so the plan is made again")
        pool.submit(renewal, None)
        pool.join(renewal)
    return due(workspace, dataset, driver="command-line")


def _has_other_weights(workspace: Workspace, platform: Platform, dataset: str) -> bool:
    """Whether a model of the plan was added again with other weights; not where it cannot be told."""
    try:
        plan = workspace.require("plan", dataset, Plan)
        told = [model.asked_name for model in plan.models if plan.weights(model.name)]
        if not told:
            return False
        now = {model.name: model.weights for model in platform.call(catalogue)}
    except InputError:
        return False
    return any(now.get(name, "") not in ("", plan.weights(name)) for name in told)


def answer(pool: WorkerPool, dataset: str, config: Mapping[str, Any]) -> None:
    """Materialize the approval with a person's answer.

    Raises:
        StepFailed: the answer does not fit the plan; the message says how.
    """
    approval = Step(APPROVAL, dataset, None, "")
    pool.submit(approval, config)
    pool.join(approval)


def _title(step: Step) -> str:
    return f"{step.dataset}: {' '.join(filter(None, [', '.join(step.assets), step.model]))}"

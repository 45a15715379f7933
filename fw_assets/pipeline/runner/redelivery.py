"""Redelivery: a finished dataset's winner, whose deployment the platform removed, is deployed and reported again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fw_assets.classification.errors import input_error
from fw_assets.pipeline.budget.attempts import waits_for_signature
from fw_assets.pipeline.errors.phase import PhaseError
from fw_assets.pipeline.evaluation.removed_deployment import note_removal
from fw_assets.pipeline.evaluation.winner_deployment import WinnerDeployment, allow_redelivery, winner_deployment
from fw_assets.pipeline.phases import DELIVERY, DatasetStatus, due
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.run_config import approval_config
from fw_assets.pipeline.runner.driver import answer, drive
from fw_assets.pipeline.runner.worker_pool import WorkerPool
from fw_assets.pipeline.values.approval import Approval
from fw_assets.pipeline.workflow.next_step import to_deploy, to_go_on
from fw_assets.workspace.workspace import Workspace


def find_winner(store: Workspace, platform: Platform, dataset: str) -> WinnerDeployment:
    """What serves a finished dataset's winner, or what bringing it back costs, by a client of its own.

    Raises:
        PhaseError: the dataset is not finished, or nothing was deployed for it.
        NotApproved: its plan waits for an answer.
    """
    status = due(store, dataset, driver=None)
    if status.state == "running" and not any(step.assets == DELIVERY for step in status.steps):
        raise PhaseError(f"{dataset} is not finished ({status.note}): {to_go_on(store, dataset)}")
    if status.state == "incomplete":
        raise PhaseError(f"nothing was deployed for {dataset}: it is {status.note}")
    return platform.call(lambda client: winner_deployment(client, store, dataset))


def what_it_costs(dataset: str, found: WinnerDeployment) -> str:
    """What is up, or what a yes brings back, at which price; for a person."""
    record = found.record
    hour = "a price that nobody publishes" if found.usd_per_hour is None else f"${found.usd_per_hour:,.2f}"
    if found.serving is not None:
        return (
            f"{dataset}: {found.serving.name} is there ({found.serving.state}) and serves {record.model}. An hour in "
            f"which it is up costs {hour}; it scales to zero when nobody asks."
        )
    standing = f" {found.standing.name} serves the same model and is adopted." if found.standing else ""
    failure = f" The last attempt: {found.failure}" if found.failure else ""
    return (
        f"{dataset}: {record.deployment} was removed on the platform.{failure}{standing} Bringing {record.model} back "
        f"costs {hour} for each hour in which it is up, and holds up to ${found.most_usd:,.2f} under plan "
        f"{found.plan_digest} for its proof and its first hour."
    )


def require_yes(store: Workspace, dataset: str, found: WinnerDeployment, digest: str) -> None:
    """Check that a person's yes is to the plan under which the money is spent.

    Raises:
        InputError: it names another.
    """
    if digest != found.plan_digest:
        raise input_error(
            f"the plan of {dataset} is {found.plan_digest}, not {digest}: a yes is to one plan, and names its digest",
            field="--digest",
            advice=f"Look at plan.md, then: {to_deploy(store, dataset)}, with {found.plan_digest}",
        )


def bring_back(
    pool: WorkerPool,
    store: Workspace,
    platform: Platform,
    dataset: str,
    found: WinnerDeployment,
    by: str,
    report: Callable[[str], None],
) -> DatasetStatus:
    """Deploy the winner again and write its report, under the yes of a person to what `found` says of its cost.

    The yes is to that amount, which the ledger records where the plan's ceiling has no room for it.
    Where the last attempt failed on the platform the yes allows another, as approving again does.
    """
    if waits_for_signature(store, dataset):
        answer(pool, dataset, approval_again(store, dataset, by))
    allow_redelivery(store, dataset, found, by)
    platform.call(lambda client: note_removal(client, store, dataset))
    return drive(pool, store, dataset, report=report)


def approval_again(store: Workspace, dataset: str, by: str) -> dict[str, Any]:
    """The current approval given once more, which allows another attempt at what failed."""
    before = store.require("approval", dataset, Approval)
    return approval_config(
        by,
        before.plan_digest,
        driver="command-line",
        mitigation=before.mitigation,
        labels_confirmed=before.labels_confirmed,
        note="another attempt at what failed",
    )

"""Deployment of a finished dataset's winner as it stands now: up, or gone, with what bringing it back costs."""

from __future__ import annotations

from typing import NamedTuple

from fw_assets.fireworks import Deployment, DeploymentSpec, Fireworks
from fw_assets.pipeline.approvals import approved_account
from fw_assets.pipeline.budget.account import PlanAccount
from fw_assets.pipeline.budget.attempts import Attempts
from fw_assets.pipeline.budget.line_prices import HOURS, high_usd, usd_at_hour
from fw_assets.pipeline.errors.attempts import AttemptFailed
from fw_assets.pipeline.errors.phase import PhaseError
from fw_assets.pipeline.evaluation.endpoint import current_deployment, live_deployment
from fw_assets.pipeline.platform.catalogue import read_priced_catalogue
from fw_assets.pipeline.platform.deployment_quotes import hour_usd
from fw_assets.pipeline.values.delivery import DeploymentRecord
from fw_assets.workspace.workspace import Workspace

LINES = ("deployment/proof", "deployment/first-hour")


class WinnerDeployment(NamedTuple):
    """What serves a winner, or would be created to serve it.

    Attributes:
        plan_digest: of the plan under which it was deployed.
        serving: its deployment, which is up; None where it is gone.
        standing: another deployment of the model that is up and would be adopted, such as another workspace's.
        failure: how the last attempt to bring it back failed; empty where none did.
        usd_per_hour: of the deployment while it is up; None where no price is known.
        most_usd: the most that bringing it back holds: the rows that it is asked again, and its first hour.
    """

    record: DeploymentRecord
    plan_digest: str
    serving: Deployment | None
    standing: Deployment | None
    failure: str
    usd_per_hour: float | None
    most_usd: float


async def winner_deployment(client: Fireworks, store: Workspace, dataset: str) -> WinnerDeployment:
    """The deployment of a dataset's winner; nothing is created.

    Raises:
        PhaseError: nothing was deployed, or by somebody else, who has removed it.
        NotApproved: the dataset's plan is another by now, and not approved.
        InputError: the price file is wrong.
    """
    account = approved_account(store, dataset)
    record = store.require("deployment", dataset, DeploymentRecord)
    if not record.deployed or record.deployment is None:
        raise PhaseError(f"nothing was deployed for {dataset}, so there is nothing to bring back: {record.gate.why}")
    model = account.plan.model(record.winner.model)
    serving, standing, failure = await live_deployment(client, record.deployment), None, ""
    if serving is None:
        if model.deployment == record.deployment:
            raise PhaseError(
                f"{record.deployment} was made by somebody else and is gone: a run under another `--name` plans a "
                "deployment of its own"
            )
        try:
            standing = (await current_deployment(client, record.model, Attempts.of(account))).existing
        except AttemptFailed as failed:
            failure = str(failed)
    runs_on = serving or standing or await client.quote_deployment(DeploymentSpec(base_model=record.model))
    hour = hour_usd((await read_priced_catalogue(client)).prices, runs_on, model, tuned=record.winner.kind == "tuned")
    digest = account.plan.digest
    if hour is None:
        hour = record.usd_per_hour if record.usd_per_hour is not None else _planned_hour(account)
    most = sum(_most(account, key, hour) for key in LINES)
    return WinnerDeployment(record, digest, serving, standing, failure, hour, most)


def allow_redelivery(store: Workspace, dataset: str, found: WinnerDeployment, by: str) -> None:
    """Record a person's yes to what bringing the winner back holds, where the plan's ceiling has no room for it."""
    approved_account(store, dataset).allow(found.most_usd, by, replaces=LINES)


def _planned_hour(account: PlanAccount) -> float | None:
    line = account.line(LINES[1])
    return next((part.price.per_unit for part in line.parts if part.item == HOURS), None) if line else None


def _most(account: PlanAccount, key: str, hour: float | None) -> float:
    line = account.line(key)
    if line is None:
        return 0.0
    # What is held is never less than the plan's figure, also where the platform quotes less by now.
    return high_usd(line) if hour is None else max(high_usd(line), usd_at_hour(line, hour))

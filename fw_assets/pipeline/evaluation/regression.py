"""Regression check of a deployment: its test rows asked again, and all nights compared with its accepted answers."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from fw_assets.classification.prompting.prompt import request
from fw_assets.classification.selection.nightly_checks import ACCEPTED_COLUMNS, Night, check_nights
from fw_assets.fireworks import DeploymentSpec, Fireworks, ReadyDeployment
from fw_assets.pipeline.approvals import regression_account
from fw_assets.pipeline.budget.regression_account import RegressionAccount
from fw_assets.pipeline.errors.answers import Unanswered
from fw_assets.pipeline.errors.phase import PhaseError
from fw_assets.pipeline.evaluation.night_log import NightLog
from fw_assets.pipeline.evaluation.online import ask
from fw_assets.pipeline.evaluation.removed_deployment import require_deployment
from fw_assets.pipeline.planning.draft import estimate_now
from fw_assets.pipeline.planning.shortlists import stored_options
from fw_assets.pipeline.platform.catalogue import read_priced_catalogue
from fw_assets.pipeline.platform.deployment_quotes import hour_usd, with_quotes
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.values.delivery import DeploymentRecord
from fw_assets.pipeline.values.regression import NightRecord, Regression, ServedModel
from fw_assets.pipeline.values.served_prompt import served_prompt
from fw_assets.workspace.dataset_rows import part_batches
from fw_assets.workspace.predictions import prediction_batches
from fw_assets.workspace.workspace import Workspace


async def reevaluate(
    client: Fireworks, platform: Platform, store: Workspace, dataset: str, date: str, max_usd: float
) -> Regression:
    """Ask the deployment for its test rows again, unless that date's answers are kept, and check all nights.

    Prices are read again first. What has changed since the plan was approved changes what the check may cost, and
    leaves the plan as it is.

    Raises:
        PhaseError: nothing is deployed, the test rows are others by now, or it could cost more than `max_usd`.
        InputError: the price file is wrong.
        DeploymentRemoved: it is gone.
        Unanswered: requests failed for good.
    """
    record = store.require("deployment", dataset, DeploymentRecord)
    if not record.deployed or record.deployment is None or record.address is None:
        raise PhaseError(f"nothing is deployed for {dataset}: {record.gate.why}")
    accepted = prediction_batches(store, dataset, *record.serves, "test", ACCEPTED_COLUMNS)
    rows = part_batches(store, dataset, "test")
    if not rows.columns("id")["id"].sort().equals(accepted.columns("id")["id"].sort()):
        raise PhaseError(
            f"{dataset} has other test rows than those its deployment was accepted on: finish the new plan"
        )
    prompt = served_prompt(store, dataset, record)
    log = NightLog(store, dataset, record.deployment, record.address, prompt, rows)
    tonight = next((night for night in log.records()[0] if night.date == date), None)
    if tonight is None or log.answers(tonight) is None:
        account = await _account_at_current_prices(client, platform, store, dataset, record)
        await _ask_tonight(client, account, record, log, date, max_usd)
    records, notes = log.records()
    kept, missing = list[NightRecord](), list[str]()

    def nights() -> Iterator[Night]:
        for night in records:
            answers = log.answers(night)
            if answers is None:
                missing.append(night.date)
            else:
                kept.append(night)
                yield answers

    checks = check_nights(accepted.columns(*ACCEPTED_COLUMNS), nights())
    if missing:
        notes.append(f"The answers of {', '.join(missing)} are not kept: the sequence goes without.")
    served, since, changes = _served(kept)
    return Regression(
        date=date,
        deployment=record.deployment,
        predictions=log.path(date),
        checks=checks,
        served=served,
        served_since=since,
        served_changes=changes,
        notes=tuple(notes),
    )


async def _ask_tonight(
    client: Fireworks, account: RegressionAccount, record: DeploymentRecord, log: NightLog, date: str, max_usd: float
) -> None:
    slug, dataset, prompt, rows = record.winner.model, log.dataset, log.prompt, log.rows
    number = rows.columns("id").height
    most = account.max_usd(slug)
    if most is None or most > max_usd:
        hour = "" if account.hour_usd is None else f" at ${account.hour_usd:.2f} an hour of the deployment"
        cost = "has no known price" if most is None else f"could cost ${most:.2f}{hour}"
        changes = " ".join(account.price_changes(slug)).rstrip(".")
        since = f" (since plan {account.plan.digest} was approved: {changes})" if changes else ""
        raise PhaseError(
            f"asking {number} rows of {dataset} {cost}{since}; allowed are ${max_usd:.2f}: raise max_usd to allow it"
        )
    probe = request(prompt, next(iter(rows))["messages"][0])
    payment = account.reserve_check(slug, log.deployment, date)
    started = time.monotonic()
    ready = await client.wait_deployment_ready(log.deployment.rsplit("/", 1)[-1], record.model, probe=probe)
    what, options = f"{slug} regression {date}", stored_options(log.store, dataset, prompt)
    answers = await ask(client, log.address, prompt, rows, log.cache(date), what=what, options=options)
    window = DeploymentSpec(base_model=record.model).scale_to_zero_window
    payment.settle(
        {
            "tuned-inference-input": answers.usage.prompt_tokens,
            "tuned-inference-output": answers.usage.completion_tokens,
            "deployment-hour": payment.hours(time.monotonic() - started, window),
        },
        "tokens and hours",
    )
    if failed := sum(int((part["outcome"] == "failed").sum()) for part in answers.prediction_batches()):
        raise Unanswered(record.model, failed)
    night = NightRecord(
        date=date, acceptance=log.acceptance, deployment=log.deployment, rows=number, served=_served_model(ready)
    )
    log.add(night, answers.prediction_batches())


def _served_model(ready: ReadyDeployment) -> ServedModel:
    deployment, answer = ready.deployment, ready.completion
    return ServedModel(
        model=answer.model,
        fingerprint=answer.fingerprint,
        base_model=deployment.base_model,
        shape=deployment.deployment_shape,
    )


def _served(nights: Sequence[NightRecord]) -> tuple[ServedModel | None, str | None, tuple[str, ...]]:
    """What is served on the last night, the first night that names what is served, and what differs between them."""
    named = [night for night in nights if night.served is not None]
    if not named or named[0].served is None or named[-1].served is None:
        return None, None, ()
    return named[-1].served, named[0].date, named[-1].served.changes(named[0].served)


async def _account_at_current_prices(
    client: Fireworks, platform: Platform, store: Workspace, dataset: str, record: DeploymentRecord
) -> RegressionAccount:
    """The account at the prices of the day, and of the accelerators that the deployment runs on."""
    deployment = await require_deployment(client, store, dataset, record)
    slug, kind = record.serves
    account, listed = regression_account(store, dataset), await read_priced_catalogue(client)
    priced = await with_quotes(client, listed, account.plan.session)
    return replace(
        account,
        current=estimate_now(store, platform, account.plan, account.mitigation, priced),
        hour_usd=hour_usd(listed.prices, deployment, account.plan.model(slug), tuned=kind == "tuned"),
    )

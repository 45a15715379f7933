"""Regression check of a deployment: its test rows asked again, and compared with the answers it was accepted with."""

from __future__ import annotations

import time
from dataclasses import replace

from fw_assets.classification.labels.label_set import LabelSet
from fw_assets.classification.prompting.prompt import Prompt, request
from fw_assets.classification.selection.comparison import compare
from fw_assets.fireworks import DeploymentSpec, Fireworks
from fw_assets.pipeline.approvals import regression_account
from fw_assets.pipeline.budget.regression_account import RegressionAccount
from fw_assets.pipeline.errors import PhaseError, Unanswered
from fw_assets.pipeline.evaluation.online import ask
from fw_assets.pipeline.evaluation.removed_deployment import require_deployment
from fw_assets.pipeline.evaluation.response_cache import ResponseCache
from fw_assets.pipeline.planning.draft import estimate_now
from fw_assets.pipeline.platform.catalogue import read_priced_catalogue
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.values.delivery import DeploymentRecord, Regression
from fw_assets.workspace.dataset_rows import part_batches
from fw_assets.workspace.predictions import prediction_batches
from fw_assets.workspace.workspace import Workspace


async def reevaluate(
    client: Fireworks, platform: Platform, store: Workspace, dataset: str, date: str, max_usd: float
) -> Regression:
    """Ask the deployment for its test rows again and compare with the answers that it was accepted with.

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
    slug = record.winner.model
    accepted = prediction_batches(store, dataset, slug, "tuned", "test")
    rows = part_batches(store, dataset, "test")
    accepted_ids = accepted.columns("id")["id"].sort()
    if not rows.columns("id")["id"].sort().equals(accepted_ids):
        raise PhaseError(
            f"{dataset} has other test rows than those its deployment was accepted on: finish the new plan"
        )
    account = await _account_at_current_prices(client, platform, store, dataset)
    most = account.max_usd(slug)
    if most is None or most > max_usd:
        cost = "has no known price" if most is None else f"could cost ${most:.2f}"
        changes = " ".join(account.price_changes(slug)).rstrip(".")
        since = f" (since plan {account.plan.digest} was approved: {changes})" if changes else ""
        raise PhaseError(
            f"asking {accepted_ids.len()} rows of {dataset} {cost}{since}; allowed are ${max_usd:.2f}: raise max_usd "
            "to allow it"
        )
    prompt = store.require("prompt", dataset, Prompt)
    labels = store.require("label_set", dataset, LabelSet)
    probe = request(prompt, next(iter(rows))["messages"][0])
    await require_deployment(client, dataset, record)
    payment = account.reserve_check(slug, record.deployment, date)
    started = time.monotonic()
    await client.wait_deployment_ready(record.deployment.rsplit("/", 1)[-1], record.model, probe=probe)
    cache = ResponseCache(store, dataset, record.address, [prompt.digest, "regression", date])
    answers = await ask(client, record.address, prompt, rows, cache, what=f"{slug} regression {date}")
    window = DeploymentSpec(base_model=record.model).scale_to_zero_window
    payment.settle(
        {
            "tuned-inference-input": answers.usage.prompt_tokens,
            "tuned-inference-output": answers.usage.completion_tokens,
            "deployment-hour": payment.hours(time.monotonic() - started, window),
        },
        "tokens and hours",
    )
    comparison = compare(accepted, answers.prediction_batches(), labels=labels.labels, resamples=0)
    if not comparison.complete:
        raise Unanswered(record.model, accepted_ids.len() - comparison.rows)
    return Regression(date=date, deployment=record.deployment, comparison=comparison)


async def _account_at_current_prices(
    client: Fireworks, platform: Platform, store: Workspace, dataset: str
) -> RegressionAccount:
    account = regression_account(store, dataset)
    priced = await read_priced_catalogue(client)
    return replace(account, current=estimate_now(store, platform, account.plan, account.mitigation, priced))

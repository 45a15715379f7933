"""Proof that a deployment serves the model that was evaluated: it is asked again for rows of the evaluation."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import polars as pl

from fw_assets.classification.cost.deployment_lines import REPLAYED_ROWS
from fw_assets.classification.cost.ledger import CeilingReached
from fw_assets.classification.cost.prices import PriceBook
from fw_assets.classification.prompting.prompt import Prompt, request
from fw_assets.classification.selection.paired_counts import paired
from fw_assets.classification.selection.selection import ModelKind
from fw_assets.fireworks import Accelerators, Fireworks
from fw_assets.pipeline.budget.account import PlanAccount
from fw_assets.pipeline.budget.attempts import Attempts
from fw_assets.pipeline.budget.payment import Payment, open_payment
from fw_assets.pipeline.budget.quote_checks import check_hour
from fw_assets.pipeline.errors.answers import NotServable, NotWhatWasEvaluated
from fw_assets.pipeline.errors.attempts import AttemptFailed
from fw_assets.pipeline.errors.budget import DeploymentAboveCeiling, DeploymentAboveHeld, RedeliveryAboveCeiling
from fw_assets.pipeline.evaluation.endpoint import IDLE_SECONDS, current_deployment, ensure_endpoint, live_deployment
from fw_assets.pipeline.evaluation.online import InferenceResult, ask
from fw_assets.pipeline.evaluation.response_cache import ResponseCache
from fw_assets.pipeline.evaluation.thinking import ask_as_accepted
from fw_assets.pipeline.planning.shortlists import stored_options
from fw_assets.pipeline.platform.deployment_quotes import hour_usd
from fw_assets.pipeline.values.delivery import ServingProof
from fw_assets.pipeline.values.serving_path import ServingPath
from fw_assets.pipeline.workflow.next_step import to_deploy
from fw_assets.workspace.batches import Batches
from fw_assets.workspace.dataset_rows import split_rows
from fw_assets.workspace.predictions import prediction_batches

FIRST_HOUR = "deployment/first-hour"
PROOF = "deployment/proof"
MIN_AGREEMENT = 0.9
"""Share of the rows asked again that the deployment has to answer as it was evaluated."""


@dataclass(frozen=True)
class EvaluatedWinner:
    """The winner as it was evaluated: a fine-tuned model, or an adapter that existed before.

    Attributes:
        slug, kind: of its predictions.
        model: its full name.
        address, deployment, path: where it answered, and how; the deployment is empty where that was in batch jobs.
        against: slug and kind of the predictions that the replayed rows differ from.
        usd_per_hour: of the deployment that was proven, as quoted; None before, and where the plan's price holds.
    """

    slug: str
    kind: ModelKind
    model: str
    address: str
    deployment: str | None
    path: ServingPath | None
    against: tuple[str, ModelKind]
    usd_per_hour: float | None = None


async def prove_serving(
    client: Fireworks, account: PlanAccount, prices: PriceBook, winner: EvaluatedWinner
) -> tuple[EvaluatedWinner, ServingProof]:
    """Ask the deployment again for rows on which the winner and the untuned model differ, then for others.

    A model that was evaluated in batch has no deployment yet and gets one; one whose deployment is gone since gets
    another. The winner's first hour of serving is held from here on: it is promised, and nobody knows yet who will ask.

    Raises:
        CeilingReached: it could cost more than was approved.
        RedeliveryAboveCeiling: so could bringing back one that was removed; nothing was created.
        AttemptFailed: its deployment failed.
        NotWhatWasEvaluated: too few answers are those of the evaluation.
    """
    store, dataset, plan = account.store, account.dataset, account.plan
    attempts = Attempts.of(account)
    slug, base, tuned = winner.slug, plan.model(winner.slug), winner.kind == "tuned"
    serving = await live_deployment(client, winner.deployment) if winner.deployment else None
    new, again = serving is None, serving is None and winner.deployment is not None
    current = None if serving else await current_deployment(client, winner.model, attempts)
    id = serving.name if serving else current.id if current else ""
    for held in account.ledger().reservations:
        if held.key == FIRST_HOUR and held.id != f"serving-{id}":
            account.release(held.id)  # promised of a deployment that is gone
    first_hour, payment = _open_payments(account, id, again=again)
    started = time.monotonic()
    compared = (winner.against, (slug, winner.kind))
    evaluated = rows_to_replay(*(prediction_batches(store, dataset, *model, "test") for model in compared))
    rows = Batches(split_rows(store, dataset)).rows_with_ids(evaluated["id"])

    def afford(deployment: str, quote: Accelerators) -> None:
        usd = hour_usd(prices, quote, base, tuned=tuned)
        for held in (first_hour, payment):
            check_hour(held, usd, deployment, quote.accelerators, base.asked_name, tuned=tuned, extends=again)

    async def replay(prompt: Prompt) -> tuple[EvaluatedWinner, InferenceResult]:
        served = winner
        accelerators: Accelerators | None = serving
        if new:
            endpoint = await ensure_endpoint(
                client,
                winner.model,
                base=base.base_model or base.asked_name,
                adopt=base.deployment if winner.kind == "base" else "",
                serverless=False,
                probe=request(prompt, rows["messages"][0]),
                attempts=attempts,
                afford=afford,
                current=current,
            )
            accelerators = endpoint.accelerators
            served = replace(winner, deployment=endpoint.deployment, address=endpoint.address, path=endpoint.path)
        # What a removed deployment answered proves nothing of the one in its place.
        content = [prompt.digest, "proof", plan.digest, *([id] if again else [])]
        cache = ResponseCache(store, dataset, served.address, content)
        options = stored_options(store, dataset, prompt)
        asked = await ask(client, served.address, prompt, rows, cache, what=f"{slug} proof", options=options)
        return replace(served, usd_per_hour=hour_usd(prices, accelerators, base, tuned=tuned)), asked

    try:
        served, asked = await ask_as_accepted(store, dataset, slug, winner.kind, replay)
    except (AttemptFailed, DeploymentAboveCeiling, DeploymentAboveHeld, NotServable) as failure:
        payment.give_back(failure, IDLE_SECONDS)
        if not isinstance(failure, AttemptFailed):
            account.release(first_hour.id)
        raise
    payment = payment.at_hour(served.usd_per_hour)
    payment.settle_at(
        payment.key if new and not again else f"{winner.kind}-evaluation/{slug}",
        {
            "tuned-inference-input": asked.usage.prompt_tokens,
            "tuned-inference-output": asked.usage.completion_tokens,
            "deployment-hour": payment.hours(time.monotonic() - started, IDLE_SECONDS),
        },
        "tokens and hours",
    )
    answers = asked.predictions.select("id", now="predicted").join(evaluated, on="id")
    agreed = int((answers["now"] == answers["tuned"]).sum())
    if agreed < MIN_AGREEMENT * answers.height:
        raise NotWhatWasEvaluated(
            f"{served.deployment} answers, but gave the evaluated answer on only {agreed} of {answers.height} rows: "
            "it does not serve the model that was evaluated. Nothing is reported as deployed."
        )
    return served, ServingProof(asked=answers.height, agreed=agreed)


def _open_payments(account: PlanAccount, id: str, *, again: bool) -> tuple[Payment, Payment]:
    """What holds the first hour and the proof of a deployment; where there is no room for both, neither stays held.

    Raises:
        CeilingReached: they could cost more than was approved.
        RedeliveryAboveCeiling: the same, of a deployment in the place of one that was removed.
    """
    first_hour: Payment | None = None
    try:
        first_hour = open_payment(account, FIRST_HOUR, f"serving-{id}", ends_run=not again)
        return first_hour, open_payment(account, PROOF, f"proof-{id}", ends_run=not again)
    except CeilingReached as reached:
        if first_hour is not None and first_hour.since is None:
            account.release(first_hour.id)
        if again:
            deploy = to_deploy(account.store, account.dataset)
            raise RedeliveryAboveCeiling(account.dataset, reached, deploy) from reached
        raise


def rows_to_replay(base: Batches, tuned: Batches) -> pl.DataFrame:
    """Rows (`id`, `tuned`: what was predicted), first those to which the two models give other labels, by id."""
    differs = pl.col("predicted") != pl.col("predicted_tuned")
    first = pl.DataFrame()
    for pairs in paired(base, tuned):
        batch = pairs.select("id", tuned="predicted_tuned", differs=differs)
        first = pl.concat([first, batch] if first.height else [batch])
        first = first.sort("differs", "id", descending=[True, False]).head(REPLAYED_ROWS)
    return first

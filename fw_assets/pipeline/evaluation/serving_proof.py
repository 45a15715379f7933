"""Proof that a deployment serves the model that was evaluated: it is asked again for rows of the evaluation."""

from __future__ import annotations

import time

import polars as pl

from fw_assets.classification.cost.estimate import REPLAYED_ROWS
from fw_assets.classification.prompting.prompt import Prompt, request
from fw_assets.classification.selection.paired_counts import paired
from fw_assets.fireworks import Accelerators, DeploymentSpec, Fireworks
from fw_assets.pipeline.budget.account import PlanAccount
from fw_assets.pipeline.budget.attempts import Attempts
from fw_assets.pipeline.budget.payment import open_payment
from fw_assets.pipeline.errors import AttemptFailed, DeploymentAboveHeld, NotServable, NotWhatWasEvaluated
from fw_assets.pipeline.evaluation.endpoint import current_deployment, ensure_endpoint, is_removed
from fw_assets.pipeline.evaluation.online import ask
from fw_assets.pipeline.evaluation.response_cache import ResponseCache
from fw_assets.pipeline.evaluation.thinking import ask_as_accepted
from fw_assets.pipeline.platform.deployment_quotes import hour_usd
from fw_assets.pipeline.values.delivery import ServingProof
from fw_assets.pipeline.values.evaluation import TunedMetrics
from fw_assets.workspace.batches import Batches
from fw_assets.workspace.dataset_rows import split_rows
from fw_assets.workspace.predictions import prediction_batches

FIRST_HOUR = "deployment/first-hour"
MIN_AGREEMENT = 0.9
"""Share of the rows asked again that the deployment has to answer as it was evaluated."""


async def prove_serving(
    client: Fireworks, account: PlanAccount, slug: str, tuned: TunedMetrics
) -> tuple[TunedMetrics, ServingProof]:
    """Ask the deployment again for rows on which the tuned and the base model differ, then for others.

    A model that was evaluated in batch has no deployment yet and gets one; one whose deployment is gone since gets
    another. The winner's first hour of serving is held from here on: it is promised, and nobody knows yet who will ask.

    Raises:
        CeilingReached: it could cost more than was approved.
        AttemptFailed: its deployment failed.
        NotWhatWasEvaluated: too few answers are those of the evaluation.
    """

    async def prove(prompt: Prompt) -> tuple[TunedMetrics, ServingProof]:
        return await _prove(client, account, slug, tuned, prompt)

    return await ask_as_accepted(account.store, account.dataset, slug, "tuned", prove)


async def _prove(
    client: Fireworks, account: PlanAccount, slug: str, tuned: TunedMetrics, prompt: Prompt
) -> tuple[TunedMetrics, ServingProof]:
    store, dataset, plan = account.store, account.dataset, account.plan
    attempts = Attempts.of(account)
    evaluated_on = tuned.deployment
    if evaluated_on and await is_removed(client, evaluated_on):
        tuned = tuned.model_copy(update={"deployment": None})
    new = not tuned.deployment
    again = new and evaluated_on is not None
    serving = tuned.deployment or await current_deployment(client, tuned.tuned_model, attempts)
    for held in account.ledger().reservations:
        if held.key == FIRST_HOUR and held.id != f"serving-{serving}":
            account.release(held.id)  # promised of a deployment that is gone
    first_hour = open_payment(account, FIRST_HOUR, f"serving-{serving}", ends_run=not again)
    payment = open_payment(account, "deployment/proof", f"proof-{serving}", ends_run=not again)
    started = time.monotonic()
    evaluated = _rows_to_replay(*(prediction_batches(store, dataset, slug, kind, "test") for kind in ("base", "tuned")))
    rows = Batches(split_rows(store, dataset)).rows_with_ids(evaluated["id"])
    base = plan.model(slug)
    if new:
        probe = request(prompt, rows["messages"][0])

        def afford(deployment: str, quote: Accelerators) -> None:
            usd = hour_usd(quote, base.name, base.parameter_count)
            for held in (first_hour, payment):
                held.check_hour(usd, deployment, quote.accelerators, base.name)

        try:
            endpoint = await ensure_endpoint(
                client,
                tuned.tuned_model,
                base=base.name,
                serverless=False,
                probe=probe,
                attempts=attempts,
                afford=afford,
            )
        except (DeploymentAboveHeld, NotServable):
            account.release(first_hour.id)
            account.release(payment.id)
            raise
        except AttemptFailed:
            account.release(payment.id)  # nothing was up
            raise
        accelerators = endpoint.accelerators
        tuned = tuned.model_copy(
            update={"deployment": endpoint.deployment, "address": endpoint.address, "path": endpoint.path}
        )
    else:
        accelerators = await client.deployment(serving)
    payment = payment.at_hour(hour_usd(accelerators, base.name, base.parameter_count))
    # What a removed deployment answered proves nothing of the one in its place.
    content = [prompt.digest, "proof", plan.digest, *([serving] if again else [])]
    cache = ResponseCache(store, dataset, tuned.address, content)
    asked = await ask(client, tuned.address, prompt, rows, cache, what=f"{slug} proof")
    window = DeploymentSpec(base_model=tuned.tuned_model).scale_to_zero_window
    payment.settle_at(
        payment.key if new and not again else f"tuned-evaluation/{slug}",
        {
            "tuned-inference-input": asked.usage.prompt_tokens,
            "tuned-inference-output": asked.usage.completion_tokens,
            "deployment-hour": payment.hours(time.monotonic() - started, window),
        },
        "tokens and hours",
    )
    answers = asked.predictions.select("id", now="predicted").join(evaluated, on="id")
    agreed = int((answers["now"] == answers["tuned"]).sum())
    if agreed < MIN_AGREEMENT * answers.height:
        raise NotWhatWasEvaluated(
            f"{tuned.deployment} answers, but gave the evaluated answer on only {agreed} of {answers.height} rows: "
            "it does not serve the model that was evaluated. Nothing is reported as deployed."
        )
    return tuned, ServingProof(asked=answers.height, agreed=agreed)


def _rows_to_replay(base: Batches, tuned: Batches) -> pl.DataFrame:
    """Rows (`id`, `tuned`: what was predicted), first those to which the two models give other labels, by id."""
    differs = pl.col("predicted") != pl.col("predicted_tuned")
    first = pl.DataFrame()
    for pairs in paired(base, tuned):
        batch = pairs.select("id", tuned="predicted_tuned", differs=differs)
        first = pl.concat([first, batch] if first.height else [batch])
        first = first.sort("differs", "id", descending=[True, False]).head(REPLAYED_ROWS)
    return first

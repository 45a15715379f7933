"""Evaluation of one model on the validation and test rows: the same requests for base and fine-tuned models."""

from __future__ import annotations

import time
from collections.abc import Sequence

import polars as pl

from fw_assets.classification.arm import without_arm
from fw_assets.classification.cost.ledger import CeilingReached
from fw_assets.classification.cost.prices import PriceBook
from fw_assets.classification.labels.label_set import LabelSet
from fw_assets.classification.plan.plan import EvaluationPart
from fw_assets.classification.prompting.prompt import Prompt, request
from fw_assets.classification.session import Inference
from fw_assets.classification.values import digest
from fw_assets.fireworks import Accelerators, Choice, Fireworks, FireworksError
from fw_assets.pipeline.budget.account import PlanAccount
from fw_assets.pipeline.budget.attempts import Attempts
from fw_assets.pipeline.budget.payment import open_payment
from fw_assets.pipeline.budget.quote_checks import check_hour
from fw_assets.pipeline.budget.token_meter import TokenMeter
from fw_assets.pipeline.errors.answers import DecisionsRefused, NotServable, ThinksBeforeAnswering, Unanswered
from fw_assets.pipeline.errors.attempts import AttemptFailed
from fw_assets.pipeline.errors.budget import DeploymentAboveCeiling, DeploymentAboveHeld
from fw_assets.pipeline.errors.phase import first_error
from fw_assets.pipeline.evaluation.candidate.evaluation import Evaluation
from fw_assets.pipeline.evaluation.candidate.evaluator import Evaluator
from fw_assets.pipeline.evaluation.endpoint import IDLE_SECONDS, Endpoint, ensure_endpoint
from fw_assets.pipeline.evaluation.strategy import InferenceStrategy
from fw_assets.pipeline.evaluation.thinking import ask_as_accepted
from fw_assets.pipeline.planning.decision_check import probe_question
from fw_assets.pipeline.planning.examples import few_shot_rows
from fw_assets.pipeline.planning.shortlists import stored_options
from fw_assets.pipeline.platform.deployment_quotes import hour_usd
from fw_assets.pipeline.platform.endpoint_chat import route_endpoint
from fw_assets.workspace.batches import Batches
from fw_assets.workspace.dataset_rows import split_rows
from fw_assets.workspace.predictions import PARTS


async def evaluate(
    client: Fireworks,
    account: PlanAccount,
    prices: PriceBook,
    model: str,
    *,
    strategy: Inference,
    slug: str,
    kind: str,
    stage: str,
    poll: float,
    parts: Sequence[EvaluationPart] | None = None,
    extras: bool = True,
    share: float = 1.0,
) -> Evaluation:
    """Ask `model` for the validation and test rows, store its predictions, and score them.

    Rows that belong to no label are asked too, and their predictions kept apart from those that are scored.

    Args:
        model: its full name, that of its row where it is asked under an arm.
        prices: of now, by which the hours of a deployment are paid.
        strategy: serverless, in batch jobs, or on a deployment of its own that scales to zero.
        kind: `base` or `tuned`; with `slug`, the predictions' name.
        stage: the estimate's stage that pays.
        poll: seconds between two looks at a batch job's state.
        extras: also calibrate the confidence, and ask the session's unconstrained rows and null control.
        parts: left out, all of the plan.
        share: of the stage's price that this evaluation may cost.

    Raises:
        Unanswered: requests failed for good.
        AttemptFailed: its deployment or its batch job failed.
        ThinksBeforeAnswering: it answers with its reasoning and no label.
        CeilingReached: it could cost more than was approved.
        DecisionsRefused: it answers none, of which nobody knew when the plan was made.
        DeploymentAboveHeld, DeploymentAboveCeiling: so would its deployment, by the platform's quote; nothing was
            deployed.
    """
    store, dataset = account.store, account.dataset
    planned = store.require("prompt", dataset, Prompt)
    payment = open_payment(account, f"{stage}/{slug}", f"{kind}-{digest([model, planned.digest])}", share)
    first_batch = next(iter(Batches(split_rows(store, dataset), pl.col("split").is_in(PARTS))))
    attempts = Attempts.of(account)
    base = account.plan.model(slug)
    examples = account.plan.examples if base.arm and base.arm.kind == "knn" else None
    few_shot = few_shot_rows(store, dataset, examples) if examples else None
    route = route_endpoint(client, slug, base.endpoint) if base.endpoint else None

    def afford(deployment: str, quote: Accelerators) -> None:
        usd = hour_usd(prices, quote, base, tuned=kind == "tuned")
        check_hour(payment, usd, deployment, quote.accelerators, base.asked_name, tuned=kind == "tuned")

    prefix = "inference" if kind == "base" or strategy == "batch" else "tuned-inference"
    items = (f"{prefix}-input", f"{prefix}-output")
    # One for all requests, however often the model is asked in another way.
    meter = TokenMeter(payment, items)

    async def ask(prompt: Prompt) -> Evaluation:
        probe = request(prompt, first_batch["messages"][0])
        serverless = strategy != "deployment"
        try:
            endpoint = base.endpoint and Endpoint(base.endpoint.address)
            endpoint = endpoint or await ensure_endpoint(
                client,
                without_arm(model),
                base=base.origin or base.asked_name,
                adopt=base.deployment if kind == "base" else "",
                serverless=serverless,
                probe=probe,
                attempts=attempts,
                afford=afford,
            )
        except (AttemptFailed, DeploymentAboveCeiling, DeploymentAboveHeld, NotServable) as failure:
            payment.give_back(failure, IDLE_SECONDS)
            raise
        paid = payment.at_hour(hour_usd(prices, endpoint.accelerators, base, tuned=kind == "tuned"))
        # The wait until a deployment is up is not charged for.
        started = time.monotonic()
        evaluator = Evaluator(
            InferenceStrategy(
                client,
                account.plan,
                model,
                endpoint.address,
                strategy,
                poll,
                attempts,
                meter,
                stored_options(store, dataset, prompt),
            ),
            account,
            prompt.with_thresholds(None),
            store.require("label_set", dataset, LabelSet),
            slug,
            kind,
            few_shot=few_shot,
        ).asked_both_ways()
        unconstrained, null_control, order = None, None, None

        def hours() -> float:
            if endpoint.deployment is None:
                return 0.0
            return paid.hours(time.monotonic() - started, endpoint.idle_seconds)

        try:
            if prompt.mode == "decision" and endpoint.deployment:
                await _require_decisions(client, model, endpoint.address, prompt)
            async with paid.limit_hours(endpoint.idle_seconds if endpoint.deployment else None):
                number, tried = await evaluator.best_number()
                evaluator = evaluator.with_examples(number)
                found = await evaluator.score_parts(parts or account.plan.scored_parts)
                evaluator = evaluator.with_calibration(found.calibration).with_thresholds(found.thresholds)
                usage = found.usage + tried
                if extras:
                    unconstrained, null_control, order, extra_usage = await evaluator.robustness()
                    usage += extra_usage
        except Exception as failure:
            cause = first_error(failure)
            refusal: DecisionsRefused | None = None
            if prompt.mode == "decision" and isinstance(cause, FireworksError | Unanswered):
                refusal = await _refusal_since(client, model, endpoint, prompt)
                cause = refusal or cause
            if isinstance(cause, CeilingReached | ThinksBeforeAnswering | DecisionsRefused):
                used = dict(zip(items, map(float, evaluator.cache().tokens()), strict=True))
                if isinstance(cause, CeilingReached):
                    paid.settle_at_ceiling(sum(used.values()), meter.usd, hours())
                else:
                    paid.settle_stopped(used, hours())
            if refusal is not None:
                raise refusal from failure
            raise
        tokens = zip(items, (usage.prompt_tokens, usage.completion_tokens), strict=True)
        paid.settle({**dict(tokens), "deployment-hour": hours()}, "tokens and hours")
        confidence = evaluator.confidence() if extras else None
        return Evaluation(
            endpoint,
            found.scores,
            usage,
            confidence,
            unconstrained,
            null_control,
            order,
            route.form if route else None,
            found.pace,
            evaluator.examples,
            tried,
            found.latency,
            found.calibration,
            found.thresholds,
        )

    return await ask_as_accepted(store, dataset, slug, kind, ask)


def _probe(prompt: Prompt) -> Choice | None:
    return probe_question(prompt, prompt.shortlist.options) if prompt.shortlist else probe_question(prompt)


async def _require_decisions(client: Fireworks, model: str, address: str, prompt: Prompt) -> None:
    """Ask what no plan could, since the deployment was not up: one small request that is counted nowhere."""
    refusal = await client.decision_refusal(address, _probe(prompt))
    if refusal is not None:
        raise DecisionsRefused(without_arm(model), refusal, deployed=True)


async def _refusal_since(client: Fireworks, model: str, endpoint: Endpoint, prompt: Prompt) -> DecisionsRefused | None:
    """Whether what failed is that decisions are refused by now: asked once more, since a row may have its own fault."""
    try:
        refusal = await client.decision_refusal(endpoint.address, _probe(prompt))
    except FireworksError:
        return None  # the failure itself says more
    if refusal is None:
        return None
    return DecisionsRefused(without_arm(model), refusal, deployed=endpoint.deployment is not None)

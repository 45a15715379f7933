"""Phase 6: the winner, the gate, and proof that what was deployed is what was evaluated."""

# No `from __future__ import annotations` here: Dagster reads an asset's annotations as they are written.

import time

import dagster as dg
import polars as pl

from fw_assets.classification.catalogue.resource_ids import deployment_id
from fw_assets.classification.cost.estimate import REPLAYED_ROWS
from fw_assets.classification.metrics.scores import Scores
from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.prompting.prompt import Prompt, request
from fw_assets.classification.selection.comparison import compare_all
from fw_assets.classification.selection.deploy_gate import GateDecision, gate
from fw_assets.classification.selection.paired_counts import paired
from fw_assets.classification.selection.selection import Candidate, ModelKind, Winner, choose_winner
from fw_assets.fireworks import DeploymentSpec, Fireworks
from fw_assets.pipeline.approvals import approved_account
from fw_assets.pipeline.budget.account import Account
from fw_assets.pipeline.budget.payment import open_payment
from fw_assets.pipeline.errors import NotWhatWasEvaluated
from fw_assets.pipeline.evaluation.endpoint import ensure_endpoint, serverless_address
from fw_assets.pipeline.evaluation.online import ask
from fw_assets.pipeline.evaluation.response_cache import ResponseCache
from fw_assets.pipeline.phases import delivery_inputs
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.resources import PlatformResource, WorkspaceResource
from fw_assets.pipeline.run_tags import tag_cost
from fw_assets.pipeline.steps.asset_definition import pipeline_asset
from fw_assets.pipeline.steps.retries import retry_transient
from fw_assets.pipeline.ui.delivery_checks import deployment_checks
from fw_assets.pipeline.ui.metadata import Row, summary, table
from fw_assets.pipeline.values.delivery import DeploymentRecord, FinalistsRecord, ServingProof
from fw_assets.pipeline.values.evaluation import BaseMetrics, TunedMetrics
from fw_assets.report.escape import code, prose
from fw_assets.report.formatting import percent, percent_range, typeset
from fw_assets.workspace.batches import Batches
from fw_assets.workspace.dataset_rows import split_rows
from fw_assets.workspace.predictions import prediction_batches
from fw_assets.workspace.workspace import Workspace

MIN_AGREEMENT = 0.9
"""Share of the rows asked again that the deployment has to answer as it was evaluated."""


@pipeline_asset(
    kinds={"fireworks"},
    description=(
        "**Phase 6.** The winner, chosen on the validation rows; the gate's word on it, from the test rows; and what "
        "is deployed, if it earned it, proven by asking it again. It scales to zero when idle."
    ),
)
def deployment(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource, platform: PlatformResource
) -> dg.MaterializeResult:
    """Deploys the winner if it earned it, and asks it again for rows it was evaluated on."""
    store, host, dataset = workspace.open(), platform.open(), context.partition_key
    with retry_transient(context):
        account = approved_account(store, dataset)
        winner, decision = decide(store, dataset, account.plan)
        record = _deploy(host, account, winner, decision)
    slugs = store.require("finalists", dataset, FinalistsRecord).slugs
    inputs = delivery_inputs(store, dataset, account.plan.digest, slugs)
    version = store.write("deployment", dataset, record, inputs=inputs)
    why = typeset(decision.why)
    address = f"It answers at {code(record.endpoint or '')} as {code(record.address or '')}." if record.deployed else ""
    return dg.MaterializeResult(
        data_version=dg.DataVersion(version),
        check_results=deployment_checks(dataset, record),
        metadata={
            "summary": summary(
                dataset, f"the winner is **{winner.model} ({winner.kind})**; {decision.decision}: {prose(why)}", address
            ),
            "winner_validation_accuracy": winner.ranked[0].validation.value,
            "rows_asked_again": record.proof.asked if record.proof else 0,
            "rows_answered_as_evaluated": record.proof.agreed if record.proof else 0,
            "cost_usd": tag_cost(context, account.paid_usd("deployment/proof", "deployment/first-hour")),
            "winner": f"{winner.model} ({winner.kind})",
            "decision": decision.decision,
            "why": why,
            "deployed": record.deployed,
            "model": record.model,
            "deployment": record.deployment or "none of its own",
            "ranking_on_validation": table(_ranking_rows(winner)),
        },
    )


def _deploy(host: Platform, account: Account, winner: Winner, decision: GateDecision) -> DeploymentRecord:
    """Deploy and prove a fine-tuned winner that passed the gate; anything else is recorded as it is served already."""
    store, dataset = account.store, account.dataset
    base = store.require("base_metrics", dataset, BaseMetrics, winner.model)
    address: str | None = base.address
    if account.plan.model(winner.model).strategy == "batch":
        # Batch jobs answered for it, which proves no address.
        address = host.call(lambda client: serverless_address(client, base.model))
    record = DeploymentRecord(
        winner=winner,
        gate=decision,
        deployed=False,
        model=base.model,
        address=address,
        deployment=base.deployment,
        endpoint=f"{host.public_url}/inference/v1/chat/completions",
        proof=None,
    )
    if winner.kind == "base":
        return record
    evaluated = store.require("metrics", dataset, TunedMetrics, winner.model)
    if not decision.deploys:
        return record
    tuned, proof = host.call(lambda client: _prove(client, account, winner.model, evaluated))
    return record.model_copy(
        update={
            "deployed": True,
            "model": tuned.tuned_model,
            "address": tuned.address,
            "deployment": tuned.deployment,
            "proof": proof,
        }
    )


def _ranking_rows(winner: Winner) -> list[Row]:
    return [
        {
            "model": entry.model,
            "kind": entry.kind,
            "right": percent(entry.validation.value),
            "95% interval": percent_range((entry.validation.low, entry.validation.high)),
        }
        for entry in winner.ranked
    ]


def decide(store: Workspace, dataset: str, plan: Plan) -> tuple[Winner, GateDecision]:
    """The winner by the validation rows of all models, and the gate's decision on it by the test rows."""
    slugs = store.require("finalists", dataset, FinalistsRecord).slugs
    base = {m.slug: store.require("base_metrics", dataset, BaseMetrics, m.slug) for m in plan.models}
    tuned = {slug: store.require("metrics", dataset, TunedMetrics, slug) for slug in slugs}
    scores: list[tuple[ModelKind, str, Scores]] = [("base", slug, item.validation) for slug, item in base.items()]
    scores += [("tuned", slug, item.validation) for slug, item in tuned.items()]
    candidates = [
        Candidate(
            model=slug,
            kind=kind,
            validation=validation.headline,
            price=plan.expected_usd(slug),
            complete=validation.complete,
        )
        for kind, slug, validation in scores
    ]
    winner = choose_winner(candidates)
    comparisons = compare_all({slug: item.comparison for slug, item in tuned.items()})
    comparison = comparisons[winner.model] if winner.kind == "tuned" else None
    return winner, gate(winner, comparison, plan.session.deploy)


async def _prove(
    client: Fireworks, account: Account, slug: str, tuned: TunedMetrics
) -> tuple[TunedMetrics, ServingProof]:
    """Ask the deployment again for rows on which the tuned and the base model differ, then for others.

    A model that was evaluated in batch has no deployment yet and gets one. The winner's first hour of serving is
    held from here on: it is promised, and nobody knows yet who will ask.

    Raises:
        CeilingReached: it could cost more than was approved.
        NotWhatWasEvaluated: too few answers are those of the evaluation.
    """
    store, dataset, plan = account.store, account.dataset, account.plan
    prompt = store.require("prompt", dataset, Prompt)
    serving = tuned.deployment or deployment_id(tuned.tuned_model)
    open_payment(account, "deployment/first-hour", f"serving-{serving}")
    payment = open_payment(account, "deployment/proof", f"proof-{serving}")
    in_batch = not tuned.deployment
    started = time.monotonic()
    evaluated = _rows_to_replay(*(prediction_batches(store, dataset, slug, kind, "test") for kind in ("base", "tuned")))
    rows = Batches(split_rows(store, dataset)).rows_with_ids(evaluated["id"])
    if in_batch:
        probe = request(prompt, rows["messages"][0])
        endpoint = await ensure_endpoint(client, tuned.tuned_model, serverless=False, probe=probe)
        tuned = tuned.model_copy(update={"deployment": endpoint.deployment, "address": endpoint.address})
    cache = ResponseCache(store, dataset, tuned.address, [prompt.digest, "proof", plan.digest])
    asked = await ask(client, tuned.address, prompt, rows, cache, what=f"{slug} proof")
    window = DeploymentSpec(base_model=tuned.tuned_model).scale_to_zero_window
    payment.settle_at(
        payment.key if in_batch else f"tuned-evaluation/{slug}",
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

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
from fw_assets.pipeline.assets.base_metrics import finalists
from fw_assets.pipeline.assets.metrics import metrics
from fw_assets.pipeline.assets.plan import account_of, approved_plan
from fw_assets.pipeline.budget.account import Account, reserved
from fw_assets.pipeline.errors import NotWhatWasEvaluated
from fw_assets.pipeline.evaluation.endpoint import serve, shared_address
from fw_assets.pipeline.evaluation.online import ask
from fw_assets.pipeline.evaluation.response_cache import ResponseCache
from fw_assets.pipeline.partitions import datasets
from fw_assets.pipeline.phases import delivery_inputs
from fw_assets.pipeline.resources import PlatformResource, WorkspaceResource
from fw_assets.pipeline.retries import retry_transient
from fw_assets.pipeline.run_tags import tag_cost
from fw_assets.pipeline.ui.data_checks import deployment_checks, gate_spec, serving_spec
from fw_assets.pipeline.ui.metadata import summary, table
from fw_assets.pipeline.values import (
    BaseMetrics,
    DeploymentRecord,
    FinalistsRecord,
    ServingProof,
    TunedMetrics,
)
from fw_assets.report.escape import code, prose
from fw_assets.report.formatting import percent, percent_range, typeset
from fw_assets.workspace.batches import Batches
from fw_assets.workspace.predictions import prediction_batches
from fw_assets.workspace.workspace import Workspace


@dg.asset(
    partitions_def=datasets,
    deps=[finalists, metrics],
    group_name="4_delivery",
    kinds={"fireworks"},
    check_specs=[gate_spec("deployment"), serving_spec("deployment")],
    code_version="1",
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
        current = approved_plan(store, dataset)
        account = account_of(store, dataset, current)
        slugs = store.require("finalists", dataset, FinalistsRecord).slugs
        winner, decision = decide(store, dataset, current)
        base = store.require("base_metrics", dataset, BaseMetrics, winner.model)
        address: str | None = base.address
        if current.model(winner.model).strategy == "batch":
            # Batch jobs answered for it, which proves no address.
            address = host.call(lambda client: shared_address(client, base.model))
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
        if winner.kind == "tuned":
            tuned = store.require("metrics", dataset, TunedMetrics, winner.model)
            if decision.deploys:
                tuned, proof = host.call(lambda client: prove(client, account, winner.model, tuned))
                changes = {
                    "deployed": True,
                    "model": tuned.tuned_model,
                    "address": tuned.address,
                    "deployment": tuned.deployment,
                    "proof": proof,
                }
                record = record.model_copy(update=changes)
    made = store.write(
        "deployment", dataset, record, inputs=delivery_inputs(store, dataset, current.digest, list(slugs))
    )
    why = typeset(decision.why)
    return dg.MaterializeResult(
        data_version=dg.DataVersion(made),
        check_results=deployment_checks("deployment", dataset, record),
        metadata={
            "summary": summary(
                dataset,
                f"the winner is **{winner.model} ({winner.kind})**; {decision.decision}: {prose(why)}",
                f"It answers at {code(record.endpoint or '')} as {code(record.address or '')}."
                if record.deployed
                else "",
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
            "ranking_on_validation": table(
                [
                    {
                        "model": r.model,
                        "kind": r.kind,
                        "right": percent(r.validation.value),
                        "95% interval": percent_range((r.validation.low, r.validation.high)),
                    }
                    for r in winner.ranked
                ]
            ),
        },
    )


def decide(store: Workspace, dataset: str, current: Plan) -> tuple[Winner, GateDecision]:
    """The winner from the validation figures of all models, and the gate's word on it from the test rows."""
    slugs = store.require("finalists", dataset, FinalistsRecord).slugs
    base = {m.slug: store.require("base_metrics", dataset, BaseMetrics, m.slug) for m in current.models}
    tuned = {slug: store.require("metrics", dataset, TunedMetrics, slug) for slug in slugs}
    measured: list[tuple[ModelKind, str, Scores]] = [("base", slug, found.validation) for slug, found in base.items()]
    measured += [("tuned", slug, result.validation) for slug, result in tuned.items()]
    standings = [
        Candidate(
            model=slug,
            kind=kind,
            validation=scores.headline,
            price=current.expected_usd(slug),
            complete=scores.complete,
        )
        for kind, slug, scores in measured
    ]
    winner = choose_winner(standings)
    compared = compare_all({slug: result.comparison for slug, result in tuned.items()})
    comparison = compared[winner.model] if winner.kind == "tuned" else None
    return winner, gate(winner, comparison, current.session.deploy)


async def prove(
    client: Fireworks, account: Account, slug: str, tuned: TunedMetrics
) -> tuple[TunedMetrics, ServingProof]:
    """Ask the deployment again for rows on which the tuned and the base model were seen to differ, then others.

    A model that was evaluated in batch has no deployment yet and gets one. The winner's first hour of serving is
    held from here on: it is promised, and nobody knows yet who will ask.

    Raises:
        CeilingReached: it could cost more than was approved.
        NotWhatWasEvaluated: fewer than nine in ten answers are those of the evaluation.
    """
    store, dataset, current = account.store, account.dataset, account.plan
    prompt = store.require("prompt", dataset, Prompt)
    own = tuned.deployment or deployment_id(tuned.tuned_model)
    reserved(account, "deployment/first-hour", f"serving-{own}")
    payment = reserved(account, "deployment/proof", f"proof-{own}")
    in_batch = not tuned.deployment
    started = time.monotonic()
    chosen = _to_replay(*(prediction_batches(store, dataset, slug, kind, "test") for kind in ("base", "tuned")))
    rows = Batches(store.scan_frame(dataset, "assets", "label_set.parquet")).rows_with_ids(chosen["id"])
    if in_batch:
        served = await serve(client, tuned.tuned_model, shared=False, probe=request(prompt, rows["messages"][0]))
        tuned = tuned.model_copy(update={"deployment": served.deployment, "address": served.address})
    fresh = ResponseCache(store, dataset, tuned.address, [prompt.digest, "proof", current.digest])
    asked = await ask(client, tuned.address, prompt, rows, fresh, what=f"{slug} proof")
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
    again = asked.predictions.select("id", now="predicted").join(chosen, on="id")
    agreed = int((again["now"] == again["tuned"]).sum())
    if agreed < 0.9 * again.height:
        raise NotWhatWasEvaluated(
            f"{tuned.deployment} answers, but gave the evaluated answer on only {agreed} of {again.height} rows: "
            "it does not serve the model that was evaluated. Nothing is reported as deployed."
        )
    return tuned, ServingProof(asked=again.height, agreed=agreed)


def _to_replay(before: Batches, after: Batches) -> pl.DataFrame:
    """Rows (`id`, `tuned`: what was predicted), first those to which the two models give other labels, by id."""
    differs = pl.col("predicted") != pl.col("predicted_tuned")
    found = pl.DataFrame()
    for pairs in paired(before, after):
        part = pairs.select("id", tuned="predicted_tuned", differs=differs)
        found = pl.concat([found, part] if found.height else [part])
        found = found.sort("differs", "id", descending=[True, False]).head(REPLAYED_ROWS)
    return found

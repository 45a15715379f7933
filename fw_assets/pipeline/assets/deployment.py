"""Phase 6: the winner, the gate, and proof that what was deployed is what was evaluated."""

# No `from __future__ import annotations` here: Dagster reads an asset's annotations as they are written.

import dagster as dg

from fw_assets.classification.arm import without_arm
from fw_assets.classification.arms.example_source import ServedExamples
from fw_assets.classification.arms.few_shot import example_room
from fw_assets.classification.gate.deploy_gate import GateDecision, gate
from fw_assets.classification.gate.gate_costs import GateCosts
from fw_assets.classification.gate.majority_line import MajorityLine, majority_line
from fw_assets.classification.metrics.confidence import validation_loss
from fw_assets.classification.metrics.expected_cost import best_constant, expected_cost
from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.selection.comparison import compare
from fw_assets.classification.selection.selection import Candidate, Winner, choose_winner
from fw_assets.fireworks import Fireworks
from fw_assets.pipeline.approvals import approved_account
from fw_assets.pipeline.budget.account import PlanAccount
from fw_assets.pipeline.evaluation.endpoint import serverless_address
from fw_assets.pipeline.evaluation.serving_proof import EvaluatedWinner, prove_serving
from fw_assets.pipeline.input_digests import delivery_inputs
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.reporting.mistakes import choice_costs, cost_column, model_cost, model_costs
from fw_assets.pipeline.reporting.records import record_comparison, validation_accuracy
from fw_assets.pipeline.resources import PlatformResource, WorkspaceResource
from fw_assets.pipeline.run_tags import tag_cost
from fw_assets.pipeline.steps.asset_definition import pipeline_asset
from fw_assets.pipeline.steps.renewed_plan import PlanPage, require_offer
from fw_assets.pipeline.steps.retries import retry_transient
from fw_assets.pipeline.steps.step_lock import made_meanwhile
from fw_assets.pipeline.ui.delivery_checks import deployment_checks
from fw_assets.pipeline.ui.metadata import Row, figure, resource_id, summary, table
from fw_assets.pipeline.values.asked_prompt import asked_prompt
from fw_assets.pipeline.values.base_results import base_results
from fw_assets.pipeline.values.delivery import DeploymentRecord, FinalistsRecord, ServingProof
from fw_assets.pipeline.values.evaluation import BaseMetrics, TunedMetrics
from fw_assets.pipeline.values.served_prompt import request_url, tested_opening
from fw_assets.pipeline.values.tuned_decisions import tuned_metrics
from fw_assets.pipeline.workflow.instance import WorkflowInstance
from fw_assets.report.assembly.pairs import Model
from fw_assets.report.escape import prose
from fw_assets.report.formatting import interval_text, typeset
from fw_assets.workspace.predictions import prediction_batches
from fw_assets.workspace.workspace import Workspace


@pipeline_asset(
    kinds={"fireworks"},
    description=(
        "Phase 6: The winner, chosen on the validation rows; the gate's word on it, from the test rows; and what "
        "is deployed, if it earned it, proven by asking it again. It scales to zero when idle."
    ),
)
def deployment(
    context: dg.AssetExecutionContext,
    workflow: WorkflowInstance,
    workspace: WorkspaceResource,
    platform: PlatformResource,
) -> dg.MaterializeResult:
    """Deploys the winner if it earned it, and asks it again for rows it was evaluated on."""
    store, host, dataset = workspace.open(), platform.open(), context.partition_key
    with retry_transient(context):
        account = approved_account(store, dataset)
        slugs = store.require("finalists", dataset, FinalistsRecord).slugs
        inputs = delivery_inputs(store, dataset, account.plan.digest, slugs)
        winner, decision = decide(store, dataset, account.plan)
        record = made_meanwhile(DeploymentRecord, inputs) or _deploy(
            PlanPage(context.instance, workflow), host, account, winner, decision
        )
    version = store.write("deployment", dataset, record, inputs=inputs)
    why = typeset(decision.why)
    address = "It is deployed; the report has its address, and code that asks it." if record.deployed else ""
    return dg.MaterializeResult(
        data_version=dg.DataVersion(version),
        check_results=deployment_checks(dataset, record),
        metadata={
            "summary": summary(dataset, f"the winner is **{winner.model} ({winner.kind})**. {prose(why)}", address),
            "winner_validation": figure(winner.ranked[0].validation.value),
            "asked_again": record.proof.asked if record.proof else 0,
            "answered_alike": record.proof.agreed if record.proof else 0,
            "cost_usd": tag_cost(context, account.paid_usd("deployment/proof", "deployment/first-hour")),
            "winner": f"{winner.model} ({winner.kind})",
            "decision": decision.decision,
            "why": why,
            "deployed": record.deployed,
            "model": resource_id(record.model),
            "deployment": resource_id(record.deployment) if record.deployment else "none of its own",
            **({"served": str(record.path)} if record.path else {}),
            "ranking": table(_ranking_rows(winner)),
        },
    )


def _deploy(
    page: PlanPage, host: Platform, account: PlanAccount, winner: Winner, decision: GateDecision
) -> DeploymentRecord:
    """Deploy and prove a winner that passed the gate; anything else is recorded as it is served already."""
    store, dataset = account.store, account.dataset
    base = store.require("base_metrics", dataset, BaseMetrics, winner.kept)
    address: str | None = base.address
    if account.plan.model(winner.kept).strategy == "batch":
        # Batch jobs answered for it, which proves no address.
        address = host.call(lambda client: serverless_address(client, without_arm(base.model)))
    server = account.plan.model(winner.kept).endpoint
    prompt = asked_prompt(store, dataset, winner.kept, "base")
    record = DeploymentRecord(
        winner=winner,
        gate=decision,
        deployed=False,
        prompt=prompt,
        opening=tested_opening(store, dataset),
        model=without_arm(base.model),
        address=address,
        deployment=base.deployment,
        endpoint=request_url(prompt, server, host.public_url),
        proof=None,
        server=server,
        form=base.form,
        few_shot=_served_examples(store, account.plan, winner.kept, base),
    )
    if not decision.deploys:
        return record
    evaluated = _evaluated(account, winner)

    async def deploy(client: Fireworks) -> tuple[EvaluatedWinner, ServingProof]:
        title = f"deployment of {dataset}, {winner.model}"
        prices = await require_offer(client, page, host, account, "deployment", title, winner.model)
        return await prove_serving(client, account, prices, evaluated)

    served, proof = host.call(deploy)
    prompt = asked_prompt(store, dataset, winner.model, winner.kind)
    return record.model_copy(
        update={
            "deployed": True,
            "server": None,
            "form": None,
            "few_shot": None,
            "endpoint": request_url(prompt, None, host.public_url),
            "model": served.model,
            "address": served.address,
            "deployment": served.deployment,
            "proof": proof,
            "path": served.path,
            "usd_per_hour": served.usd_per_hour,
            "prompt": prompt,
        }
    )


def _served_examples(store: Workspace, plan: Plan, slug: str, base: BaseMetrics) -> ServedExamples | None:
    if base.examples is None or plan.examples is None:
        return None
    entry = plan.model(slug).entry
    prompt = asked_prompt(store, plan.dataset, slug, "base")
    room = example_room(entry.context_length if entry else None, prompt)
    return ServedExamples(source=plan.examples, number=base.examples, room=room)


def _evaluated(account: PlanAccount, winner: Winner) -> EvaluatedWinner:
    store, dataset, slug = account.store, account.dataset, winner.model
    if winner.kind == "tuned":
        tuned = store.require("metrics", dataset, TunedMetrics, slug)
        return EvaluatedWinner(
            slug,
            "tuned",
            without_arm(tuned.tuned_model),
            tuned.address,
            tuned.deployment,
            tuned.path,
            against=(slug, "base"),
        )
    base = store.require("base_metrics", dataset, BaseMetrics, slug)
    # An adapter that is asked in batch jobs has no address yet.
    return EvaluatedWinner(
        slug,
        "base",
        without_arm(base.model),
        base.address,
        base.deployment,
        base.path,
        against=(winner.kept, "base"),
    )


def _ranking_rows(winner: Winner) -> list[Row]:
    return [
        {
            "model": entry.model,
            "kind": entry.kind,
            "right": interval_text(entry.validation),
            **cost_column(entry),
        }
        for entry in winner.ranked
    ]


def decide(store: Workspace, dataset: str, plan: Plan) -> tuple[Winner, GateDecision]:
    """The winner by the validation rows of all models, and the gate's decision on it by the test rows."""
    slugs = store.require("finalists", dataset, FinalistsRecord).slugs
    base = base_results(store, plan)
    tuned = tuned_metrics(store, plan, slugs)
    evaluated: dict[Model, BaseMetrics | TunedMetrics] = {
        **{(slug, "base"): metrics for slug, metrics in base.items()},
        **{(slug, "tuned"): metrics for slug, metrics in tuned.items()},
    }
    winner = choose_winner([_candidate(store, plan, model, metrics) for model, metrics in evaluated.items()])
    judged: Model | None = (winner.model, winner.kind) if winner.kind == "tuned" or winner.adapter else None
    session, comparison, fields = plan.session, None, None
    if judged is not None and winner.against is not None:
        comparison = compare(
            prediction_batches(store, dataset, winner.against, "base", "test"),
            prediction_batches(store, dataset, *judged, "test"),
            labels=plan.label_set.labels,
            seed=session.seed,
            resamples=0,
            margin=session.margin,
            guard=session.gate,
        )
        fields = record_comparison(store, plan, (winner.against, "base"), judged)

    def line(model: Model | None) -> MajorityLine | None:
        if model is None or model not in evaluated or session.costs or fields is not None:
            return None
        constant = prediction_batches(store, dataset, "majority", "baseline", "test")
        return majority_line(evaluated[model].test, prediction_batches(store, dataset, *model, "test"), constant)

    return winner, gate(
        winner,
        comparison,
        # A benchmark deploys nothing, and its plan holds no money for it.
        "never" if winner.adapter and session.mode == "benchmark" else session.deploy,
        session.gate,
        tuned=line(judged),
        untuned=line((winner.kept, "base")),
        costs=_gate_costs(store, plan, winner),
        fields=fields,
    )


def _candidate(store: Workspace, plan: Plan, model: Model, metrics: BaseMetrics | TunedMetrics) -> Candidate:
    slug, kind = model
    return Candidate(
        model=slug,
        kind=kind,
        validation=validation_accuracy(store, plan, model, metrics.validation),
        loss=validation_loss(metrics.validation, metrics.trust),
        cost=model_cost(store, plan, model, "validation"),
        price=plan.expected_usd(slug),
        complete=metrics.validation.complete,
        adapter=kind == "base" and bool(plan.model(slug).base_model),
    )


def _gate_costs(store: Workspace, plan: Plan, winner: Winner) -> GateCosts | None:
    """What mistakes on the test rows cost; None where the session has no costs."""
    kept = model_costs(store, plan, (winner.kept, "base"), "test")
    untuned = expected_cost(kept) if kept else None
    if kept is None or untuned is None:
        return None
    judged = winner.kind == "tuned" or winner.adapter
    comparison = choice_costs(store, plan, winner.against, winner.model, winner.kind) if judged else None
    return GateCosts(
        comparison=comparison,
        tuned=comparison.after if comparison else None,
        untuned=untuned.value,
        constant=best_constant(kept, plan.label_set.labels),
    )

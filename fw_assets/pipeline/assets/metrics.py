"""Phase 5: one fine-tuned model on the same rows as its base."""

# No `from __future__ import annotations` here: Dagster reads an asset's annotations as they are written.

from typing import Any

import dagster as dg

from fw_assets.classification.arm import Arm, arm_name
from fw_assets.classification.cost.cost_lines import Stage
from fw_assets.classification.cost.prices import PriceBook
from fw_assets.classification.labels.label_set import LabelSet
from fw_assets.classification.selection.comparison import compare
from fw_assets.classification.session import Inference
from fw_assets.fireworks import Fireworks
from fw_assets.pipeline.errors.answers import DecisionsRefused
from fw_assets.pipeline.evaluation.candidate.evaluate import evaluate
from fw_assets.pipeline.reporting.mistakes import cost_figures
from fw_assets.pipeline.resources import PlatformResource, WorkspaceResource
from fw_assets.pipeline.steps.asset_definition import pipeline_asset
from fw_assets.pipeline.steps.cell_step import CellStep, cell_step
from fw_assets.pipeline.ui.model_checks import metrics_checks
from fw_assets.pipeline.ui.score_metadata import (
    accuracy_sentence,
    confidence_metadata,
    prediction_files,
    score_metadata,
)
from fw_assets.pipeline.ui.tuned_verdict import tuned_sentence, tuned_verdict
from fw_assets.pipeline.values.base_results import unevaluated
from fw_assets.pipeline.values.delivery import FinalistsRecord
from fw_assets.pipeline.values.evaluation import TunedMetrics
from fw_assets.pipeline.values.tuned_decisions import (
    DecisionRefusal,
    refused_decisions,
    store_decided,
)
from fw_assets.pipeline.values.tuning import FineTuned
from fw_assets.pipeline.workflow.instance import WorkflowInstance
from fw_assets.workspace.predictions import prediction_batches

STAGE: Stage = "tuned-evaluation"


@pipeline_asset(
    kinds={"fireworks"},
    description=(
        "Phase 5: One fine-tuned model, asked for the same rows as its base, and the two compared row by row "
        "with a paired test. No choice ever reads the test rows. Where the plan says so, it is asked for decisions too."
    ),
)
def metrics(
    context: dg.AssetExecutionContext,
    workflow: WorkflowInstance,
    workspace: WorkspaceResource,
    platform: PlatformResource,
) -> dg.MaterializeResult:
    """Evaluates one fine-tuned model, on a deployment that scales to zero or in batch jobs."""
    with cell_step(context, workflow, workspace, platform) as step:
        tuned = step.require("fine_tuned_models", FineTuned)
        result = step.made_meanwhile(TunedMetrics) or step.call(lambda client: _measure(client, step, tuned))
        decided = _decided(step)
    comparison = result.comparison
    finalists = len(step.store.require("finalists", step.dataset, FinalistsRecord).slugs)
    return step.materialize(
        result,
        f"fine-tuned, {accuracy_sentence(result.test)} {tuned_sentence(comparison, finalists)}",
        metrics_checks(step.title, result, finalists),
        {
            **score_metadata(result.test),
            **cost_figures(step.store, step.plan, (step.slug, "tuned")),
            "cost_usd": step.paid_usd(STAGE),
            "tokens": result.usage.prompt_tokens + result.usage.completion_tokens,
            **confidence_metadata(result.trust),
            "verdict": tuned_verdict(comparison, finalists),
            "difference": round(comparison.difference.value, 4),
            "p_value": float(f"{comparison.p_value:.4g}"),
            "gained": comparison.gained,
            "lost": comparison.lost,
            "compared_rows": comparison.rows,
            "compared_distinct": comparison.groups or comparison.rows,
            **prediction_files(step.store.root, step.dataset, step.slug, "tuned"),
            **decided,
        },
    )


def _decided(step: CellStep) -> dict[str, Any]:
    """What the decisions came to, as the page of the texts shows them; empty where the plan has none."""
    row = step.plan.decided(step.slug)
    if row is None:
        return {}
    cost = step.paid_usd(STAGE, row)
    found = step.store.read("metrics", step.dataset, TunedMetrics, row)
    if found is None:
        (refused,) = refused_decisions(step.store, step.plan, [step.slug])
        return {"decisions": dg.MetadataValue.text(refused.sentence)}
    files = prediction_files(step.store.root, step.dataset, row, "tuned")
    return {
        "decisions_accuracy": round(found.test.headline.value, 4),
        "decisions_cost_usd": cost,
        **{f"decisions_{part}": file for part, file in files.items()},
    }


async def _measure(client: Fireworks, step: CellStep, tuned: FineTuned) -> TunedMetrics:
    """The model by its texts; before that is stored, its decisions are, where the plan has them."""
    prices = await step.require_offer(client, STAGE)
    strategy = step.plan.model(step.slug).tuned_strategy
    result = await _evaluate(client, step, tuned, prices, step.slug, strategy)
    if row := step.plan.decided(step.slug):
        decided: TunedMetrics | DecisionRefusal
        if row in unevaluated(step.store, step.plan):
            # Without the base model's decisions there is nothing to compare.
            decided = DecisionRefusal(why="not asked, since its base model answers none")
        else:
            try:
                decided = await _evaluate(client, step, tuned, prices, row, "deployment")
            except DecisionsRefused as refused:
                decided = DecisionRefusal(why=refused.why)
        store_decided(step.store, step.dataset, row, decided, inputs=step.tuning_inputs)
    return result


async def _evaluate(
    client: Fireworks, step: CellStep, tuned: FineTuned, prices: PriceBook, row: str, strategy: Inference
) -> TunedMetrics:
    base, model = (
        name if row == step.slug else arm_name(name, Arm("decision")) for name in (tuned.model, tuned.tuned_model)
    )
    evaluation = await evaluate(
        client,
        step.account,
        prices,
        model,
        strategy=strategy,
        slug=row,
        kind="tuned",
        stage=STAGE,
        poll=step.platform.poll_seconds,
    )
    labels = step.store.require("label_set", step.dataset, LabelSet)
    comparison = compare(
        prediction_batches(step.store, step.dataset, row, "base", "test"),
        prediction_batches(step.store, step.dataset, row, "tuned", "test"),
        labels=labels.labels,
        seed=step.plan.session.seed,
        margin=step.plan.session.margin,
        guard=step.plan.session.gate,
    )
    return TunedMetrics(
        model=base,
        tuned_model=model,
        deployment=evaluation.endpoint.deployment or "",
        address=evaluation.endpoint.address,
        validation=evaluation.validation,
        test=evaluation.test,
        comparison=comparison,
        usage=evaluation.usage,
        trust=evaluation.confidence,
        free=evaluation.unconstrained,
        path=evaluation.endpoint.path,
        order=evaluation.order,
        latency=evaluation.latency,
        thresholds=evaluation.thresholds,
    )

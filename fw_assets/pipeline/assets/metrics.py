"""Phase 5: one fine-tuned model on the same rows as its base."""

# No `from __future__ import annotations` here: Dagster reads an asset's annotations as they are written.

import dagster as dg

from fw_assets.classification.cost.cost_lines import Stage
from fw_assets.classification.labels.label_set import LabelSet
from fw_assets.classification.selection.comparison import compare
from fw_assets.fireworks import Fireworks
from fw_assets.pipeline.evaluation.evaluate import evaluate
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
from fw_assets.pipeline.values.delivery import FinalistsRecord
from fw_assets.pipeline.values.evaluation import TunedMetrics
from fw_assets.pipeline.values.tuning import FineTuned
from fw_assets.pipeline.workflow.instance import WorkflowInstance
from fw_assets.workspace.predictions import prediction_batches

STAGE: Stage = "tuned-evaluation"


@pipeline_asset(
    kinds={"fireworks"},
    description=(
        "Phase 5: One fine-tuned model, asked for the same rows as its base, and the two compared row by row "
        "with a paired test. No choice ever reads the test rows."
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
        result = step.made_meanwhile(TunedMetrics) or step.call(lambda client: _evaluate(client, step, tuned))
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
        },
    )


async def _evaluate(client: Fireworks, step: CellStep, tuned: FineTuned) -> TunedMetrics:
    prices = await step.require_offer(client, STAGE)
    evaluation = await evaluate(
        client,
        step.account,
        prices,
        tuned.tuned_model,
        strategy=step.plan.model(step.slug).tuned_strategy,
        slug=step.slug,
        kind="tuned",
        stage=STAGE,
        poll=step.platform.poll_seconds,
    )
    labels = step.store.require("label_set", step.dataset, LabelSet)
    comparison = compare(
        prediction_batches(step.store, step.dataset, step.slug, "base", "test"),
        prediction_batches(step.store, step.dataset, step.slug, "tuned", "test"),
        labels=labels.labels,
        seed=step.plan.session.seed,
        margin=step.plan.session.margin,
        guard=step.plan.session.gate,
    )
    return TunedMetrics(
        model=tuned.model,
        tuned_model=tuned.tuned_model,
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
    )

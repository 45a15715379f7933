"""Phase 3: one base model on the validation and test rows."""

# No `from __future__ import annotations` here: Dagster reads an asset's annotations as they are written.

import datetime as dt

import dagster as dg

from fw_assets.classification.arms.contextual_calibration import ContextualCalibration
from fw_assets.classification.cost.cost_lines import Stage
from fw_assets.fireworks import Fireworks
from fw_assets.pipeline.errors.answers import DecisionsRefused, ThinksBeforeAnswering
from fw_assets.pipeline.errors.phase import first_error
from fw_assets.pipeline.evaluation.candidate.evaluate import evaluate
from fw_assets.pipeline.input_digests import baseline_inputs
from fw_assets.pipeline.progress import announce
from fw_assets.pipeline.reporting.looks import record_look
from fw_assets.pipeline.reporting.mistakes import cost_figures
from fw_assets.pipeline.resources import PlatformResource, WorkspaceResource
from fw_assets.pipeline.steps.asset_definition import pipeline_asset
from fw_assets.pipeline.steps.cell_step import CellStep, cell_step
from fw_assets.pipeline.ui.metadata import summary
from fw_assets.pipeline.ui.model_checks import score_checks, unevaluated_checks
from fw_assets.pipeline.ui.score_metadata import (
    accuracy_sentence,
    confidence_metadata,
    prediction_files,
    score_metadata,
)
from fw_assets.pipeline.values.base_results import Unevaluated, remove_reason, store_unevaluated, unevaluated
from fw_assets.pipeline.values.evaluation import BaseMetrics
from fw_assets.pipeline.workflow.instance import WorkflowInstance
from fw_assets.report.schema.looks import Look

STAGE: Stage = "base-evaluation"


@pipeline_asset(
    kinds={"fireworks"},
    description=(
        "Phase 3: One base model, asked for every validation and test row as it is: what fine-tuning has to beat. "
        "Starts when the plan is approved, once for each model of the plan."
    ),
)
def base_metrics(
    context: dg.AssetExecutionContext,
    workflow: WorkflowInstance,
    workspace: WorkspaceResource,
    platform: PlatformResource,
) -> dg.MaterializeResult:
    """Benchmarks one base model. Answers are kept row by row; only missing rows are asked for.

    One that cannot be asked so has a reason in place of figures, and the others go on without it.
    """
    with cell_step(context, workflow, workspace, platform) as step:
        inputs = baseline_inputs(step.plan.digest)
        made = step.made_meanwhile(BaseMetrics, inputs=inputs)
        try:
            metrics = made or step.call(lambda client: _evaluate(client, step))
        except Exception as failure:
            cause = first_error(failure)
            if not isinstance(cause, DecisionsRefused | ThinksBeforeAnswering):
                raise
            return _go_on_without(step, cause.reason)
        remove_reason(step.store, step.dataset, step.slug)
        _record_look(step)
    return step.materialize(
        metrics,
        f"as it is, {accuracy_sentence(metrics.test)}",
        score_checks("base_metrics", step.title, (metrics.validation, metrics.test)),
        {
            **score_metadata(metrics.test),
            **cost_figures(step.store, step.plan, (step.slug, "base")),
            "cost_usd": step.paid_usd(STAGE),
            "tokens": metrics.usage.prompt_tokens + metrics.usage.completion_tokens,
            **confidence_metadata(metrics.trust),
            **_calibration_metadata(metrics.calibration),
            **prediction_files(step.store.root, step.dataset, step.slug, "base"),
        },
        inputs=inputs,
    )


def _go_on_without(step: CellStep, reason: str) -> dg.MaterializeResult:
    """Store why the model has no figures; where no model of the plan has any, its run ends with a report of that."""
    value = Unevaluated(why=reason)
    version = store_unevaluated(step.store, step.dataset, step.slug, value)
    announce(f"{step.title}: {value.note}")
    without = unevaluated(step.store, step.plan)
    if len(without) == len(step.plan.models):
        why = "; ".join(f"{slug} {item.why}" for slug, item in without.items())
        step.account.stop(
            f"No model of the plan could be evaluated: {why}.",
            "Name other models, or another way of asking by `inference`, and {again}.",
        )
    return dg.MaterializeResult(
        data_version=dg.DataVersion(version),
        check_results=unevaluated_checks("base_metrics", step.title, reason),
        metadata={"summary": summary(step.title, f"{value.note}."), "cost_usd": step.paid_usd(STAGE)},
    )


def _calibration_metadata(chosen: ContextualCalibration | None) -> dict[str, str | float]:
    if chosen is None:
        return {}
    return {
        "contextual_calibration": "used" if chosen.used else "not used",
        "validation_accuracy_calibrated": round(chosen.accuracy, 4),
        "validation_accuracy_uncalibrated": round(chosen.accuracy_without, 4),
    }


def _record_look(step: CellStep) -> None:
    """What the step shows of the test rows counts as a look, whether a report follows or not."""
    digest = step.plan.label_set.split.test_digest
    at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    record_look(step.store, Look(test_digest=digest, plan=step.plan.digest, dataset=step.dataset, at=at))


async def _evaluate(client: Fireworks, step: CellStep) -> BaseMetrics:
    prices = await step.require_offer(client, STAGE)
    model = step.plan.model(step.slug)
    evaluation = await evaluate(
        client,
        step.account,
        prices,
        model.name,
        strategy=model.strategy,
        slug=step.slug,
        kind="base",
        stage=STAGE,
        poll=step.platform.poll_seconds,
    )
    return BaseMetrics(
        model=model.name,
        address=evaluation.endpoint.address,
        deployment=evaluation.endpoint.deployment,
        validation=evaluation.validation,
        test=evaluation.test,
        usage=evaluation.usage,
        trust=evaluation.confidence,
        free=evaluation.unconstrained,
        null_control=evaluation.null_control,
        path=evaluation.endpoint.path,
        order=evaluation.order,
        latency=evaluation.latency,
        thresholds=evaluation.thresholds,
        form=evaluation.form,
        pace=evaluation.pace,
        examples=evaluation.examples,
        tried=evaluation.tried,
        calibration=evaluation.calibration,
    )

"""Phase 5: one finalist trained on parts of the training rows and asked for the same test rows."""

# No `from __future__ import annotations` here: Dagster reads an asset's annotations as they are written.

import dagster as dg

from fw_assets.classification.cost.cost_lines import Stage
from fw_assets.classification.cost.prices import PriceBook
from fw_assets.classification.cost.training_lines import CURVE_SHARES
from fw_assets.fireworks import Fireworks
from fw_assets.pipeline.budget.line_prices import item_share
from fw_assets.pipeline.evaluation.candidate.evaluate import evaluate
from fw_assets.pipeline.resources import PlatformResource, WorkspaceResource
from fw_assets.pipeline.steps.asset_definition import pipeline_asset
from fw_assets.pipeline.steps.cell_step import CellStep, cell_step
from fw_assets.pipeline.steps.training import run_training_job, upload_training_data
from fw_assets.pipeline.ui.metadata import Row, figure, picture, table
from fw_assets.pipeline.ui.model_checks import curve_check
from fw_assets.pipeline.values.evaluation import CurvePoint, LearningCurve, TunedMetrics, prediction_kind
from fw_assets.pipeline.values.tuning import FineTuned
from fw_assets.pipeline.workflow.instance import WorkflowInstance
from fw_assets.report.assembly.model_results import learning_point
from fw_assets.report.formatting import percent, percent_range, plural
from fw_assets.report.plots.learning_curve import learning_curve as draw

STAGE: Stage = "learning-curve"


@pipeline_asset(
    kinds={"fireworks"},
    description=(
        "Phase 5: Would more labels help? One finalist on 25 % and 50 % of the training rows, where the session "
        "asks for it (learning_curve: true)."
    ),
)
def learning_curve(
    context: dg.AssetExecutionContext,
    workflow: WorkflowInstance,
    workspace: WorkspaceResource,
    platform: PlatformResource,
) -> dg.MaterializeResult:
    """Trains with the finalist's own cell; nothing is chosen from it."""
    with cell_step(context, workflow, workspace, platform) as step:
        tuned = step.require("fine_tuned_models", FineTuned)
        metrics = step.require("metrics", TunedMetrics)
        made = step.made_meanwhile(LearningCurve)
        curve = made or step.call(lambda client: _measure(client, step, tuned, metrics))
    rows: list[Row] = [
        {
            "rows": p.rows,
            "right": percent(p.test.headline.value),
            "95% interval": percent_range((p.test.headline.low, p.test.headline.high)),
        }
        for p in curve.points
    ]
    sizes = " → ".join(f"{percent(p.test.headline.value)} on {plural(p.rows, 'row')}" for p in curve.points)
    return step.materialize(
        curve,
        f"{sizes}.",
        [curve_check(step.title, curve)],
        {
            "test_rows": table(rows),
            "accuracy": figure(curve.points[-1].test.headline.value),
            "rows": curve.points[-1].rows,
            "cost_usd": step.paid_usd(STAGE),
            "chart": picture(draw([learning_point(p.share, p.rows, p.test) for p in curve.points])),
        },
    )


async def _measure(client: Fireworks, step: CellStep, tuned: FineTuned, metrics: TunedMetrics) -> LearningCurve:
    shares = CURVE_SHARES if step.plan.session.learning_curve else ()
    points = []
    if shares:
        prices = await step.require_offer(client, STAGE)
        points = [await _measure_share(client, step, prices, tuned, share) for share in shares]
    whole = CurvePoint(share=1.0, rows=tuned.rows, test=metrics.test, model=tuned.tuned_model)
    return LearningCurve(points=(*points, whole))


async def _measure_share(
    client: Fireworks, step: CellStep, prices: PriceBook, tuned: FineTuned, share: float
) -> CurvePoint:
    data = await upload_training_data(client, step.account, "train", share)
    line = step.account.line(f"{STAGE}/{step.slug}")
    # One line pays for training and evaluating all points: training in proportion to the rows, evaluation equally.
    training_share = item_share(line, "training") if line else 1.0
    trained = await run_training_job(
        client,
        step.account,
        step.slug,
        tuned.cell,
        data,
        line=f"{STAGE}/{step.slug}",
        price_share=training_share * share / sum(CURVE_SHARES),
        poll=step.platform.poll_seconds,
        what=f"{step.slug} on {share:.0%}",
    )
    evaluation = await evaluate(
        client,
        step.account,
        prices,
        trained.model,
        strategy="deployment",
        slug=step.slug,
        kind=prediction_kind(share),
        stage=STAGE,
        poll=step.platform.poll_seconds,
        parts=("test",),
        extras=False,
        share=(1 - training_share) / len(CURVE_SHARES),
    )
    return CurvePoint(share=share, rows=data.training.rows, test=evaluation.test, model=trained.model)

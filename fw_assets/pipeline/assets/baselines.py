"""Phase 3: what needs no language model, on the same rows as the models."""

# No `from __future__ import annotations` here: Dagster reads an asset's annotations as they are written.

import dagster as dg

from fw_assets.classification.metrics.metric import shown_values
from fw_assets.pipeline.approvals import approved_plan
from fw_assets.pipeline.free_models.scoring import score_free_models
from fw_assets.pipeline.input_digests import baseline_inputs
from fw_assets.pipeline.reporting.mistakes import cost_figures
from fw_assets.pipeline.resources import PlatformResource, WorkspaceResource
from fw_assets.pipeline.steps.asset_definition import pipeline_asset
from fw_assets.pipeline.steps.retries import readable_failures
from fw_assets.pipeline.steps.step_lock import made_meanwhile
from fw_assets.pipeline.ui.metadata import Row, figure, files, summary, table
from fw_assets.pipeline.ui.model_checks import baseline_checks
from fw_assets.pipeline.ui.score_metadata import macro_ranges
from fw_assets.pipeline.values.evaluation import Baselines
from fw_assets.report.formatting import decimal, percent, percent_range, rows_text, seconds_text
from fw_assets.workspace.predictions import prediction_path


@pipeline_asset(
    kinds={"scikitlearn"},
    description=(
        "Phase 3: What needs no language model: the most frequent label, TF-IDF and sentence embeddings with logistic "
        "regression. Local and free, on the same rows as the models."
    ),
)
def baselines(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource, platform: PlatformResource
) -> dg.MaterializeResult:
    """Learns from the training rows as they are, and is scored by the models' own scorer."""
    store, dataset = workspace.open(), context.partition_key
    with readable_failures():
        plan = approved_plan(store, dataset)
        inputs = baseline_inputs(plan.digest)
        made = made_meanwhile(Baselines, inputs)
        value = made or score_free_models(store, platform.open(), plan)
    version, scores = store.write("baselines", dataset, value, inputs=inputs), value.found
    rows: list[Row] = [
        {
            "baseline": item.name,
            "right": percent(item.test.headline.value),
            "95%": percent_range((item.test.headline.low, item.test.headline.high)),
            "F1": decimal(item.test.macro_f1),
            "p50": seconds_text(item.latency.p50) if item.latency else "",
        }
        for item in scores
    ]
    best = max(scores, key=lambda item: item.validation.headline.value)
    return dg.MaterializeResult(
        data_version=dg.DataVersion(version),
        check_results=baseline_checks(dataset, best),
        metadata={
            "summary": summary(
                dataset,
                f"without a language model **{percent(best.test.headline.value)}** of "
                f"{rows_text(best.test.rows, best.test.groups)} come out right ({best.method})."
                + (f" Sentence embeddings are not among them: {value.left_out}." if value.left_out else ""),
            ),
            "accuracy": figure(best.test.headline.value),
            **{name: figure(value) for name, (_, value) in shown_values(best.test, best.test.multi).items()},
            **macro_ranges(best.test),
            **cost_figures(store, plan, (best.name, "baseline")),
            "rows": best.test.rows,
            "test_rows": table(rows),
            **files(store.root, predictions=prediction_path(dataset, best.name, "baseline", "test")),
        },
    )

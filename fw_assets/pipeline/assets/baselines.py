"""Phase 3: what needs no language model, on the same rows as the models."""

# No `from __future__ import annotations` here: Dagster reads an asset's annotations as they are written.

import dagster as dg

from fw_assets.classification.labels.label_set import LabelSet
from fw_assets.classification.metrics.baselines import BASELINES, BaselineScores, baseline_method, fit_baseline
from fw_assets.classification.metrics.metric import shown_values
from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.pipeline.approvals import approved_plan
from fw_assets.pipeline.evaluation.evaluate import store_and_score
from fw_assets.pipeline.input_digests import baseline_inputs
from fw_assets.pipeline.reporting.mistakes import cost_figures
from fw_assets.pipeline.resources import WorkspaceResource
from fw_assets.pipeline.steps.asset_definition import pipeline_asset
from fw_assets.pipeline.steps.retries import readable_failures
from fw_assets.pipeline.steps.step_lock import made_meanwhile
from fw_assets.pipeline.ui.metadata import Row, figure, files, summary, table
from fw_assets.pipeline.ui.model_checks import baseline_checks
from fw_assets.pipeline.ui.score_metadata import macro_ranges
from fw_assets.pipeline.values.evaluation import Baselines
from fw_assets.report.formatting import decimal, percent, percent_range, rows_text
from fw_assets.workspace.dataset_rows import part_batches, split_rows
from fw_assets.workspace.predictions import PARTS, prediction_path
from fw_assets.workspace.workspace import Workspace


@pipeline_asset(
    kinds={"scikitlearn"},
    description=(
        "Phase 3: What needs no language model: the most frequent label, and TF-IDF with logistic regression. "
        "Local and free, on the same rows as the models."
    ),
)
def baselines(context: dg.AssetExecutionContext, workspace: WorkspaceResource) -> dg.MaterializeResult:
    """Learns from the training rows as they are, and is scored by the models' own scorer."""
    store, dataset = workspace.open(), context.partition_key
    with readable_failures():
        plan = approved_plan(store, dataset)
        inputs = baseline_inputs(plan.digest)
        made = made_meanwhile(Baselines, inputs)
        scores = made.found if made else _score_baselines(store, dataset, plan)
    version = store.write("baselines", dataset, Baselines(found=scores), inputs=inputs)
    rows: list[Row] = [
        {
            "baseline": item.name,
            "right": percent(item.test.headline.value),
            "95%": percent_range((item.test.headline.low, item.test.headline.high)),
            "F1": decimal(item.test.macro_f1),
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
                f"{rows_text(best.test.rows, best.test.groups)} come out right ({best.method}).",
            ),
            "accuracy": figure(best.test.headline.value),
            **{name: figure(value) for name, (_, value) in shown_values(best.test, best.test.multi).items()},
            **macro_ranges(best.test),
            **cost_figures(store, plan, (best.name, "baseline")),
            "rows": best.test.rows,
            "test_rows": table(rows),
            **files(predictions=prediction_path(dataset, best.name, "baseline", "test")),
        },
    )


def _score_baselines(store: Workspace, dataset: str, plan: Plan) -> tuple[BaselineScores, ...]:
    prompt = store.require("prompt", dataset, Prompt)
    labels = store.require("label_set", dataset, LabelSet)
    train = split_rows(store, dataset, "train").collect()
    results = []
    for name in BASELINES:
        predict = fit_baseline(name, prompt, train, plan.session.seed)
        scores = {
            part: store_and_score(
                store,
                prediction_path(dataset, name, "baseline", part),
                map(predict, part_batches(store, dataset, part)),
                labels.labels,
                labels.multi_label,
            )
            for part in PARTS
        }
        method = baseline_method(name, train.height, len(prompt.labels))
        results.append(BaselineScores(name=name, method=method, validation=scores["validation"], test=scores["test"]))
    return tuple(results)

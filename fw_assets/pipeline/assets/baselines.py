"""Phase 3, beside the base models: what needs no language model at all, on the same rows."""

# No `from __future__ import annotations` here: Dagster reads an asset's annotations as they are written.

import dagster as dg
import polars as pl

from fw_assets.classification.labels.label_set import LabelSet
from fw_assets.classification.metrics.baselines import BASELINES, METHODS, BaselineScores, fit_baseline
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.pipeline.assets.approval import approval
from fw_assets.pipeline.assets.plan import approved_plan
from fw_assets.pipeline.evaluation.evaluate import PARTS, keep_and_score
from fw_assets.pipeline.partitions import datasets
from fw_assets.pipeline.phases import baseline_inputs
from fw_assets.pipeline.resources import WorkspaceResource
from fw_assets.pipeline.retries import readable_failures
from fw_assets.pipeline.ui.checks import baseline_checks, specs
from fw_assets.pipeline.ui.metadata import files, summary, table
from fw_assets.pipeline.values import Baselines
from fw_assets.report.formatting import percent, plural
from fw_assets.workspace.batches import Batches
from fw_assets.workspace.predictions import prediction_path


@dg.asset(
    partitions_def=datasets,
    deps=[approval],
    group_name="2_baseline",
    kinds={"scikitlearn"},
    check_specs=specs("baselines"),
    code_version="1",
    description=(
        "**Phase 3.** What needs no language model: the most frequent label, and TF-IDF with logistic regression. "
        "Local and free, on the same rows as the models."
    ),
)
def baselines(context: dg.AssetExecutionContext, workspace: WorkspaceResource) -> dg.MaterializeResult:
    """Learns from the training rows as they are, and is scored by the models' own scorer."""
    store, dataset = workspace.open(), context.partition_key
    with readable_failures():
        current = approved_plan(store, dataset)
        prompt = store.require("prompt", dataset, Prompt)
        labels = store.require("label_set", dataset, LabelSet)
        frame = store.scan_frame(dataset, "assets", "label_set.parquet")
        train = frame.filter(pl.col("split") == "train").collect()
        found = []
        for name in BASELINES:
            learned = fit_baseline(name, prompt, train, current.session.seed)
            scores = {
                part: keep_and_score(
                    store,
                    (dataset, name, "baseline", part),
                    map(learned, Batches(frame, pl.col("split") == part)),
                    labels.labels,
                    labels.multi_label,
                )
                for part in PARTS
            }
            found.append(
                BaselineScores(name=name, method=METHODS[name], validation=scores["validation"], test=scores["test"])
            )
    made = store.write("baselines", dataset, Baselines(found=tuple(found)), inputs=baseline_inputs(current.digest))
    rows = [
        {
            "baseline": item.name,
            "accuracy": item.test.headline.value,
            "low": item.test.headline.low,
            "high": item.test.headline.high,
            "macro-F1": item.test.macro_f1,
        }
        for item in found
    ]
    best = max(found, key=lambda item: item.validation.headline.value)
    return dg.MaterializeResult(
        data_version=dg.DataVersion(made),
        check_results=baseline_checks(dataset, found),
        metadata={
            "summary": summary(
                dataset,
                f"without a language model **{percent(best.test.headline.value)}** of "
                f"{plural(best.test.rows, 'test row')} come out right ({best.method}).",
            ),
            "accuracy": best.test.headline.value,
            "rows": best.test.rows,
            "test_rows": table(rows),
            **files(store, predictions=prediction_path(dataset, best.name, "baseline", "test")),
        },
    )

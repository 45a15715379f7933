"""Asset metadata of one model's scores: the figures that the UI shows and plots over partitions."""

from __future__ import annotations

import dagster as dg

from fw_assets.classification.metrics.confidence import ModelConfidence
from fw_assets.classification.metrics.metric import shown_values
from fw_assets.classification.metrics.scores import Scores
from fw_assets.pipeline.ui.metadata import File, files, picture, table
from fw_assets.report.assembly.confidence import confidence_result
from fw_assets.report.assembly.model_results import model_result
from fw_assets.report.formatting import decimal, percent, percent_range, rows_text
from fw_assets.report.plots.confidence import reliability, risk_coverage
from fw_assets.report.plots.heatmap import heat_picture
from fw_assets.workspace.predictions import PARTS, prediction_path
from fw_assets.workspace.workspace import Workspace


def score_metadata(scores: Scores) -> dict[str, dg.MetadataValue | float | int | str]:
    return {
        "accuracy": round(scores.headline.value, 4),
        **{name: round(value, 4) for name, (_, value) in shown_values(scores, scores.multi).items()},
        **macro_ranges(scores),
        "rows": scores.rows,
        "distinct_rows": scores.rows if scores.groups is None else scores.groups,
        "per_label": table(
            [
                {
                    "label": s.label,
                    "rows": s.support,
                    "distinct": s.support if s.groups is None else s.groups,
                    "right": percent(s.accuracy.value) if s.accuracy else "n/a",
                    "95% interval": percent_range((s.accuracy.low, s.accuracy.high)) if s.accuracy else "",
                    "F1": s.f1,
                }
                for s in scores.per_label
            ]
        ),
        "outcomes": table([{"outcome": name, "rows": count} for name, count in scores.outcomes]),
        "most_confused": table(
            [{"label": gold, "answered": given, "rows": rows} for gold, given, rows in scores.most_confused]
        ),
        **({"confusion": picture(heat_picture(model_result("", scores)))} if scores.confusion else {}),
    }


def macro_ranges(scores: Scores) -> dict[str, str]:
    """The 95 % intervals of macro-F1 and balanced accuracy, as text."""
    macro, balanced = scores.macro_f1_interval, None if scores.multi else scores.balanced_accuracy_interval
    ranges = {}
    if macro is not None:
        ranges["macro_f1_interval"] = f"{decimal(macro.low)}–{decimal(macro.high)}"
    if balanced is not None:
        ranges["balanced_accuracy_interval"] = percent_range((balanced.low, balanced.high))
    return ranges


def confidence_metadata(confidence: ModelConfidence | None) -> dict[str, dg.MetadataValue | float]:
    """Calibration and selective prediction of one model, with the report's charts; empty without confidences."""
    if confidence is None:
        return {}
    result = confidence_result(confidence)
    return {
        "calibration_error": round(result.ece, 4) if result.ece is not None else float("nan"),
        "reliability": picture(reliability(result)),
        "answered_share": picture(risk_coverage(result)),
    }


def accuracy_sentence(scores: Scores) -> str:
    """The headline of one model, in Markdown."""
    interval = percent_range((scores.headline.low, scores.headline.high))
    return (
        f"**{percent(scores.headline.value)}** right on {rows_text(scores.scored, scores.groups)} "
        f"(95% interval {interval})."
    )


def prediction_files(store: Workspace, dataset: str, slug: str, kind: str) -> dict[str, File]:
    """The files of every row's prediction, part by part."""
    return files(store, **{f"{part}_predictions": prediction_path(dataset, slug, kind, part) for part in PARTS})

"""Asset metadata of one model's scores: the figures that the UI shows and plots over partitions."""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg

from fw_assets.classification.metrics.confidence import ModelConfidence
from fw_assets.classification.metrics.label_scores import LabelScore
from fw_assets.classification.metrics.metric import shown_values
from fw_assets.classification.metrics.scores import Scores
from fw_assets.pipeline.ui.metadata import File, Row, document, figure, files, markdown_table, picture, table
from fw_assets.report.assembly.confidence import confidence_result
from fw_assets.report.assembly.model_results import model_result
from fw_assets.report.formatting import decimal, percent, percent_range, plural, rows_text
from fw_assets.report.plots.confidence import reliability, risk_coverage
from fw_assets.report.plots.heatmap import heat_picture
from fw_assets.workspace.predictions import PARTS, prediction_path

MAX_LABELS = 20
"""Rows of the tables by label, the worst first; all of them are in a document."""


def score_metadata(scores: Scores) -> dict[str, dg.MetadataValue | float | int | str]:
    ranked = sorted(scores.per_label, key=_worst_first)
    return {
        "accuracy": figure(scores.headline.value),
        **{name: figure(value) for name, (_, value) in shown_values(scores, scores.multi).items()},
        **macro_ranges(scores),
        "rows": scores.rows,
        "distinct_rows": scores.rows if scores.groups is None else scores.groups,
        "outcomes": table([{"outcome": name, "rows": count} for name, count in scores.outcomes if count]),
        "worst_labels": table([_label_row(item) for item in ranked], MAX_LABELS),
        "all_labels": document(
            f"{plural(len(ranked), 'label')}, the worst first by F1; intervals are of 95%{_distinct_note(ranked)}.\n\n"
            f"{markdown_table([_whole_label_row(item) for item in ranked])}"
        ),
        "most_confused": table(
            [{"label": gold, "answered": given, "rows": rows} for gold, given, rows in scores.most_confused],
            MAX_LABELS,
        ),
        **({"confusion": picture(heat_picture(model_result("", scores)))} if scores.confusion else {}),
    }


def _worst_first(scores: LabelScore) -> tuple[float, int, str]:
    return (2.0 if scores.f1 is None else scores.f1, -scores.support, scores.label)


def _label_row(scores: LabelScore) -> Row:
    right = (
        f"{percent(scores.accuracy.value, 0)} of {scores.support:,}"
        if scores.accuracy
        else f"n/a of {scores.support:,}"
    )
    return {"label": scores.label, "right": right, "F1": decimal(scores.f1)}


def _whole_label_row(scores: LabelScore) -> Row:
    return {
        "label": scores.label,
        "rows": f"{scores.support:,} ({scores.groups:,})" if _repeats(scores) else scores.support,
        "right": percent(scores.accuracy.value) if scores.accuracy else "n/a",
        "interval": percent_range((scores.accuracy.low, scores.accuracy.high)) if scores.accuracy else "n/a",
        "F1": decimal(scores.f1),
    }


def _repeats(scores: LabelScore) -> bool:
    return scores.groups is not None and scores.groups != scores.support


def _distinct_note(labels: Sequence[LabelScore]) -> str:
    # Not a column of its own: the UI shows a short document at once, where six columns are wider than the page.
    return "; distinct rows in brackets, where some are repeated" if any(map(_repeats, labels)) else ""


def macro_ranges(scores: Scores) -> dict[str, str]:
    """The 95 % intervals of macro-F1 and balanced accuracy, as text."""
    macro, balanced = scores.macro_f1_interval, None if scores.multi else scores.balanced_accuracy_interval
    ranges = {}
    if macro is not None:
        ranges["macro_f1_interval"] = f"{decimal(macro.low)}–{decimal(macro.high)}"
    if balanced is not None:
        ranges["balanced_interval"] = percent_range((balanced.low, balanced.high))
    return ranges


def confidence_metadata(confidence: ModelConfidence | None) -> dict[str, dg.MetadataValue | float]:
    """Calibration and selective prediction of one model, with the report's charts; empty without confidences."""
    if confidence is None:
        return {}
    result = confidence_result(confidence)
    return {
        "calibration_error": figure(result.ece),
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


def prediction_files(root: str, dataset: str, slug: str, kind: str) -> dict[str, File]:
    """The files of every row's prediction, part by part."""
    return files(root, **{part: prediction_path(dataset, slug, kind, part) for part in PARTS})

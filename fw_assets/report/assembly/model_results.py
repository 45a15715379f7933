"""One model's scores and comparisons as report.json has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from fw_assets.classification.metrics.label_metrics import LabelMetrics
from fw_assets.classification.metrics.label_scores import PairCount
from fw_assets.classification.metrics.multilabel_scores import SetMetrics
from fw_assets.classification.metrics.scores import Scores
from fw_assets.classification.selection.comparison import Comparison
from fw_assets.classification.values import Interval
from fw_assets.report.schema.bounds import bounds
from fw_assets.report.schema.comparison import ComparisonResult, Flip, LabelDifference, PairResult
from fw_assets.report.schema.model_result import ConfusionCount, LabelResult, ModelResult
from fw_assets.report.schema.report import Validation
from fw_assets.report.schema.tuning import LearningPoint


def model_result(model: str, scores: Scores) -> ModelResult:
    return ModelResult(
        model=model,
        accuracy=scores.accuracy.value,
        interval=bounds(scores.accuracy),
        per_label={
            item.label: LabelResult(
                accuracy=item.accuracy.value if item.accuracy else None,
                support=item.support,
                interval=bounds(item.accuracy) if item.accuracy else None,
                predicted=item.predicted,
                precision=item.precision,
                f1=item.f1,
                groups=item.groups,
                precision_interval=bounds(item.precision_interval) if item.precision_interval else None,
            )
            for item in scores.per_label
        },
        outcomes=dict(scores.outcomes),
        rows=scores.rows,
        complete=scores.complete,
        groups=scores.groups,
        **_metrics(scores, LabelMetrics),
        labels_without_rows=scores.labels_without_rows,
        confusion=_confusion(scores.confusion),
        most_confused=_confusion(scores.most_confused),
        multi_label=SetMetrics(**_metrics(scores.multi, SetMetrics)) if scores.multi else None,
        macro_f1_interval=scores.macro_f1_interval and bounds(scores.macro_f1_interval),
        balanced_accuracy_interval=scores.balanced_accuracy_interval and bounds(scores.balanced_accuracy_interval),
    )


def _metrics(scores: BaseModel, kind: type[BaseModel]) -> dict[str, Any]:
    return {name: getattr(scores, name) for name in kind.model_fields}


def _confusion(pairs: Sequence[PairCount]) -> tuple[ConfusionCount, ...]:
    return tuple(ConfusionCount(gold=gold, predicted=predicted, count=rows) for gold, predicted, rows in pairs)


def comparison_result(comparison: Comparison, flips: Sequence[Flip]) -> ComparisonResult:
    f1 = comparison.macro_f1_difference
    return ComparisonResult(
        gained=comparison.gained,
        lost=comparison.lost,
        p_value=comparison.p_value,
        verdict=comparison.verdict,
        rows=comparison.rows,
        difference=comparison.difference.value,
        interval=bounds(comparison.difference),
        adjusted_p_value=comparison.adjusted_p,
        mid_p_value=comparison.mid_p,
        macro_f1_difference=f1.value if f1 else None,
        macro_f1_interval=bounds(f1) if f1 else None,
        per_label={
            change.label: LabelDifference(
                gained=change.gained,
                lost=change.lost,
                difference=change.difference.value,
                interval=bounds(change.difference),
                p_value=change.p_value,
                groups=change.groups,
                loss_p_value=change.loss_p,
                seen_loss=change.seen_loss,
            )
            for change in comparison.per_label
        },
        flips=tuple(flips),
        groups=comparison.groups,
        level=comparison.level,
        margin=comparison.margin,
    )


def validation(interval: Interval | None) -> Validation | None:
    return Validation(accuracy=interval.value, interval=bounds(interval)) if interval else None


def learning_point(share: float, rows: int, test: Scores, gain: PairResult | None = None) -> LearningPoint:
    return LearningPoint(
        share=share, rows=rows, accuracy=test.headline.value, interval=bounds(test.headline), gain=gain
    )

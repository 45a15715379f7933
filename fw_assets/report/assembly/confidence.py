"""One model's diagnostics as report.json has them: calibration, unconstrained rows, the null control."""

from __future__ import annotations

from collections.abc import Sequence

from fw_assets.classification.metrics.confidence import ModelConfidence
from fw_assets.classification.metrics.scores import Scores
from fw_assets.classification.metrics.selective_prediction import ReliabilityBin
from fw_assets.classification.selection.comparison import Comparison
from fw_assets.report.formatting import typeset
from fw_assets.report.schema.bounds import bounds
from fw_assets.report.schema.confidence import (
    ConfidenceBin,
    ConfidenceResult,
    CoveragePoint,
    NullControl,
    UnconstrainedResult,
)


def confidence_result(confidence: ModelConfidence) -> ConfidenceResult:
    threshold, precision = confidence.threshold, confidence.precision
    return ConfidenceResult(
        temperature=confidence.calibration.temperature,
        shift=confidence.calibration.shift,
        validation_rows=confidence.calibration.rows,
        rows=confidence.calibrated.usable,
        ece_before=confidence.raw.ece,
        ece=confidence.calibrated.ece,
        brier=confidence.calibrated.brier,
        auroc=confidence.calibrated.auroc,
        bins=_bins(confidence.calibrated.bins),
        bins_before=_bins(confidence.raw.bins),
        risk=tuple(
            CoveragePoint(
                threshold=point.threshold,
                coverage=point.coverage,
                accuracy=point.accuracy.value,
                interval=bounds(point.accuracy),
            )
            for point in confidence.calibrated.risk
        ),
        wanted_precision=threshold.wanted,
        threshold=threshold.threshold if threshold.reached else None,
        coverage=confidence.coverage,
        precision=precision.value if precision else None,
        precision_interval=bounds(precision) if precision else None,
        helps=confidence.helps,
        cost_limit=confidence.cost_threshold.limit if confidence.cost_threshold else None,
        cost=confidence.cost.value if confidence.cost else None,
        cost_interval=bounds(confidence.cost) if confidence.cost else None,
    )


def unconstrained_result(
    rows: int, free: Scores | None, constrained: Scores | None, why: str = ""
) -> UnconstrainedResult:
    """The unconstrained rows; `free` is None where the platform refuses them."""
    if free is None:
        return UnconstrainedResult(rows=rows, supported=False, why=typeset(why))
    return UnconstrainedResult(
        rows=rows,
        supported=True,
        accuracy=free.accuracy.value,
        interval=bounds(free.accuracy),
        coverage=free.coverage,
        constrained_accuracy=constrained.accuracy.value if constrained else None,
    )


def null_control(comparison: Comparison) -> NullControl:
    return NullControl(
        rows=comparison.rows,
        gained=comparison.gained,
        lost=comparison.lost,
        p_value=comparison.p_value,
        groups=comparison.groups,
    )


def _bins(bins: Sequence[ReliabilityBin]) -> tuple[ConfidenceBin, ...]:
    return tuple(
        ConfidenceBin(
            low=item.low,
            high=item.high,
            rows=item.rows,
            confidence=item.confidence,
            accuracy=item.accuracy.value,
            interval=bounds(item.accuracy),
        )
        for item in bins
    )

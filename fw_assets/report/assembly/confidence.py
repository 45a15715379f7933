"""The domain's confidence, unconstrained rows and baselines in the words of the report."""

from __future__ import annotations

from collections.abc import Sequence

from fw_assets.classification.metrics.baselines import BaselineScores
from fw_assets.classification.metrics.confidence import ModelConfidence
from fw_assets.classification.metrics.scores import Scores
from fw_assets.classification.metrics.selective_prediction import ReliabilityBin
from fw_assets.classification.selection.comparison import Comparison
from fw_assets.report.assembly.model_results import bounds, sentence
from fw_assets.report.schema import confidence as e


def confidence_result(trust: ModelConfidence) -> e.ConfidenceResult:
    """One model's calibration and abstention."""
    threshold, precision = trust.threshold, trust.precision
    return e.ConfidenceResult(
        temperature=trust.calibration.temperature,
        shift=trust.calibration.shift,
        validation_rows=trust.calibration.rows,
        rows=trust.calibrated.usable,
        ece_before=trust.raw.ece,
        ece=trust.calibrated.ece,
        brier=trust.calibrated.brier,
        auroc=trust.calibrated.auroc,
        bins=_bins(trust.calibrated.bins),
        bins_before=_bins(trust.raw.bins),
        risk=tuple(
            e.CoveragePoint(
                threshold=point.threshold,
                coverage=point.coverage,
                accuracy=point.accuracy.value,
                interval=bounds(point.accuracy),
            )
            for point in trust.calibrated.risk
        ),
        wanted_precision=threshold.wanted,
        threshold=threshold.threshold if threshold.reached else None,
        coverage=trust.coverage,
        precision=precision.value if precision else None,
        precision_interval=bounds(precision) if precision else None,
    )


def free_result(rows: int, free: Scores | None, constrained: Scores | None, why: str = "") -> e.FreeResult:
    """The unconstrained rows; `free` is None where the platform refuses them."""
    if free is None:
        return e.FreeResult(rows=rows, supported=False, why=sentence(why))
    return e.FreeResult(
        rows=rows,
        supported=True,
        accuracy=free.accuracy.value,
        interval=bounds(free.accuracy),
        coverage=free.coverage,
        constrained_accuracy=constrained.accuracy.value if constrained else None,
    )


def null_control(comparison: Comparison) -> e.NullControl:
    """A base model against itself."""
    return e.NullControl(
        rows=comparison.rows, gained=comparison.gained, lost=comparison.lost, p_value=comparison.p_value
    )


def best_baseline(found: Sequence[BaselineScores]) -> BaselineScores | None:
    """The baseline with the highest accuracy on the validation rows."""
    return max(found, key=lambda item: item.validation.headline.value, default=None)


def baseline_results(
    found: Sequence[BaselineScores], model: str | None, versus: Comparison | None
) -> tuple[e.BaselineResult, ...]:
    """The baselines, best first; `versus` is `model` against the best of them."""
    best = best_baseline(found)
    against = None
    if versus is not None and model is not None:
        against = e.BaselineComparison(
            model=model,
            gained=versus.gained,
            lost=versus.lost,
            difference=versus.difference.value,
            interval=bounds(versus.difference),
            p_value=versus.p_value,
            verdict=versus.verdict,
        )
    return tuple(
        e.BaselineResult(
            name=item.name,
            method=item.method,
            accuracy=item.test.headline.value,
            interval=bounds(item.test.headline),
            macro_f1=item.test.macro_f1,
            balanced_accuracy=item.test.balanced_accuracy,
            validation_accuracy=item.validation.headline.value,
            versus=against if item is best else None,
        )
        for item in sorted(found, key=lambda item: -item.validation.headline.value)
    )


def learning_point(share: float, rows: int, test: Scores) -> e.LearningPoint:
    """One point of a learning curve."""
    return e.LearningPoint(share=share, rows=rows, accuracy=test.headline.value, interval=bounds(test.headline))


def _bins(found: Sequence[ReliabilityBin]) -> tuple[e.ConfidenceBin, ...]:
    return tuple(
        e.ConfidenceBin(
            low=item.low,
            high=item.high,
            rows=item.rows,
            confidence=item.confidence,
            accuracy=item.accuracy.value,
            interval=bounds(item.accuracy),
        )
        for item in found
    )

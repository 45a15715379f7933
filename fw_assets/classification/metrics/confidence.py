"""How far one model's confidence can be trusted: fitted on validation predictions, read off the test ones."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from fw_assets.classification.intervals import wilson
from fw_assets.classification.metrics.calibration import Calibration, calibrate, fit_calibration, scored_answers
from fw_assets.classification.metrics.selective_prediction import (
    Confidence,
    Threshold,
    confidence_figures,
    threshold_for,
)
from fw_assets.classification.values import Frozen, Interval


class ModelConfidence(Frozen):
    """Calibration and abstention of one model.

    Attributes:
        calibration: fitted on the validation rows.
        raw, calibrated: the figures on the test rows before and after it.
        threshold: calibrated confidence below which to abstain, chosen on the validation rows.
        coverage, precision: what that threshold gives on the test rows; None when no threshold reaches the
            wanted precision, or no test row is answered at it.
    """

    calibration: Calibration
    raw: Confidence
    calibrated: Confidence
    threshold: Threshold
    coverage: float | None
    precision: Interval | None


def judge_confidence(
    validation: pl.DataFrame | Iterable[pl.DataFrame], test: pl.DataFrame | Iterable[pl.DataFrame], wanted: float
) -> ModelConfidence | None:
    """The trust in a model from its predictions (`outcome` and `confidence`) on both parts, whole or in slices.

    Args:
        wanted: the precision that the threshold is to give.

    Returns:
        None when the platform gave no confidence for the validation rows.
    """
    learned = scored_answers(validation)
    fitted = fit_calibration(learned)
    if fitted is None:
        return None
    threshold = threshold_for(calibrate(learned, fitted), wanted)
    del learned
    before = scored_answers(test)
    raw = confidence_figures(before)
    after = calibrate(before, fitted)
    del before
    coverage, precision = None, None
    if threshold.reached:
        right, given = after.from_confidence(threshold.threshold)
        if given:
            coverage, precision = given / after.rows, wilson(right, given)
    return ModelConfidence(
        calibration=fitted,
        raw=raw,
        calibrated=confidence_figures(after),
        threshold=threshold,
        coverage=coverage,
        precision=precision,
    )

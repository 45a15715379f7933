"""Confidence of one model: calibration and threshold from its validation predictions, applied to its test ones."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from fw_assets.classification.intervals import wilson
from fw_assets.classification.metrics.calibration import (
    AnswerConfidences,
    Calibration,
    answer_confidences,
    calibrate,
    fit_calibration,
)
from fw_assets.classification.metrics.cost_threshold import CostThreshold, cost_at, cost_threshold
from fw_assets.classification.metrics.cross_fit import CrossFit, cross_fit, left_as_it_is
from fw_assets.classification.metrics.expected_cost import RowCosts
from fw_assets.classification.metrics.scores import Scores
from fw_assets.classification.metrics.selective_prediction import (
    ConfidenceFigures,
    Threshold,
    confidence_figures,
    precision_at,
    threshold_for,
)
from fw_assets.classification.values import Frozen, Interval


class ModelConfidence(Frozen):
    """Calibration and selective prediction of one model.

    Attributes:
        calibration: fitted on the validation rows; temperature 1 and shift 0 where that does not help on rows that it
            was not fitted on.
        cross_fit: whether it helps; None for few answers, and in values that were stored before this was asked.
        raw, calibrated: the figures on the test rows before and after it.
        helps: whether the fitted calibration is used.
        cost_threshold: on the validation rows, where the session has costs: the threshold is this one then.
        cost: of the answers to test rows at or above it, for a row.
        threshold: calibrated confidence below which to abstain, chosen on the validation rows.
        coverage, precision: of the answers to test rows at or above the threshold; None when no threshold reaches
            the target precision, or no test row is answered at it.
    """

    calibration: Calibration
    raw: ConfidenceFigures
    calibrated: ConfidenceFigures
    threshold: Threshold
    coverage: float | None
    precision: Interval | None
    cross_fit: CrossFit | None = None
    helps: bool = True
    cost_threshold: CostThreshold | None = None
    cost: Interval | None = None


def validation_loss(validation: Scores, confidence: ModelConfidence | None) -> float | None:
    """The mean log loss of the confidences on the validation rows, in nats; None unless every row has one."""
    if confidence is None or confidence.calibration.rows != validation.rows:
        return None
    return confidence.calibration.loss_before


def model_confidence(
    validation: pl.DataFrame | Iterable[pl.DataFrame],
    test: pl.DataFrame | Iterable[pl.DataFrame],
    target_precision: float,
    costs: tuple[RowCosts, RowCosts] | None = None,
) -> ModelConfidence | None:
    """The confidence of a model from its predictions on both parts, whole or in slices.

    The columns `outcome`, `confidence` and `group` are read.

    Args:
        costs: of the answers to validation and to test rows. The threshold is then the lowest from which the answers
            cost at most `1 - target_precision` for a row: where each mistake costs 1, that is the target precision.

    Returns:
        None when the platform returned no confidence for the validation rows.
    """
    fitted_on = answer_confidences(validation)
    calibration = fit_calibration(fitted_on)
    if calibration is None:
        return None
    proof = cross_fit(fitted_on)
    helps = proof is not None and proof.helps
    if not helps:
        calibration = left_as_it_is(calibration)
    by_cost = cost_threshold(costs[0], calibration, 1 - target_precision) if costs else None
    threshold = (
        threshold_for(calibrate(fitted_on, calibration), target_precision)
        if by_cost is None
        else _precision_of(by_cost, calibrate(fitted_on, calibration), target_precision)
    )
    del fitted_on  # each part's confidences are freed before the next array of their size is made
    uncalibrated = answer_confidences(test)
    raw = confidence_figures(uncalibrated)
    calibrated = calibrate(uncalibrated, calibration)
    del uncalibrated
    coverage, precision = None, None
    if threshold.reached:
        precision = precision_at(calibrated, threshold.threshold)
        if precision is not None:
            coverage = calibrated.at_least(threshold.threshold)[1] / calibrated.rows
    return ModelConfidence(
        calibration=calibration,
        raw=raw,
        calibrated=confidence_figures(calibrated),
        threshold=threshold,
        coverage=coverage,
        precision=precision,
        cross_fit=proof,
        helps=helps,
        cost_threshold=by_cost,
        cost=cost_at(costs[1], calibration, threshold.threshold) if costs and threshold.reached else None,
    )


def _precision_of(chosen: CostThreshold, validation: AnswerConfidences, target_precision: float) -> Threshold:
    """A threshold by cost, with the precision that it leads to on the validation rows."""
    precision = precision_at(validation, chosen.threshold) if chosen.reached else None
    return Threshold(
        wanted=target_precision,
        reached=chosen.reached,
        threshold=chosen.threshold,
        coverage=chosen.coverage,
        precision=precision or wilson(0, 0),
    )

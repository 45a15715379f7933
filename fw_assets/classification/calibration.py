"""Confidence that means what it says: the share of answers that are right, fitted on validation predictions."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fw_assets.classification.values import Frozen

Shares = NDArray[np.float64]

# Confidences are kept this far from 0 and 1, where their logits would be infinite.
_EDGE = 1e-6
# Strength of the pull towards "leave it as it is": worth this many rows.
_PRIOR_ROWS = 4.0


class Answered(NamedTuple):
    """The rows with a valid label and a confidence, and how many rows the model answered in all."""

    confidence: Shares
    right: NDArray[np.bool_]
    rows: int


class Calibration(Frozen):
    """What turns a raw confidence c into the share of such answers that are right.

    calibrated = sigmoid(logit(c) / temperature + shift). The shift is needed because c belongs to one answer
    out of many labels: no temperature alone could move it across one half.

    Attributes:
        rows: the rows it was fitted on; loss_before, loss_after: mean negative log-likelihood on them, nats.
    """

    temperature: float
    shift: float
    rows: int
    loss_before: float
    loss_after: float

    def apply(self, confidence: Shares) -> Shares:
        """Calibrated confidences, same shape."""
        return _sigmoid(_logit(confidence) / self.temperature + self.shift)


def fit_calibration(validation: pl.DataFrame) -> Calibration | None:
    """Fits temperature and shift by penalised maximum likelihood (Platt 1999) with Newton's method.

    The penalty draws towards leaving confidences as they are, so that a few rows, or rows that are all right,
    do not give infinite parameters.

    Args:
        validation: predictions (schema `PREDICTIONS`) on validation rows.

    Returns:
        None when no row has a confidence.
    """
    usable = answered(validation)
    if not usable.right.size:
        return None
    logit, right = _logit(usable.confidence), usable.right.astype(np.float64)
    design = np.column_stack([logit, np.ones_like(logit)])
    start = np.array([1.0, 0.0])
    weights = start.copy()
    scale = _PRIOR_ROWS * np.array([max(1.0, float(np.mean(logit**2))), 1.0]) / 4

    def objective(at: Shares) -> float:
        return float(np.logaddexp(0, np.where(right > 0, -1, 1) * (design @ at)).sum()) + float(
            (scale * (at - start) ** 2).sum() / 2
        )

    for _ in range(100):
        likely = _sigmoid(design @ weights)
        slope = design.T @ (likely - right) + scale * (weights - start)
        curve = (design * (likely * (1 - likely))[:, None]).T @ design + np.diag(scale)
        step = np.linalg.solve(curve, slope)
        length = 1.0
        while length > 1e-8 and objective(weights - length * step) > objective(weights):
            length /= 2
        weights = weights - length * step
        if np.abs(length * step).max() < 1e-10:
            break
    # A confidence that says nothing, or the opposite, must not reverse the order of answers.
    inverse = max(float(weights[0]), 1e-3)
    found = Calibration(temperature=1 / inverse, shift=float(weights[1]), rows=right.size, loss_before=0, loss_after=0)
    return found.model_copy(
        update={
            "loss_before": _loss(usable.confidence, usable.right),
            "loss_after": _loss(found.apply(usable.confidence), usable.right),
        }
    )


def calibrate(predictions: pl.DataFrame, calibration: Calibration | None) -> pl.DataFrame:
    """The predictions with calibrated confidences (unchanged without a calibration)."""
    if calibration is None or not predictions.height:
        return predictions
    raw = predictions.get_column("confidence")
    adjusted = pl.Series("confidence", calibration.apply(raw.fill_null(0.5).to_numpy()), dtype=pl.Float64)
    return predictions.with_columns(confidence=pl.when(raw.is_not_null()).then(adjusted))


def answered(predictions: pl.DataFrame) -> Answered:
    """What takes part in calibration: failed rows are not counted, rows without a valid label only as rows."""
    asked = predictions.filter(pl.col("outcome") != "failed")
    kept = asked.filter(pl.col("outcome").is_in(["correct", "wrong_label"]) & pl.col("confidence").is_between(0.0, 1.0))
    return Answered(
        kept.get_column("confidence").to_numpy(), (kept.get_column("outcome") == "correct").to_numpy(), asked.height
    )


def _loss(confidence: Shares, right: NDArray[np.bool_]) -> float:
    logit = _logit(confidence)
    return float(np.logaddexp(0, np.where(right, -logit, logit)).mean())


def _logit(confidence: Shares) -> Shares:
    inside = np.clip(confidence, _EDGE, 1 - _EDGE)
    return np.asarray(np.log(inside) - np.log1p(-inside))


def _sigmoid(value: Shares) -> Shares:
    return np.asarray(np.exp(-np.logaddexp(0, -value)))

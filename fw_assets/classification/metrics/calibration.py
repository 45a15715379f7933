"""Calibration: from a model's raw confidence to the share of such answers that are right.

Memory is 12 bytes per answer with a confidence; what is computed from them is computed in blocks, unless rows share a
group.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fw_assets.classification.clusters import Groups, distinct
from fw_assets.classification.values import Frozen

Shares = NDArray[np.float64]

# Distance of confidences from 0 and 1, where their logits would be infinite.
_EPSILON = 1e-6
# Weight of the penalty, in rows.
_PRIOR_ROWS = 4.0
_BLOCK_ROWS = 65_536
# Newton's method on two parameters takes about ten steps.
_MAX_STEPS = 100


class AnswerConfidences(NamedTuple):
    """The confidences of the rows with a valid label.

    Attributes:
        hits: of right answers, sorted; misses: of wrong ones, sorted.
        rows: rows that the model answered, with a valid label or without.
        groups: of hits and misses, in their order; None where every row is a group of its own.
    """

    hits: Shares
    misses: Shares
    rows: int
    groups: tuple[Groups, Groups] | None = None

    @property
    def usable(self) -> int:
        """Rows with a valid label and a confidence."""
        return int(self.hits.size + self.misses.size)

    def at_least(self, threshold: float) -> tuple[int, int]:
        """(right answers, all answers) with at least this confidence."""
        right = self.hits.size - int(np.searchsorted(self.hits, threshold))
        return right, right + self.misses.size - int(np.searchsorted(self.misses, threshold))


class Calibration(Frozen):
    """Platt scaling of a raw confidence c: calibrated = sigmoid(logit(c) / temperature + shift).

    The shift is needed because c belongs to one answer out of many labels: a temperature alone could not move it
    across one half.

    Attributes:
        rows: the rows it was fitted on; loss_before, loss_after: mean negative log-likelihood on them, in nats.
    """

    temperature: float
    shift: float
    rows: int
    loss_before: float
    loss_after: float

    def apply(self, confidence: Shares) -> Shares:
        """Calibrated confidences, same shape."""
        calibrated = np.empty(confidence.shape, dtype=np.float64)
        for start in range(0, confidence.size, _BLOCK_ROWS):
            block = slice(start, start + _BLOCK_ROWS)
            calibrated[block] = _sigmoid(_logit(confidence[block]) / self.temperature + self.shift)
        return calibrated


def fit_calibration(validation: AnswerConfidences) -> Calibration | None:
    """Temperature and shift by penalised maximum likelihood (Platt 1999), with Newton's method.

    The penalty pulls towards temperature 1 and shift 0, so that a few rows, or rows that are all right, do not lead
    to infinite parameters.

    Returns:
        None when no row has a confidence.
    """
    rows = validation.usable
    if not rows:
        return None
    identity = np.array([1.0, 0.0])  # of 1 / temperature and shift
    weights = identity.copy()
    mean_square = sum(float((logit**2).sum()) for logit, _ in _logits(validation)) / rows
    penalty = _PRIOR_ROWS * np.array([max(1.0, mean_square), 1.0]) / 4

    def objective(at: Shares) -> float:
        loss = sum(float(np.logaddexp(0, sign * (at[0] * logit + at[1])).sum()) for logit, sign in _logits(validation))
        return loss + float((penalty * (at - identity) ** 2).sum() / 2)

    for _ in range(_MAX_STEPS):
        gradient, hessian = penalty * (weights - identity), np.diag(penalty)
        for logit, sign in _logits(validation):
            probability = _sigmoid(weights[0] * logit + weights[1])
            error, variance = probability - (sign < 0), probability * (1 - probability)
            cross = float(variance @ logit)
            gradient += [float(error @ logit), float(error.sum())]
            hessian += [[float(variance @ logit**2), cross], [cross, float(variance.sum())]]
        step = np.linalg.solve(hessian, gradient)
        length, before = 1.0, objective(weights)
        while length > 1e-8 and objective(weights - length * step) > before:
            length /= 2
        weights = weights - length * step
        if np.abs(length * step).max() < 1e-10:
            break
    # A confidence that says nothing, or the opposite, must not reverse the order of the answers.
    inverse = max(float(weights[0]), 1e-3)
    fitted = Calibration(temperature=1 / inverse, shift=float(weights[1]), rows=rows, loss_before=0, loss_after=0)
    losses = {"loss_before": _loss(validation), "loss_after": _loss(calibrate(validation, fitted))}
    return fitted.model_copy(update=losses)


def calibrate(confidences: AnswerConfidences, calibration: Calibration) -> AnswerConfidences:
    """The same answers with calibrated confidences."""
    # The last digit of a logarithm may swap two neighbours.
    hits, misses = calibration.apply(confidences.hits), calibration.apply(confidences.misses)
    return _sorted(hits, misses, confidences.rows, confidences.groups)


def answer_confidences(predictions: pl.DataFrame | Iterable[pl.DataFrame]) -> AnswerConfidences:
    """The confidences in one model's predictions; failed rows are left out, rows without a valid label only counted.

    Args:
        predictions: `outcome`, `confidence` and `group` (schema `PREDICTIONS`), whole or in parts.
    """
    rows = 0
    by_outcome = {outcome: (array("d"), array("I")) for outcome in ("correct", "wrong_label")}
    for part in (predictions,) if isinstance(predictions, pl.DataFrame) else predictions:
        rows += part.height - int((part.get_column("outcome") == "failed").sum())
        usable = part.filter(pl.col("confidence").is_between(0.0, 1.0))
        for outcome, (values, units) in by_outcome.items():
            answers = usable.filter(pl.col("outcome") == outcome)
            values.frombytes(answers.get_column("confidence").to_numpy().tobytes())
            units.frombytes(answers.get_column("group").cast(pl.UInt32).to_numpy().tobytes())
    hits, misses = (np.frombuffer(values, dtype=np.float64) for values, _ in by_outcome.values())
    groups = tuple(np.frombuffer(units, dtype=np.uint32) for _, units in by_outcome.values())
    dependent = distinct(np.concatenate(groups)) < hits.size + misses.size
    return _sorted(hits, misses, rows, (groups[0], groups[1]) if dependent else None)


def _sorted(hits: Shares, misses: Shares, rows: int, groups: tuple[Groups, Groups] | None) -> AnswerConfidences:
    if groups is None:
        hits.sort()
        misses.sort()
        return AnswerConfidences(hits, misses, rows)
    orders = [np.argsort(values, kind="stable") for values in (hits, misses)]
    return AnswerConfidences(hits[orders[0]], misses[orders[1]], rows, (groups[0][orders[0]], groups[1][orders[1]]))


def blocks(values: Shares) -> Iterator[Shares]:
    """The values in blocks of bounded size."""
    return (values[start : start + _BLOCK_ROWS] for start in range(0, values.size, _BLOCK_ROWS))


def _logits(confidences: AnswerConfidences) -> Iterator[tuple[Shares, int]]:
    """Blocks of logits, each with the sign of their loss: -1 for right answers, 1 for wrong ones."""
    for values, sign in ((confidences.hits, -1), (confidences.misses, 1)):
        for block in blocks(values):
            yield _logit(block), sign


def row_losses(confidences: Shares, is_hit: NDArray[np.bool_]) -> Shares:
    """The negative log-likelihood of every answer, in nats."""
    return np.asarray(np.logaddexp(0, np.where(is_hit, -1, 1) * _logit(confidences)))


def _loss(confidences: AnswerConfidences) -> float:
    loss = sum(float(np.logaddexp(0, sign * logit).sum()) for logit, sign in _logits(confidences))
    return loss / confidences.usable


def _logit(confidence: Shares) -> Shares:
    inside = np.clip(confidence, _EPSILON, 1 - _EPSILON)
    return np.asarray(np.log(inside) - np.log1p(-inside))


def _sigmoid(value: Shares) -> Shares:
    return np.asarray(np.exp(-np.logaddexp(0, -value)))

"""Confidence that means what it says: the share of answers that are right, fitted on validation predictions.

Of every answer that has a confidence, 8 bytes are held; whatever is computed from them passes by in blocks.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
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
_BLOCK = 65_536


class ScoredAnswers(NamedTuple):
    """The confidences of the rows with a valid label, each sorted: `hits` of right answers, `misses` of wrong ones.

    `rows`: how many rows the model answered in all.
    """

    hits: Shares
    misses: Shares
    rows: int

    @property
    def usable(self) -> int:
        """Rows with a valid label and a confidence."""
        return int(self.hits.size + self.misses.size)

    def from_confidence(self, least: float) -> tuple[int, int]:
        """How many of the answers with at least this confidence are right, and how many there are."""
        right = self.hits.size - int(np.searchsorted(self.hits, least))
        return right, right + self.misses.size - int(np.searchsorted(self.misses, least))


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
        found = np.empty(confidence.shape, dtype=np.float64)
        for start in range(0, confidence.size, _BLOCK):
            block = slice(start, start + _BLOCK)
            found[block] = _sigmoid(_logit(confidence[block]) / self.temperature + self.shift)
        return found


def fit_calibration(validation: ScoredAnswers) -> Calibration | None:
    """Fits temperature and shift by penalised maximum likelihood (Platt 1999) with Newton's method.

    The penalty draws towards leaving confidences as they are, so that a few rows, or rows that are all right,
    do not give infinite parameters.

    Args:
        validation: answers to validation rows.

    Returns:
        None when no row has a confidence.
    """
    rows = validation.usable
    if not rows:
        return None
    start = np.array([1.0, 0.0])
    weights = start.copy()
    squares = sum(float((logit**2).sum()) for logit, _ in _logits(validation)) / rows
    scale = _PRIOR_ROWS * np.array([max(1.0, squares), 1.0]) / 4

    def objective(at: Shares) -> float:
        lost = sum(float(np.logaddexp(0, sign * (at[0] * logit + at[1])).sum()) for logit, sign in _logits(validation))
        return lost + float((scale * (at - start) ** 2).sum() / 2)

    for _ in range(100):
        slope, curve = scale * (weights - start), np.diag(scale)
        for logit, sign in _logits(validation):
            likely = _sigmoid(weights[0] * logit + weights[1])
            off, spread = likely - (sign < 0), likely * (1 - likely)
            cross = float(spread @ logit)
            slope += [float(off @ logit), float(off.sum())]
            curve += [[float(spread @ logit**2), cross], [cross, float(spread.sum())]]
        step = np.linalg.solve(curve, slope)
        length, before = 1.0, objective(weights)
        while length > 1e-8 and objective(weights - length * step) > before:
            length /= 2
        weights = weights - length * step
        if np.abs(length * step).max() < 1e-10:
            break
    # A confidence that says nothing, or the opposite, must not reverse the order of answers.
    inverse = max(float(weights[0]), 1e-3)
    found = Calibration(temperature=1 / inverse, shift=float(weights[1]), rows=rows, loss_before=0, loss_after=0)
    return found.model_copy(
        update={"loss_before": _loss(validation), "loss_after": _loss(calibrate(validation, found))}
    )


def calibrate(usable: ScoredAnswers, calibration: Calibration) -> ScoredAnswers:
    """The same answers with calibrated confidences."""
    hits, misses = calibration.apply(usable.hits), calibration.apply(usable.misses)
    # In the last digit a logarithm may turn two neighbours round.
    hits.sort()
    misses.sort()
    return ScoredAnswers(hits, misses, usable.rows)


def scored_answers(predictions: pl.DataFrame | Iterable[pl.DataFrame]) -> ScoredAnswers:
    """What takes part in calibration: failed rows are not counted, rows without a valid label only as rows.

    Args:
        predictions: `outcome` and `confidence` (schema `PREDICTIONS`), whole or in parts.
    """
    rows, kept = 0, {"correct": array("d"), "wrong_label": array("d")}
    for part in (predictions,) if isinstance(predictions, pl.DataFrame) else predictions:
        rows += part.height - int((part.get_column("outcome") == "failed").sum())
        given = part.filter(pl.col("confidence").is_between(0.0, 1.0))
        for outcome, held in kept.items():
            held.frombytes(given.filter(pl.col("outcome") == outcome).get_column("confidence").to_numpy().tobytes())
    hits, misses = (np.frombuffer(held, dtype=np.float64) for held in kept.values())
    hits.sort()
    misses.sort()
    return ScoredAnswers(hits, misses, rows)


def blocks(values: Shares) -> Iterator[Shares]:
    """The values, some at a time."""
    return (values[start : start + _BLOCK] for start in range(0, values.size, _BLOCK))


def _logits(usable: ScoredAnswers) -> Iterator[tuple[Shares, int]]:
    """The logits of the confidences, with -1 where the answers are right and 1 where they are wrong."""
    for values, sign in ((usable.hits, -1), (usable.misses, 1)):
        for block in blocks(values):
            yield _logit(block), sign


def _loss(usable: ScoredAnswers) -> float:
    return sum(float(np.logaddexp(0, sign * logit).sum()) for logit, sign in _logits(usable)) / usable.usable


def _logit(confidence: Shares) -> Shares:
    inside = np.clip(confidence, _EDGE, 1 - _EDGE)
    return np.asarray(np.log(inside) - np.log1p(-inside))


def _sigmoid(value: Shares) -> Shares:
    return np.asarray(np.exp(-np.logaddexp(0, -value)))

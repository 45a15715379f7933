"""Leaving the doubtful rows to a person: calibration error, the risk-coverage curve, the threshold."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fw_assets.classification.calibration import Answered, Shares, answered
from fw_assets.classification.intervals import normal_quantile, wilson
from fw_assets.classification.values import Frozen, Interval

Counts = NDArray[np.int64]


class ReliabilityBin(Frozen):
    """Answers of similar confidence: what was claimed and what came true."""

    low: float
    high: float
    rows: int
    confidence: float
    accuracy: Interval


class RiskPoint(Frozen):
    """Answering only at `threshold` confidence or more: share of rows answered, and accuracy among them."""

    threshold: float
    coverage: float
    accuracy: Interval


class Confidence(Frozen):
    """How far a model's confidence can be trusted.

    Attributes:
        rows: rows asked; usable: rows with a valid label and a confidence.
        ece: expected calibration error over bins of equal width; brier: mean squared error.
        auroc: chance that a right answer has more confidence than a wrong one; None if all are right or wrong.
        risk: the risk-coverage curve, from answering everything usable to answering little.
    """

    rows: int
    usable: int
    ece: float | None
    brier: float | None
    auroc: float | None
    bins: tuple[ReliabilityBin, ...]
    risk: tuple[RiskPoint, ...]


class Threshold(Frozen):
    """Abstain below `threshold` to be right `wanted` of the time.

    Attributes:
        reached: a threshold reaches the wanted precision; None of the figures means anything otherwise.
        coverage: share of all rows that are answered.
        precision: share of the answered rows that are right, on the rows it was chosen on.
    """

    wanted: float
    reached: bool
    threshold: float
    coverage: float
    precision: Interval


def confidence_figures(predictions: pl.DataFrame, bins: int = 10, points: int = 50) -> Confidence:
    """Calibration error, reliability bins and the risk-coverage curve of (calibrated) predictions."""
    usable = answered(predictions)
    confidence, right = usable.confidence, usable.right
    many = right.size
    if not many:
        return Confidence(rows=usable.rows, usable=0, ece=None, brier=None, auroc=None, bins=(), risk=())
    place = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    found = []
    for index in np.unique(place).tolist():
        inside = place == index
        found.append(
            ReliabilityBin(
                low=index / bins,
                high=(index + 1) / bins,
                rows=int(inside.sum()),
                confidence=float(confidence[inside].mean()),
                accuracy=wilson(int(right[inside].sum()), int(inside.sum())),
            )
        )
    return Confidence(
        rows=usable.rows,
        usable=many,
        ece=math.fsum(bin_.rows * abs(bin_.confidence - bin_.accuracy.value) for bin_ in found) / many,
        brier=float(np.mean((confidence - right) ** 2)),
        auroc=_auroc(confidence, right),
        bins=tuple(found),
        risk=_risk_curve(usable, points),
    )


def threshold_for(validation: pl.DataFrame, wanted: float, confidence: float = 0.95) -> Threshold:
    """The lowest threshold from which the answers given are right `wanted` of the time.

    The lower Wilson bound of the precision must reach `wanted`, so that the promise holds on other rows too.

    Args:
        validation: (calibrated) predictions on validation rows; confidence: of the bound.
    """
    usable = answered(validation)
    thresholds, given, right = _cuts(usable)
    good = np.flatnonzero(_wilson_low(right, given, confidence) >= wanted)
    if not good.size:
        nothing = wilson(0, 0)
        return Threshold(wanted=wanted, reached=False, threshold=1.0, coverage=0.0, precision=nothing)
    at = int(good[-1])
    return Threshold(
        wanted=wanted,
        reached=True,
        threshold=float(thresholds[at]),
        coverage=int(given[at]) / usable.rows,
        precision=wilson(int(right[at]), int(given[at]), confidence),
    )


def _cuts(usable: Answered) -> tuple[Shares, Counts, Counts]:
    """The distinct confidences, highest first, with the rows at or above each and how many are right."""
    thresholds, place = np.unique(-usable.confidence, return_inverse=True)
    given = np.bincount(place, minlength=thresholds.size).cumsum()
    right = np.bincount(place[usable.right], minlength=thresholds.size).cumsum()
    return -thresholds, given, right


def _risk_curve(usable: Answered, points: int) -> tuple[RiskPoint, ...]:
    """At most `points` points over the whole curve, most coverage first."""
    thresholds, given, right = _cuts(usable)
    chosen = np.unique(np.linspace(0, thresholds.size - 1, points).round().astype(np.int64))
    return tuple(
        RiskPoint(
            threshold=float(thresholds[at]),
            coverage=int(given[at]) / usable.rows,
            accuracy=wilson(int(right[at]), int(given[at])),
        )
        for at in chosen[::-1].tolist()
    )


def _wilson_low(right: Counts, given: Counts, confidence: float) -> Shares:
    z = normal_quantile(confidence)
    share = right / given
    half = z * np.sqrt(share * (1 - share) / given + z * z / (4 * given.astype(np.float64) ** 2))
    return np.asarray((share + z * z / (2 * given) - half) / (1 + z * z / given))


def _auroc(confidence: Shares, right: NDArray[np.bool_]) -> float | None:
    hits, misses = int(right.sum()), int((~right).sum())
    if not hits or not misses:
        return None
    # The Mann-Whitney statistic: ties share their ranks.
    _, place, count = np.unique(confidence, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[place]
    return float((rank[right].sum() - hits * (hits + 1) / 2) / (hits * misses))

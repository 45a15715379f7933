"""Leaving the doubtful rows to a person: calibration error, the risk-coverage curve, the threshold."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from fw_assets.classification.intervals import wilson, wilson_low
from fw_assets.classification.metrics.calibration import ScoredAnswers, Shares, blocks
from fw_assets.classification.values import Frozen, Interval


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


def confidence_figures(usable: ScoredAnswers, bins: int = 10, points: int = 50) -> Confidence:
    """Calibration error, reliability bins and the risk-coverage curve of answers with (calibrated) confidences."""
    many = usable.usable
    if not many:
        return Confidence(rows=usable.rows, usable=0, ece=None, brier=None, auroc=None, bins=(), risk=())
    inside, right = np.zeros(bins, dtype=np.int64), np.zeros(bins, dtype=np.int64)
    claimed, squares = np.zeros(bins), 0.0
    for values, true in ((usable.hits, True), (usable.misses, False)):
        for block in blocks(values):
            place = np.minimum((block * bins).astype(np.int64), bins - 1)
            counted = np.bincount(place, minlength=bins)
            inside += counted
            right += counted * true
            claimed += np.bincount(place, weights=block, minlength=bins)
            squares += float(((block - true) ** 2).sum())
    found = tuple(
        ReliabilityBin(
            low=index / bins,
            high=(index + 1) / bins,
            rows=int(inside[index]),
            confidence=float(claimed[index] / inside[index]),
            accuracy=wilson(int(right[index]), int(inside[index])),
        )
        for index in np.flatnonzero(inside).tolist()
    )
    return Confidence(
        rows=usable.rows,
        usable=many,
        ece=math.fsum(bin_.rows * abs(bin_.confidence - bin_.accuracy.value) for bin_ in found) / many,
        brier=squares / many,
        auroc=_auroc(usable),
        bins=found,
        risk=_risk_curve(usable, points),
    )


def threshold_for(validation: ScoredAnswers, wanted: float, confidence: float = 0.95) -> Threshold:
    """The lowest threshold from which the answers given are right `wanted` of the time.

    The lower Wilson bound of the precision must reach `wanted`, so that the promise holds on other rows too.

    Args:
        validation: answers to validation rows with (calibrated) confidences; confidence: of the bound.
    """
    for levels in _levels(validation):
        right = validation.hits.size - np.searchsorted(validation.hits, levels)
        given = right + validation.misses.size - np.searchsorted(validation.misses, levels)
        good = np.flatnonzero(wilson_low(right, given, confidence) >= wanted)
        if good.size:
            at = int(good[0])
            return Threshold(
                wanted=wanted,
                reached=True,
                threshold=float(levels[at]),
                coverage=int(given[at]) / validation.rows,
                precision=wilson(int(right[at]), int(given[at]), confidence),
            )
    return Threshold(wanted=wanted, reached=False, threshold=1.0, coverage=0.0, precision=wilson(0, 0))


def _levels(usable: ScoredAnswers) -> Iterator[Shares]:
    """The distinct confidences, lowest first, some at a time."""
    every = np.concatenate([usable.hits, usable.misses])
    every.sort()
    last = -1.0
    for block in blocks(every):
        distinct = block[np.diff(block, prepend=last) > 0]
        last = block[-1]
        yield distinct


def _risk_curve(usable: ScoredAnswers, points: int) -> tuple[RiskPoint, ...]:
    """At most `points` points over the whole curve, most coverage first."""
    many = sum(levels.size for levels in _levels(usable))
    # Places are counted from the highest confidence down.
    chosen = many - 1 - np.unique(np.linspace(0, many - 1, points).round().astype(np.int64))[::-1]
    found, passed = [], 0
    for levels in _levels(usable):
        here = chosen[(chosen >= passed) & (chosen < passed + levels.size)] - passed
        passed += levels.size
        for threshold in levels[here].tolist():
            right, given = usable.from_confidence(threshold)
            found.append(RiskPoint(threshold=threshold, coverage=given / usable.rows, accuracy=wilson(right, given)))
    return tuple(found)


def _auroc(usable: ScoredAnswers) -> float | None:
    """The Mann-Whitney statistic: the pairs in which the right answer has more confidence, ties counting half."""
    pairs = usable.hits.size * usable.misses.size
    if not pairs:
        return None
    above = sum(
        int(np.searchsorted(usable.misses, block).sum() + np.searchsorted(usable.misses, block, side="right").sum())
        for block in blocks(usable.hits)
    )
    return above / 2 / pairs

"""Selective prediction: calibration error, risk-coverage curve, and the confidence threshold for abstaining."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from fw_assets.classification.clusters import ClusterCounter, ShareSums, independent_sums, prefix_sums
from fw_assets.classification.intervals import wilson, wilson_low
from fw_assets.classification.metrics.calibration import AnswerConfidences, Shares, blocks
from fw_assets.classification.values import Frozen, Interval


class ReliabilityBin(Frozen):
    """Answers of similar confidence: their mean confidence and their accuracy."""

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


class ConfidenceFigures(Frozen):
    """Calibration error and discrimination of a model's confidence.

    Attributes:
        rows: rows answered; usable: rows with a valid label and a confidence.
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
    """The confidence below which to abstain so that the answers given have the target precision.

    Attributes:
        wanted: the target precision.
        reached: whether a threshold reaches it; the other figures are meaningless otherwise.
        coverage: share of all rows that are answered.
        precision: share of right answers among those given, on the rows that the threshold was chosen on.
    """

    wanted: float
    reached: bool
    threshold: float
    coverage: float
    precision: Interval


def confidence_figures(confidences: AnswerConfidences, bins: int = 10, points: int = 50) -> ConfidenceFigures:
    """Calibration error, reliability bins and risk-coverage curve of (calibrated) confidences."""
    usable = confidences.usable
    if not usable:
        return ConfidenceFigures(rows=confidences.rows, usable=0, ece=None, brier=None, auroc=None, bins=(), risk=())
    sums, confidence_sums, squared_error = _bin_sums(confidences, bins)
    effects = sums.design_effects()
    rows, right = sums.rows.astype(np.int64), sums.hits.astype(np.int64)
    reliability = tuple(
        ReliabilityBin(
            low=index / bins,
            high=(index + 1) / bins,
            rows=int(rows[index]),
            confidence=float(confidence_sums[index] / rows[index]),
            accuracy=wilson(int(right[index]), int(rows[index]), design_effect=float(effects[index])),
        )
        for index in np.flatnonzero(rows).tolist()
    )
    return ConfidenceFigures(
        rows=confidences.rows,
        usable=usable,
        ece=math.fsum(item.rows * abs(item.confidence - item.accuracy.value) for item in reliability) / usable,
        brier=squared_error / usable,
        auroc=_auroc(confidences),
        bins=reliability,
        risk=_risk_curve(confidences, points),
    )


def calibration_error(confidences: AnswerConfidences, bins: int = 10) -> float:
    """The expected calibration error (ECE) over bins of equal width; there must be answers with a confidence."""
    sums, confidence_sums, _ = _bin_sums(confidences, bins)
    return float(np.abs(confidence_sums - sums.hits).sum()) / confidences.usable


def threshold_for(validation: AnswerConfidences, target_precision: float, confidence: float = 0.95) -> Threshold:
    """The lowest threshold at or above which the answers have the target precision.

    The lower Wilson bound of the precision must reach the target, so that it is likely to hold on other rows too.

    Args:
        validation: (calibrated) confidences of answers to validation rows.
        confidence: of the bound.
    """
    effects = answered_effects(validation)
    for levels in _levels(validation):
        right = validation.hits.size - np.searchsorted(validation.hits, levels)
        answered = right + validation.misses.size - np.searchsorted(validation.misses, levels)
        effect = effects[answered - 1] if effects.size else 1.0
        sufficient = np.flatnonzero(wilson_low(right, answered, confidence, effect) >= target_precision)
        if sufficient.size:
            first = int(sufficient[0])
            return Threshold(
                wanted=target_precision,
                reached=True,
                threshold=float(levels[first]),
                coverage=int(answered[first]) / validation.rows,
                precision=_share(int(right[first]), int(answered[first]), effects, confidence),
            )
    return Threshold(wanted=target_precision, reached=False, threshold=1.0, coverage=0.0, precision=wilson(0, 0))


def precision_at(confidences: AnswerConfidences, threshold: float) -> Interval | None:
    """The share of right answers among those with at least this confidence; None where there are none."""
    right, answered = confidences.at_least(threshold)
    return _share(right, answered, answered_effects(confidences), 0.95) if answered else None


def answered_effects(confidences: AnswerConfidences) -> Shares:
    """Design effects of the precision of the most confident answer, of the two most confident, and so on.

    Empty where every row is a group of its own: they are all 1.
    """
    if confidences.groups is None:
        return np.empty(0)
    order = np.argsort(-np.concatenate([confidences.hits, confidences.misses]), kind="stable")
    return prefix_sums(np.concatenate(confidences.groups)[order], order < confidences.hits.size).design_effects()


def _share(right: int, answered: int, effects: Shares, confidence: float) -> Interval:
    return wilson(right, answered, confidence, float(effects[answered - 1]) if effects.size else 1.0)


def _bin_sums(confidences: AnswerConfidences, bins: int) -> tuple[ShareSums, Shares, float]:
    """Rows and right answers of every bin, their sums of confidence, and the squared error of all."""
    rows, right = np.zeros(bins, dtype=np.int64), np.zeros(bins, dtype=np.int64)
    confidence_sums, squared_error = np.zeros(bins), 0.0
    counter = ClusterCounter()
    for side, (values, correct) in enumerate(((confidences.hits, True), (confidences.misses, False))):
        start = 0
        for block in blocks(values):
            index = np.minimum((block * bins).astype(np.int64), bins - 1)
            counts = np.bincount(index, minlength=bins)
            rows += counts
            right += counts * correct
            confidence_sums += np.bincount(index, weights=block, minlength=bins)
            squared_error += float(((block - correct) ** 2).sum())
            if confidences.groups is not None:
                groups = confidences.groups[side][start : start + block.size]
                counter.add(groups, np.full(block.size, correct), index)
            start += block.size
    sums = independent_sums(rows, right) if confidences.groups is None else counter.sums(bins)
    return sums, confidence_sums, squared_error


def _levels(confidences: AnswerConfidences) -> Iterator[Shares]:
    """The distinct confidences in ascending order, in blocks."""
    values = np.concatenate([confidences.hits, confidences.misses])
    values.sort()
    last = -1.0
    for block in blocks(values):
        distinct = block[np.diff(block, prepend=last) > 0]
        last = block[-1]
        yield distinct


def _risk_curve(confidences: AnswerConfidences, points: int) -> tuple[RiskPoint, ...]:
    """At most `points` points over the whole curve, most coverage first."""
    count = sum(levels.size for levels in _levels(confidences))
    # Positions are counted from the highest confidence down.
    positions = count - 1 - np.unique(np.linspace(0, count - 1, points).round().astype(np.int64))[::-1]
    effects = answered_effects(confidences)
    curve, start = [], 0
    for levels in _levels(confidences):
        inside = positions[(positions >= start) & (positions < start + levels.size)] - start
        start += levels.size
        for threshold in levels[inside].tolist():
            right, answered = confidences.at_least(threshold)
            coverage = answered / confidences.rows
            curve.append(
                RiskPoint(threshold=threshold, coverage=coverage, accuracy=_share(right, answered, effects, 0.95))
            )
    return tuple(curve)


def _auroc(confidences: AnswerConfidences) -> float | None:
    """The Mann-Whitney statistic: the share of pairs in which the right answer has more confidence, ties half."""
    hits, misses = confidences.hits, confidences.misses
    pairs = hits.size * misses.size
    if not pairs:
        return None
    twice_above = sum(
        int(np.searchsorted(misses, block).sum() + np.searchsorted(misses, block, side="right").sum())
        for block in blocks(hits)
    )
    return twice_above / 2 / pairs

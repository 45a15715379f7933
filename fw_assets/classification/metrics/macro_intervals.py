"""Intervals of the figures that count every label alike: macro-F1 and balanced accuracy, by groups of rows.

A mean over labels changes with every row by its influence, which is linear: a row of the label, rightly answered or
not, and an answer with the label. The variance is that of the influences' sums by group (Liang and Zeger 1986, with the
factor G / (G - 1)). A label whose rows are all right, or all wrong, would add nothing to it; the variance of each label
is therefore at least that of one more right and one more wrong row. The sums of few groups nearly cancel, and those of
one group do so wholly; the variance is therefore also at least that of labels which vary independently of one another,
each by its design effect. The interval is Wilson's, on as many rows as have this variance.

One answer to every row has a recall of 1 and of 0 on whatever rows: its balanced accuracy is 1 over the number of
labels, and its macro-F1 changes with the share p of rows that it is right on alone, as 2 p / (1 + p) over that number.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fw_assets.classification.clusters import ClusterCounter, ShareSums
from fw_assets.classification.intervals import normal_quantile, wilson, wilson_bounds
from fw_assets.classification.values import Interval

Values = NDArray[np.float64]


class MacroIntervals(NamedTuple):
    """Intervals over the labels that have rows; None where none has."""

    macro_f1: Interval | None
    balanced_accuracy: Interval | None


def macro_intervals(recall: ClusterCounter, precision: ClusterCounter, labels: int) -> MacroIntervals:
    """The intervals from the rows that have each label, and from the rows that were given it."""
    gold, given = recall.sums(labels), precision.sums(labels)
    present = gold.rows > 0
    number = int(present.sum())
    if not number:
        return MacroIntervals(None, None)
    if (constant := _constant(gold, given, number)) is not None:
        return constant
    rows, right, effects = np.maximum(gold.rows, 1), gold.hits, gold.design_effects()
    shares = right / rows
    each = np.where(present, 1 / (number * rows), 0.0)
    steady, unsteady = (right + 1) / (rows + 2), effects / rows
    balanced = _interval(
        _variance(
            [recall.weighted((1 - shares) * each, -shares * each)],
            shares * (1 - shares) * unsteady,
            steady * (1 - steady) * unsteady,
            present,
        ),
        _mean(shares, present),
        _mean(steady, present),
    )
    whole = rows + given.rows
    f1 = 2 * right / whole
    each = np.where(present, 1 / (number * whole), 0.0)
    either = np.maximum(rows + given.rows - right, 1)
    overlap, smooth, unsteady = right / either, (right + 1) / (either + 2), effects / either
    macro = _interval(
        _variance(
            [recall.weighted((2 - f1) * each, -f1 * each), precision.weighted(-f1 * each, -f1 * each)],
            _f1_variance(overlap) * unsteady,
            _f1_variance(smooth) * unsteady,
            present,
        ),
        _mean(f1, present),
        _mean(2 * smooth / (1 + smooth), present),
    )
    return MacroIntervals(macro, balanced)


def _constant(gold: ShareSums, given: ShareSums, labels: int) -> MacroIntervals | None:
    """The intervals of one answer to every row; None for other answers, and where the rows have no other label."""
    (answers,) = np.nonzero(given.rows)
    if answers.size != 1 or labels < 2 or given.rows.sum() != gold.rows.sum() or not gold.rows[answers[0]]:
        return None
    answer = int(answers[0])
    effect = float(given.design_effects()[answer])
    share = wilson(int(given.hits[answer]), int(given.rows[answer]), design_effect=effect)
    value, low, high = (2 * p / (1 + p) / labels for p in (share.value, share.low, share.high))
    exact = 1 / labels
    return MacroIntervals(Interval(value=value, low=low, high=high), Interval(value=exact, low=exact, high=exact))


def _mean(values: Values, present: NDArray[np.bool_]) -> float:
    return float(values[present].mean())


def _f1_variance(overlap: Values) -> Values:
    """The variance of F1 = 2 J / (1 + J) for one row, by that of J: right rows over rows that have or got the label."""
    return np.asarray(4 * overlap * (1 - overlap) / (1 + overlap) ** 4)


def _variance(
    parts: list[tuple[NDArray[np.uint32], Values]], own: Values, least: Values, present: NDArray[np.bool_]
) -> float:
    """The variance of a mean over labels.

    Args:
        parts: of the influences. own: each label's variance by its design effect; least: what it is at least.
    """
    number = int(present.sum())
    grouped = _group_variance(parts) + _mean(np.maximum(0.0, least - own), present) / number
    return max(grouped, _mean(np.maximum(own, least), present) / number)


def _group_variance(parts: list[tuple[NDArray[np.uint32], Values]]) -> float:
    groups, index = np.unique(np.concatenate([group for group, _ in parts]), return_inverse=True)
    sums = np.bincount(index, weights=np.concatenate([values for _, values in parts]))
    # An exact sum, so that the order of the rows changes nothing.
    return math.fsum((sums**2).tolist()) * (groups.size / (groups.size - 1) if groups.size > 1 else 1.0)


def _interval(variance: float, value: float, smooth: float) -> Interval:
    low, high = wilson_bounds(value, smooth * (1 - smooth) / variance, normal_quantile(0.95))
    return Interval(value=value, low=min(float(low), value), high=max(float(high), value))

"""Figures label by label and their means."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fw_assets.classification.intervals import wilson
from fw_assets.classification.values import Frozen, Interval

Counts = NDArray[np.int64]


class LabelScore(Frozen):
    """One label's figures; a figure whose denominator is zero is None.

    Attributes:
        support: rows that have the label; predicted: rows that were given it.
        accuracy: share of the label's rows that were given it (its recall), with the Wilson interval.
    """

    label: str
    support: int
    predicted: int
    accuracy: Interval | None
    precision: float | None
    recall: float | None
    f1: float | None


PairCount = tuple[str, str | None, int]
"""(gold, predicted, rows): how many rows of one label were given another; None: no valid label."""


def label_scores(labels: Sequence[str], right: Counts, support: Counts, predicted: Counts) -> tuple[LabelScore, ...]:
    """The figures of every label from its counts, each of shape (labels,)."""
    return tuple(
        LabelScore(
            label=label,
            support=has,
            predicted=given,
            accuracy=wilson(hit, has) if has else None,
            precision=ratio(hit, given),
            recall=ratio(hit, has),
            f1=ratio(2 * hit, has + given),
        )
        for label, hit, has, given in zip(labels, right.tolist(), support.tolist(), predicted.tolist(), strict=True)
    )


def macro_f1(scores: Sequence[LabelScore]) -> float | None:
    """The unweighted mean F1 of the labels that have rows; None when none has."""
    values = [score.f1 for score in scores if score.support and score.f1 is not None]
    return math.fsum(values) / len(values) if values else None


def weighted_f1(scores: Sequence[LabelScore]) -> float | None:
    """The mean F1 weighted by rows."""
    rows = sum(score.support for score in scores)
    return math.fsum(score.support * (score.f1 or 0.0) for score in scores) / rows if rows else None


def mean_recall(scores: Sequence[LabelScore]) -> float | None:
    """The unweighted mean recall of the labels that have rows: balanced accuracy."""
    values = [score.recall for score in scores if score.recall is not None]
    return math.fsum(values) / len(values) if values else None


def matthews(matrix: Counts) -> float | None:
    """Multi-class Matthews correlation (Gorodkin 2004) of a confusion matrix.

    Args:
        matrix: shape (labels, labels + 1), gold by predicted; the last column is "no valid label", a class
            that no row has. 0 when either side is constant, None without rows.
    """
    rows = int(matrix.sum())
    if rows == 0:
        return None
    gold = [*matrix.sum(axis=1).tolist(), 0]
    predicted = matrix.sum(axis=0).tolist()
    right = int(np.trace(matrix))
    # Python integers: the products outgrow 64 bits beyond a few billion rows.
    covariance = right * rows - sum(g * p for g, p in zip(gold, predicted, strict=True))
    spread = (rows * rows - sum(g * g for g in gold)) * (rows * rows - sum(p * p for p in predicted))
    return covariance / math.sqrt(spread) if spread else 0.0


def ratio(part: int, whole: int) -> float | None:
    """A share, None of nothing."""
    return part / whole if whole else None

"""Scores of one label: support, recall, precision and F1."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fw_assets.classification.intervals import wilson
from fw_assets.classification.values import Frozen, Interval

Counts = NDArray[np.int64]


class LabelScore(Frozen):
    """One label's scores; one whose denominator is zero is None.

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
"""(gold, predicted, rows): rows of one label that were given another; None is "no valid label"."""


def label_scores(labels: Sequence[str], right: Counts, support: Counts, predicted: Counts) -> tuple[LabelScore, ...]:
    """The scores of every label from its counts, each of shape (labels,)."""
    return tuple(
        LabelScore(
            label=label,
            support=gold,
            predicted=answered,
            accuracy=wilson(hits, gold) if gold else None,
            precision=ratio(hits, answered),
            recall=ratio(hits, gold),
            f1=ratio(2 * hits, gold + answered),
        )
        for label, hits, gold, answered in zip(
            labels, right.tolist(), support.tolist(), predicted.tolist(), strict=True
        )
    )


def ratio(part: int, whole: int) -> float | None:
    """`part` of `whole` as a share; None where `whole` is zero."""
    return part / whole if whole else None

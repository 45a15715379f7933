"""Scores of one label: support, recall, precision and F1."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fw_assets.classification.clusters import ShareSums
from fw_assets.classification.intervals import wilson
from fw_assets.classification.values import Frozen, Interval

Counts = NDArray[np.int64]


class LabelScore(Frozen):
    """One label's scores; one whose denominator is zero is None.

    Attributes:
        support: rows that have the label; predicted: rows that were given it.
        accuracy: share of the label's rows that were given it (its recall), with its interval.
        groups: of the label's rows; None in scores that were stored before groups were counted.
        precision_interval: of the rows that were given the label, the share that has it.
    """

    label: str
    support: int
    predicted: int
    accuracy: Interval | None
    precision: float | None
    recall: float | None
    f1: float | None
    groups: int | None = None
    precision_interval: Interval | None = None


PairCount = tuple[str, str | None, int]
"""(gold, predicted, rows): rows of one label that were given another; None is "no valid label"."""


def label_scores(labels: Sequence[str], recall: ShareSums, precision: ShareSums) -> tuple[LabelScore, ...]:
    """The scores of every label from the rows that have it, and from the rows that were given it."""
    columns = (
        *(column.astype(np.int64).tolist() for column in (recall.hits, recall.rows, precision.rows, recall.groups)),
        *(sums.design_effects().tolist() for sums in (recall, precision)),
    )
    return tuple(
        LabelScore(
            label=label,
            support=gold,
            predicted=answered,
            accuracy=wilson(hits, gold, design_effect=gold_effect) if gold else None,
            precision=ratio(hits, answered),
            recall=ratio(hits, gold),
            f1=ratio(2 * hits, gold + answered),
            groups=groups,
            precision_interval=wilson(hits, answered, design_effect=answered_effect) if answered else None,
        )
        for label, hits, gold, answered, groups, gold_effect, answered_effect in zip(labels, *columns, strict=True)
    )


def ratio(part: int, whole: int) -> float | None:
    """`part` of `whole` as a share; None where `whole` is zero."""
    return part / whole if whole else None

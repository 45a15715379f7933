"""Figures for rows that carry a set of labels."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from fw_assets.classification.metrics.label_codes import Codes, label_codes
from fw_assets.classification.metrics.label_scores import LabelScore, PairCount, label_scores, macro_f1, ratio
from fw_assets.classification.values import Frozen


class MultiLabelScores(Frozen):
    """Set figures, 0 to 1. A row without a valid answer counts as having predicted nothing, and as wrong.

    Attributes:
        subset_accuracy: rows whose set is exactly right.
        jaccard: mean of |both| / |either| over rows; two empty sets count 1, no valid answer 0.
        hamming: share of wrong (row, label) decisions, lower is better.
        micro_precision, micro_recall, micro_f1: over all (row, label) pairs; None when undefined.
        macro_f1: unweighted mean over the labels that have rows.
        mean_gold, mean_predicted: labels per row, to see over- and under-prediction.
    """

    subset_accuracy: float
    jaccard: float
    hamming: float
    micro_precision: float | None
    micro_recall: float | None
    micro_f1: float | None
    macro_f1: float | None
    mean_gold: float
    mean_predicted: float


class SetCounts:
    """What the set figures are made of, counted over rows that are added in parts.

    It grows with how many different sets of gold labels there are and how many pairs of labels are confused, not with
    the rows.
    """

    def __init__(self, labels: Sequence[str]) -> None:
        self.labels = tuple(labels)
        self.right, self.gold, self.predicted = (np.zeros(len(labels), dtype=np.int64) for _ in range(3))
        self._sizes: Counter[tuple[bool, int, int]] = Counter()
        self._gold_sets: Counter[tuple[int, ...]] = Counter()
        self._swapped: Counter[tuple[int, int]] = Counter()

    def add(self, answered: pl.DataFrame) -> None:
        """Count rows; `gold`, `predicted` and `outcome` are read."""
        rows, many = answered.height, len(self.labels)
        gold = _pairs(answered.get_column("gold"), self.labels, "gold")
        predicted = _pairs(answered.get_column("predicted"), self.labels, "predicted")
        right = np.intersect1d(gold, predicted, assume_unique=True)
        for counts, events in ((self.right, right), (self.gold, gold), (self.predicted, predicted)):
            counts += np.bincount(events % many, minlength=many)
        in_gold, in_predicted, in_both = (
            np.bincount(part // many, minlength=rows) for part in (gold, predicted, right)
        )
        valid = answered.get_column("outcome").cast(pl.String).is_in(["correct", "wrong_label"])
        sizes = pl.DataFrame({"valid": valid, "both": in_both, "either": in_gold + in_predicted - in_both})
        _count(self._sizes, sizes.group_by("valid", "both", "either").len())
        sets = (
            pl.DataFrame({"row": gold // many, "label": gold % many}).group_by("row", maintain_order=True).agg("label")
        )
        for labels, count in sets.group_by("label").len().iter_rows():
            self._gold_sets[tuple(labels)] += count
        self._gold_sets[()] += rows - sets.height
        missed = np.setdiff1d(gold, right, assume_unique=True)
        added = np.setdiff1d(predicted, right, assume_unique=True)
        lost = pl.DataFrame({"row": missed // many, "gold": missed % many})
        extra = pl.DataFrame({"row": added // many, "predicted": added % many})
        _count(self._swapped, lost.join(extra, on="row").group_by("gold", "predicted").len())

    def per_label(self) -> tuple[LabelScore, ...]:
        """The figures of every label."""
        return label_scores(self.labels, self.right, self.gold, self.predicted)

    def figures(self) -> MultiLabelScores:
        """The set figures."""
        rows = self._sizes.total()
        right, gold, predicted = (int(counts.sum()) for counts in (self.right, self.gold, self.predicted))
        exact = sum(count for (valid, both, either), count in self._sizes.items() if valid and both == either)
        overlap = math.fsum(
            count * (both / either if either else 1.0) for (valid, both, either), count in self._sizes.items() if valid
        )
        wrong = sum(count * (either - both) for (_, both, either), count in self._sizes.items())
        return MultiLabelScores(
            subset_accuracy=ratio(exact, rows) or 0.0,
            jaccard=overlap / rows if rows else 0.0,
            hamming=ratio(wrong, rows * len(self.labels)) or 0.0,
            micro_precision=ratio(right, predicted),
            micro_recall=ratio(right, gold),
            micro_f1=ratio(2 * right, gold + predicted),
            macro_f1=macro_f1(self.per_label()),
            mean_gold=ratio(gold, rows) or 0.0,
            mean_predicted=ratio(predicted, rows) or 0.0,
        )

    def most_frequent(self) -> int:
        """How many rows have the most frequent set of gold labels."""
        return max(self._gold_sets.values(), default=0)

    def most_swapped(self, most: int) -> tuple[PairCount, ...]:
        """The most frequent (missed, added) pairs of labels."""
        first = sorted(self._swapped.items(), key=lambda item: (-item[1], item[0]))[:most]
        return tuple((self.labels[gold], self.labels[predicted], count) for (gold, predicted), count in first)


def _count(into: Counter[Any], counted: pl.DataFrame) -> None:
    for *key, count in counted.iter_rows():
        into[tuple(key)] += count


def _pairs(column: pl.Series, labels: Sequence[str], name: str) -> Codes:
    row, label = label_codes(column, labels, name)
    return row * len(labels) + label

"""Metrics of rows that have a set of labels, and the counts that they are computed from."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import polars as pl

from fw_assets.classification.clusters import ClusterCounter, independent_sums
from fw_assets.classification.metrics.label_codes import Codes, label_codes
from fw_assets.classification.metrics.label_metrics import macro_f1
from fw_assets.classification.metrics.label_scores import LabelScore, PairCount, label_scores, ratio
from fw_assets.classification.metrics.metric import Metric, compute_metrics
from fw_assets.classification.values import Frozen


@dataclass(frozen=True)
class SetTotals:
    """Rows and (row, label) pairs of one part, counted by what one model answered.

    Attributes:
        rows: rows with an answer.
        overlap: sum over rows of labels in both sets over labels in either.
        gold, predicted: labels that rows have, and that they were given; `right` are in both sets, `wrong` in one.
        labels: size of the label set.
    """

    rows: int
    overlap: float
    gold: int
    predicted: int
    right: int
    wrong: int
    labels: int


class SetMetrics(Frozen):
    """Metrics that exist only when a row may have several labels.

    A row without a valid answer counts as having been given no label, and as wrong.
    """

    # `Metric.value` is given `SetTotals`.
    jaccard: Annotated[
        float,
        Metric(
            "Jaccard",
            ".1%",
            "The mean over rows of the labels in both sets over the labels in either; two empty sets count 1, no valid "
            "answer 0.",
            lambda totals: totals.overlap / totals.rows if totals.rows else 0.0,
        ),
    ]
    hamming: Annotated[
        float,
        Metric(
            "Hamming loss",
            ".4f",
            "The share of wrong decisions over all pairs of row and label; lower is better.",
            lambda totals: ratio(totals.wrong, totals.rows * totals.labels) or 0.0,
        ),
    ]
    micro_precision: Annotated[
        float | None,
        Metric(
            "micro-precision",
            ".3f",
            "The share of the given labels that are true.",
            lambda totals: ratio(totals.right, totals.predicted),
            shown="never",
        ),
    ]
    micro_recall: Annotated[
        float | None,
        Metric(
            "micro-recall",
            ".3f",
            "The share of the true labels that were given.",
            lambda totals: ratio(totals.right, totals.gold),
            shown="never",
        ),
    ]
    micro_f1: Annotated[
        float | None,
        Metric(
            "micro-F1",
            ".3f",
            "The balance between precision and recall over all pairs of row and label: frequent labels weigh most.",
            lambda totals: ratio(2 * totals.right, totals.gold + totals.predicted),
        ),
    ]
    mean_gold: Annotated[
        float,
        Metric(
            "labels per row, true",
            ".2f",
            "The mean number of true labels.",
            lambda totals: ratio(totals.gold, totals.rows) or 0.0,
        ),
    ]
    mean_predicted: Annotated[
        float,
        Metric(
            "labels per row, said",
            ".2f",
            "The mean number of given labels; it shows over- and under-prediction.",
            lambda totals: ratio(totals.predicted, totals.rows) or 0.0,
        ),
    ]


class MultiLabelScores(SetMetrics):
    """The set metrics as they are stored, with two that `Scores` holds as well."""

    subset_accuracy: float
    macro_f1: float | None


class SetCounts:
    """Set counts of rows that are added in parts.

    Memory: 8 bytes for each label that a row has or was given, beside the different sets of gold labels and the
    confused pairs of labels.
    """

    def __init__(self, labels: Sequence[str]) -> None:
        self.labels = tuple(labels)
        self.right, self.gold, self.predicted = (np.zeros(len(labels), dtype=np.int64) for _ in range(3))
        self._recall, self._precision = ClusterCounter(), ClusterCounter()
        self._sizes: Counter[tuple[bool, int, int]] = Counter()
        self._gold_sets: Counter[tuple[int, ...]] = Counter()
        self._swapped: Counter[tuple[int, int]] = Counter()

    def add(self, answered: pl.DataFrame) -> None:
        """Count rows, of which `gold`, `predicted`, `outcome` and `group` are read."""
        rows, many = answered.height, len(self.labels)
        gold = _pairs(answered.get_column("gold"), self.labels, "gold")
        predicted = _pairs(answered.get_column("predicted"), self.labels, "predicted")
        right = np.intersect1d(gold, predicted, assume_unique=True)
        for counts, events in ((self.right, right), (self.gold, gold), (self.predicted, predicted)):
            counts += np.bincount(events % many, minlength=many)
        groups = answered.get_column("group").to_numpy()
        for counter, events in ((self._recall, gold), (self._precision, predicted)):
            at = np.searchsorted(right, events)
            hits = right[np.minimum(at, right.size - 1)] == events if right.size else np.zeros(events.size, dtype=bool)
            counter.add(groups[events // many], hits, events % many)
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

    @property
    def counters(self) -> tuple[ClusterCounter, ClusterCounter]:
        """The rows that have each label, and those that were given it; hits are right."""
        return self._recall, self._precision

    def per_label(self, *, dependent: bool) -> tuple[LabelScore, ...]:
        """The scores of every label; `dependent`: some groups have several rows."""
        if not dependent:
            recall, precision = (independent_sums(rows, self.right) for rows in (self.gold, self.predicted))
        else:
            recall, precision = (counter.sums(len(self.labels)) for counter in (self._recall, self._precision))
        return label_scores(self.labels, recall, precision)

    def scores(self, per_label: Sequence[LabelScore]) -> MultiLabelScores:
        rows = self._sizes.total()
        exact = sum(count for (valid, both, either), count in self._sizes.items() if valid and both == either)
        overlap = math.fsum(
            count * (both / either if either else 1.0) for (valid, both, either), count in self._sizes.items() if valid
        )
        wrong = sum(count * (either - both) for (_, both, either), count in self._sizes.items())
        right, gold, predicted = (int(counts.sum()) for counts in (self.right, self.gold, self.predicted))
        totals = SetTotals(
            rows=rows,
            overlap=overlap,
            gold=gold,
            predicted=predicted,
            right=right,
            wrong=wrong,
            labels=len(self.labels),
        )
        return MultiLabelScores(
            subset_accuracy=ratio(exact, rows) or 0.0,
            macro_f1=macro_f1(per_label),
            **compute_metrics(SetMetrics, totals),
        )

    def most_frequent(self) -> int:
        """Rows with the most frequent set of gold labels."""
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

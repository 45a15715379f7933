"""Figures for rows that carry a set of labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from fw_assets.classification.counts import Codes, label_codes
from fw_assets.classification.label_scores import LabelScore, PairCount, label_scores, macro_f1, ratio
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


def score_sets(
    answered: pl.DataFrame, labels: Sequence[str], most: int
) -> tuple[MultiLabelScores, tuple[LabelScore, ...], tuple[PairCount, ...]]:
    """The set figures, the label figures, and the `most` frequent (missed, added) pairs of labels."""
    rows, many = answered.height, len(labels)
    gold = _pairs(answered.get_column("gold"), labels, "gold")
    predicted = _pairs(answered.get_column("predicted"), labels, "predicted")
    right = np.intersect1d(gold, predicted, assume_unique=True)
    in_gold, in_predicted, in_both = (np.bincount(part // many, minlength=rows) for part in (gold, predicted, right))
    per_label = label_scores(labels, *(np.bincount(part % many, minlength=many) for part in (right, gold, predicted)))
    valid = answered.get_column("outcome").is_in(["correct", "wrong_label"]).to_numpy()
    either = in_gold + in_predicted - in_both
    overlap = np.where(either == 0, 1.0, in_both / np.maximum(either, 1))
    sets = MultiLabelScores(
        subset_accuracy=float(np.mean(valid & (either == in_both))) if rows else 0.0,
        jaccard=float(np.mean(np.where(valid, overlap, 0.0))) if rows else 0.0,
        hamming=float((either - in_both).sum() / (rows * many)) if rows else 0.0,
        micro_precision=ratio(right.size, predicted.size),
        micro_recall=ratio(right.size, gold.size),
        micro_f1=ratio(2 * right.size, gold.size + predicted.size),
        macro_f1=macro_f1(per_label),
        mean_gold=gold.size / rows if rows else 0.0,
        mean_predicted=predicted.size / rows if rows else 0.0,
    )
    missed = np.setdiff1d(gold, right, assume_unique=True)
    added = np.setdiff1d(predicted, right, assume_unique=True)
    return sets, per_label, _swapped(missed, added, labels, most)


def most_frequent_set(answered: pl.DataFrame, labels: Sequence[str]) -> int:
    """How many rows have the most frequent set of gold labels."""
    row, label = label_codes(answered.get_column("gold"), labels, "gold")
    sets = pl.DataFrame({"row": row, "label": label}).group_by("row", maintain_order=True).agg("label")
    counted: list[int] = sets.group_by("label").len().get_column("len").to_list()
    return max(answered.height - sets.height, *counted, 0)


def _pairs(column: pl.Series, labels: Sequence[str], name: str) -> Codes:
    row, label = label_codes(column, labels, name)
    return row * len(labels) + label


def _swapped(missed: Codes, added: Codes, labels: Sequence[str], most: int) -> tuple[PairCount, ...]:
    many = len(labels)
    lost = pl.DataFrame({"row": missed // many, "gold": missed % many})
    extra = pl.DataFrame({"row": added // many, "predicted": added % many})
    counted = (
        lost.join(extra, on="row")
        .group_by("gold", "predicted")
        .len("rows")
        .sort("rows", "gold", "predicted", descending=[True, False, False])
        .head(most)
    )
    return tuple((labels[gold], labels[predicted], count) for gold, predicted, count in counted.iter_rows())

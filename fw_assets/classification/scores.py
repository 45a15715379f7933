"""The figures of one model on one part of the rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from fw_assets.classification.answer import OUTCOMES
from fw_assets.classification.counts import label_pair_counts
from fw_assets.classification.intervals import wilson
from fw_assets.classification.label_scores import (
    LabelScore,
    PairCount,
    label_scores,
    macro_f1,
    matthews,
    mean_recall,
    ratio,
    weighted_f1,
)
from fw_assets.classification.multilabel_scores import MultiLabelScores, most_frequent_set, score_sets
from fw_assets.classification.values import Frozen, Interval

__all__ = ["LabelScore", "MultiLabelScores", "PairCount", "Scores", "score"]

# Pairs of labels that are reported as most confused.
_MOST_CONFUSED = 20


class Scores(Frozen):
    """How well one model did. Shares are 0 to 1; intervals are 95 % Wilson intervals.

    Attributes:
        rows: rows that were to be asked.
        scored: rows with an answer from the model; the fixed denominator of every share.
        complete: every row was answered (rows that failed in transport are neither right nor wrong, and
            no verdict is drawn while there are any).
        outcomes: (outcome, rows) for every outcome, in the order of `OUTCOMES`.
        accuracy: rows with exactly the right label, or the right set of labels.
        coverage: rows with a valid label; `answered_accuracy`: accuracy among these alone.
        lenient_accuracy: accuracy if labels found inside a longer answer were accepted.
        macro_f1: unweighted mean over the labels that have rows (`labels_without_rows` are left out).
        weighted_f1: the same weighted by rows. balanced_accuracy: mean recall over the labels with rows.
        mcc: Matthews correlation with "no valid label" as a class of its own; None for multi-label.
        majority_accuracy: accuracy of always answering the most frequent label (or set) of these rows.
        confusion: (gold, predicted, rows), zeros left out; predicted is None for "no valid label". Empty for
            multi-label.
        most_confused: the largest off-diagonal pairs of labels; for multi-label, `gold` missed while
            `predicted` was added in the same row.
    """

    rows: int
    scored: int
    complete: bool
    outcomes: tuple[tuple[str, int], ...]
    accuracy: Interval
    coverage: float
    answered_accuracy: float | None
    lenient_accuracy: float
    macro_f1: float | None
    weighted_f1: float | None
    balanced_accuracy: float | None
    mcc: float | None
    majority_accuracy: float
    per_label: tuple[LabelScore, ...]
    labels_without_rows: tuple[str, ...]
    confusion: tuple[PairCount, ...]
    most_confused: tuple[PairCount, ...]
    multi: MultiLabelScores | None = None

    @property
    def headline(self) -> Interval:
        """The figure that models are ranked by: accuracy, which for multi-label is subset accuracy."""
        return self.accuracy

    def outcome(self, name: str) -> int:
        """How many rows had an outcome."""
        return dict(self.outcomes)[name]


def score(predictions: pl.DataFrame, labels: Sequence[str], multi_label: bool) -> Scores:
    """Scores one model's predictions (schema `PREDICTIONS`) over the declared label set.

    Raises:
        ValueError: a gold or predicted label is not in `labels`, an outcome is unknown, or a single-label row
            has not exactly one gold label.
    """
    labels = tuple(labels)
    outcomes = _outcomes(predictions)
    answered = predictions.filter(pl.col("outcome") != "failed")
    scored = answered.height
    correct, wrong = outcomes["correct"], outcomes["wrong_label"]
    lenient = int((answered.get_column("lenient_outcome") == "correct").sum())
    shared = {
        "rows": predictions.height,
        "scored": scored,
        "complete": scored == predictions.height and scored > 0,
        "outcomes": tuple(outcomes.items()),
        "accuracy": wilson(correct, scored),
        "coverage": ratio(correct + wrong, scored) or 0.0,
        "answered_accuracy": ratio(correct, correct + wrong),
        "lenient_accuracy": ratio(lenient, scored) or 0.0,
    }
    if multi_label:
        sets, per_label, most_confused = score_sets(answered, labels, _MOST_CONFUSED)
        return Scores(
            **shared,
            macro_f1=macro_f1(per_label),
            weighted_f1=weighted_f1(per_label),
            balanced_accuracy=mean_recall(per_label),
            mcc=None,
            majority_accuracy=ratio(most_frequent_set(answered, labels), scored) or 0.0,
            per_label=per_label,
            labels_without_rows=tuple(item.label for item in per_label if not item.support),
            confusion=(),
            most_confused=most_confused,
            multi=sets,
        )
    matrix = label_pair_counts(answered, labels)
    support = matrix.sum(axis=1)
    per_label = label_scores(labels, np.diagonal(matrix), support, matrix.sum(axis=0)[:-1])
    pairs = _pairs(matrix, labels)
    wrong_pairs = [pair for pair in pairs if pair[1] is not None and pair[0] != pair[1]]
    return Scores(
        **shared,
        macro_f1=macro_f1(per_label),
        weighted_f1=weighted_f1(per_label),
        balanced_accuracy=mean_recall(per_label),
        mcc=matthews(matrix),
        majority_accuracy=ratio(int(support.max(initial=0)), scored) or 0.0,
        per_label=per_label,
        labels_without_rows=tuple(item.label for item in per_label if not item.support),
        confusion=tuple(pairs),
        most_confused=tuple(sorted(wrong_pairs, key=lambda pair: -pair[2])[:_MOST_CONFUSED]),
    )


def _outcomes(predictions: pl.DataFrame) -> dict[str, int]:
    counted = dict(predictions.get_column("outcome").value_counts().iter_rows())
    unknown = set(counted) - set(OUTCOMES)
    if unknown:
        raise ValueError(f"unknown outcomes: {', '.join(sorted(map(str, unknown)))}")
    return {name: int(counted.get(name, 0)) for name in OUTCOMES}


def _pairs(matrix: np.ndarray[tuple[int, int], np.dtype[np.int64]], labels: tuple[str, ...]) -> list[PairCount]:
    columns = (*labels, None)
    return [(labels[row], columns[column], int(matrix[row, column])) for row, column in np.argwhere(matrix)]

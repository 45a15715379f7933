"""The figures of one model on one part of the rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from fw_assets.classification.intervals import wilson
from fw_assets.classification.metrics.label_codes import label_pair_counts
from fw_assets.classification.metrics.label_scores import (
    LabelScore,
    PairCount,
    label_scores,
    macro_f1,
    matthews,
    mean_recall,
    ratio,
    weighted_f1,
)
from fw_assets.classification.metrics.multilabel_scores import MultiLabelScores, SetCounts
from fw_assets.classification.prompting.answer_parser import OUTCOMES
from fw_assets.classification.values import Frozen, Interval

__all__ = ["SCORED", "LabelScore", "MultiLabelScores", "PairCount", "Scores", "Tally", "score"]

SCORED = ("gold", "predicted", "outcome", "lenient_outcome")
"""The columns of predictions that the figures are counted from."""

# Pairs of labels that are reported as most confused.
_MAX_CONFUSED = 20
# Rows counted at a time.
CHUNK_ROWS = 50_000


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
    tally = Tally(labels, multi_label)
    for part in predictions.select(SCORED).iter_slices(CHUNK_ROWS):
        tally.add(part)
    return tally.scores()


class Tally:
    """The figures of rows that are added in parts: as if they were scored together, in memory that they do not fill.

    Of single labels the counts of (gold, predicted) are held, of sets what `SetCounts` holds.
    """

    def __init__(self, labels: Sequence[str], multi_label: bool) -> None:
        self._labels = tuple(labels)
        self._outcomes: Counter[str] = Counter()
        self._lenient = 0
        self._sets = SetCounts(self._labels) if multi_label else None
        self._matrix = np.zeros((len(self._labels), len(self._labels) + 1), dtype=np.int64)

    def add(self, part: pl.DataFrame) -> None:
        """Count predictions, of which the columns `SCORED` are read.

        Raises:
            ValueError: as `score`.
        """
        self._outcomes.update(dict(part.get_column("outcome").value_counts().iter_rows()))
        unknown = self._outcomes.keys() - set(OUTCOMES)
        if unknown:
            raise ValueError(f"unknown outcomes: {', '.join(sorted(map(str, unknown)))}")
        answered = part.filter(pl.col("outcome") != "failed")
        self._lenient += int((answered.get_column("lenient_outcome") == "correct").sum())
        if self._sets is not None:
            self._sets.add(answered)
        else:
            self._matrix += label_pair_counts(answered, self._labels)

    def scores(self) -> Scores:
        """The figures of the rows so far."""
        rows = self._outcomes.total()
        scored = rows - self._outcomes["failed"]
        correct, wrong = self._outcomes["correct"], self._outcomes["wrong_label"]
        shared = {
            "rows": rows,
            "scored": scored,
            "complete": scored == rows and scored > 0,
            "outcomes": tuple((name, self._outcomes[name]) for name in OUTCOMES),
            "accuracy": wilson(correct, scored),
            "coverage": ratio(correct + wrong, scored) or 0.0,
            "answered_accuracy": ratio(correct, correct + wrong),
            "lenient_accuracy": ratio(self._lenient, scored) or 0.0,
        }
        return Scores(**shared, **(self._of_labels(scored) if self._sets is None else _of_sets(self._sets, scored)))

    def _of_labels(self, scored: int) -> dict[str, Any]:
        matrix = self._matrix
        support = matrix.sum(axis=1)
        pairs = _pairs(matrix, self._labels)
        wrong = [pair for pair in pairs if pair[1] is not None and pair[0] != pair[1]]
        return {
            **_means(label_scores(self._labels, np.diagonal(matrix), support, matrix.sum(axis=0)[:-1])),
            "mcc": matthews(matrix),
            "majority_accuracy": ratio(int(support.max(initial=0)), scored) or 0.0,
            "confusion": tuple(pairs),
            "most_confused": tuple(sorted(wrong, key=lambda pair: -pair[2])[:_MAX_CONFUSED]),
        }


def _of_sets(sets: SetCounts, scored: int) -> dict[str, Any]:
    return {
        **_means(sets.per_label()),
        "mcc": None,
        "majority_accuracy": ratio(sets.most_frequent(), scored) or 0.0,
        "confusion": (),
        "most_confused": sets.most_swapped(_MAX_CONFUSED),
        "multi": sets.figures(),
    }


def _means(per_label: tuple[LabelScore, ...]) -> dict[str, Any]:
    return {
        "macro_f1": macro_f1(per_label),
        "weighted_f1": weighted_f1(per_label),
        "balanced_accuracy": mean_recall(per_label),
        "per_label": per_label,
        "labels_without_rows": tuple(item.label for item in per_label if not item.support),
    }


def _pairs(matrix: np.ndarray[tuple[int, int], np.dtype[np.int64]], labels: tuple[str, ...]) -> list[PairCount]:
    columns = (*labels, None)
    return [(labels[row], columns[column], int(matrix[row, column])) for row, column in np.argwhere(matrix)]

"""The scores of one model on one part of the rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import polars as pl

from fw_assets.classification.clusters import ClusterCounter, independent_sums
from fw_assets.classification.intervals import wilson
from fw_assets.classification.metrics.label_codes import single_codes
from fw_assets.classification.metrics.label_metrics import LabelCounts, LabelMetrics
from fw_assets.classification.metrics.label_scores import Counts, LabelScore, PairCount, label_scores
from fw_assets.classification.metrics.macro_intervals import macro_intervals
from fw_assets.classification.metrics.metric import compute_metrics
from fw_assets.classification.metrics.multilabel_scores import MultiLabelScores, SetCounts
from fw_assets.classification.prompting.outcomes import OUTCOMES
from fw_assets.classification.values import Interval

SCORED_COLUMNS = ("gold", "predicted", "outcome", "lenient_outcome", "group")
"""The columns of predictions that are counted."""

# Pairs of labels that are reported as most confused.
_MAX_CONFUSED = 20
# Rows counted at a time.
CHUNK_ROWS = 50_000


class Scores(LabelMetrics):
    """The metrics and counts of one model. Shares are 0 to 1; intervals are 95 % and count groups of rows as units.

    Attributes:
        rows: rows that were to be asked.
        scored: rows with an answer from the model; the fixed denominator of every share.
        complete: every row was answered (rows that failed in transport are neither right nor wrong, and
            no verdict is drawn while there are any).
        outcomes: (outcome, rows) for every outcome, in the order of `OUTCOMES`.
        accuracy: rows with exactly the right label, or the right set of labels.
        confusion: (gold, predicted, rows), zeros left out; predicted is None for "no valid label". Empty for
            multi-label.
        most_confused: the largest off-diagonal pairs of labels; for multi-label, `gold` missed while
            `predicted` was added in the same row.
        groups: of the scored rows: distinct texts or conversations; None in scores that were stored before groups were
            counted.
        multi: metrics of label sets; None for single-label.
        macro_f1_interval, balanced_accuracy_interval: None without rows, and in scores that were stored before they
            were computed.
    """

    rows: int
    scored: int
    complete: bool
    outcomes: tuple[tuple[str, int], ...]
    accuracy: Interval
    per_label: tuple[LabelScore, ...]
    labels_without_rows: tuple[str, ...]
    confusion: tuple[PairCount, ...]
    most_confused: tuple[PairCount, ...]
    multi: MultiLabelScores | None = None
    groups: int | None = None
    macro_f1_interval: Interval | None = None
    balanced_accuracy_interval: Interval | None = None

    @property
    def headline(self) -> Interval:
        """The figure that models are ranked by: accuracy, which for multi-label is subset accuracy."""
        return self.accuracy

    def outcome(self, name: str) -> int:
        """Rows with an outcome."""
        return dict(self.outcomes)[name]


def score(predictions: pl.DataFrame, labels: Sequence[str], multi_label: bool) -> Scores:
    """Scores one model's predictions (schema `PREDICTIONS`) over the declared label set.

    Raises:
        ValueError: a gold or predicted label is not in `labels`, an outcome is unknown, or a single-label row
            has not exactly one gold label.
    """
    tally = Tally(labels, multi_label)
    for part in predictions.select(SCORED_COLUMNS).iter_slices(CHUNK_ROWS):
        tally.add(part)
    return tally.scores()


class Tally:
    """Scores of rows that are added in parts: the same as if they were scored together, without holding them.

    It holds counts (of single labels those of (gold, predicted), of sets those of `SetCounts`), and of every row and
    every label of a row the group and whether it is right, 8 bytes each.
    """

    def __init__(self, labels: Sequence[str], multi_label: bool) -> None:
        self._labels = tuple(labels)
        self._outcomes: Counter[str] = Counter()
        self._lenient = 0
        self._sets = SetCounts(self._labels) if multi_label else None
        self._right, self._recall, self._precision = ClusterCounter(), ClusterCounter(), ClusterCounter()
        self._matrix = np.zeros((len(self._labels), len(self._labels) + 1), dtype=np.int64)

    def add(self, part: pl.DataFrame) -> None:
        """Count predictions, of which the columns `SCORED_COLUMNS` are read.

        Raises:
            ValueError: as `score`.
        """
        self._outcomes.update(dict(part.get_column("outcome").value_counts().iter_rows()))
        unknown = self._outcomes.keys() - set(OUTCOMES)
        if unknown:
            raise ValueError(f"unknown outcomes: {', '.join(sorted(map(str, unknown)))}")
        answered = part.filter(pl.col("outcome") != "failed")
        self._lenient += int((answered.get_column("lenient_outcome") == "correct").sum())
        groups = answered.get_column("group").to_numpy()
        self._right.add(groups, (answered.get_column("outcome") == "correct").to_numpy())
        if self._sets is not None:
            self._sets.add(answered)
            return
        many = len(self._labels)
        gold, predicted = single_codes(answered, self._labels)
        self._matrix += np.bincount(gold * (many + 1) + predicted, minlength=self._matrix.size).reshape(many, many + 1)
        valid = predicted < many
        self._recall.add(groups, gold == predicted, gold)
        self._precision.add(groups[valid], (gold == predicted)[valid], predicted[valid])

    def scores(self) -> Scores:
        rows = self._outcomes.total()
        scored = rows - self._outcomes["failed"]
        correct, wrong = self._outcomes["correct"], self._outcomes["wrong_label"]
        right = self._right.sums()
        dependent = bool(right.groups[0] < right.rows[0])
        matrix: Counts | None = None
        confusion: tuple[PairCount, ...] = ()
        if self._sets is None:
            matrix = self._matrix
            support = matrix.sum(axis=1)
            hits, given = np.diagonal(matrix), matrix.sum(axis=0)[:-1]
            per_label = label_scores(
                self._labels,
                self._recall.sums(len(self._labels)) if dependent else independent_sums(support, hits),
                self._precision.sums(len(self._labels)) if dependent else independent_sums(given, hits),
            )
            most_frequent = int(support.max(initial=0))
            confusion = _confusion(matrix, self._labels)
            mistakes = [pair for pair in confusion if pair[1] is not None and pair[0] != pair[1]]
            most_confused = tuple(sorted(mistakes, key=lambda pair: -pair[2])[:_MAX_CONFUSED])
        else:
            per_label, most_frequent = self._sets.per_label(dependent=dependent), self._sets.most_frequent()
            most_confused = self._sets.most_swapped(_MAX_CONFUSED)
        counters = self._sets.counters if self._sets is not None else (self._recall, self._precision)
        intervals = macro_intervals(*counters, len(self._labels))
        counts = LabelCounts(
            scored=scored,
            valid=correct + wrong,
            correct=correct,
            lenient=self._lenient,
            most_frequent=most_frequent,
            per_label=per_label,
            matrix=matrix,
        )
        return Scores(
            rows=rows,
            scored=scored,
            complete=scored == rows and scored > 0,
            outcomes=tuple((name, self._outcomes[name]) for name in OUTCOMES),
            accuracy=wilson(correct, scored, design_effect=float(right.design_effects()[0])),
            groups=int(right.groups[0]),
            per_label=per_label,
            labels_without_rows=tuple(item.label for item in per_label if not item.support),
            confusion=confusion,
            most_confused=most_confused,
            multi=self._sets.scores(per_label) if self._sets is not None else None,
            macro_f1_interval=intervals.macro_f1,
            balanced_accuracy_interval=intervals.balanced_accuracy,
            **compute_metrics(LabelMetrics, counts),
        )


def _confusion(matrix: Counts, labels: tuple[str, ...]) -> tuple[PairCount, ...]:
    answers = (*labels, None)
    return tuple((labels[row], answers[column], int(matrix[row, column])) for row, column in np.argwhere(matrix))

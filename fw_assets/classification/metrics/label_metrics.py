"""Metrics of one model over all labels, and what they are computed from.

A new one needs a field below, with ` = None` after it, so that scores that were stored before it can still be read.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from fw_assets.classification.metrics.label_scores import Counts, LabelScore, ratio
from fw_assets.classification.metrics.metric import Metric
from fw_assets.classification.values import Frozen


@dataclass(frozen=True)
class LabelCounts:
    """Rows of one part, counted by what one model answered.

    Attributes:
        scored: rows with an answer; of these, `valid` have a valid label, `correct` exactly the right one, and
            `lenient` are right if a label inside a longer answer counts.
        most_frequent: scored rows with the most frequent label, or set of labels.
        matrix: gold by predicted, shape (labels, labels + 1); the last column is "no valid label". None for
            multi-label.
    """

    scored: int
    valid: int
    correct: int
    lenient: int
    most_frequent: int
    per_label: tuple[LabelScore, ...]
    matrix: Counts | None


class LabelMetrics(Frozen):
    """Metrics of single-label and multi-label data."""

    # `Metric.value` is given `LabelCounts`.
    coverage: Annotated[
        float,
        Metric(
            "coverage",
            ".1%",
            "The share of rows that got a valid label at all.",
            lambda counts: ratio(counts.valid, counts.scored) or 0.0,
        ),
    ]
    answered_accuracy: Annotated[
        float | None,
        Metric(
            "accuracy of valid answers",
            ".1%",
            "Accuracy among the rows that got a valid label.",
            lambda counts: ratio(counts.correct, counts.valid),
            shown="never",
        ),
    ]
    lenient_accuracy: Annotated[
        float,
        Metric(
            "lenient",
            ".1%",
            "Accuracy if an answer counts that states one label in its own words. The headline is the strict figure.",
            lambda counts: ratio(counts.lenient, counts.scored) or 0.0,
        ),
    ]
    macro_f1: Annotated[
        float | None,
        Metric(
            "macro-F1",
            ".3f",
            "The mean over labels of the balance between precision and recall: rare labels weigh as much as frequent "
            "ones.",
            lambda counts: macro_f1(counts.per_label),
        ),
    ]
    weighted_f1: Annotated[
        float | None,
        Metric(
            "weighted F1",
            ".3f",
            "As macro-F1, with each label weighted by its rows.",
            lambda counts: weighted_f1(counts.per_label),
            shown="never",
        ),
    ]
    balanced_accuracy: Annotated[
        float | None,
        Metric(
            "balanced accuracy",
            ".1%",
            "The mean over labels of the share of their rows that was given them.",
            lambda counts: mean_recall(counts.per_label),
            shown="single-label",
        ),
    ]
    mcc: Annotated[
        float | None,
        Metric(
            "MCC",
            ".3f",
            "Matthews' correlation of true and given labels (Gorodkin 2004), with “no valid label” as a class of its "
            "own: 1 is perfect, 0 no better than chance.",
            lambda counts: None if counts.matrix is None else matthews(counts.matrix),
            shown="single-label",
        ),
    ]
    majority_accuracy: Annotated[
        float,
        Metric(
            "majority",
            ".1%",
            "The accuracy of always answering the most frequent label, in a report that of the training rows; a model "
            "near it has learned little.",
            lambda counts: ratio(counts.most_frequent, counts.scored) or 0.0,
        ),
    ]


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

"""Thresholds of labels from the validation rows; the embedded platform has the same rules for the models it trains.

Probabilities and truths have the shape (rows, labels).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fw_assets.classification.label_thresholds import DEFAULT_THRESHOLD, LabelThresholds, ThresholdRule
from fw_assets.classification.metrics.calibration import AnswerConfidences, fit_calibration
from fw_assets.classification.metrics.cross_fit import FOLDS
from fw_assets.classification.prompting.answer_parser import PROBABILITIES

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

JACCARD_LEVELS = np.linspace(0.1, 0.7, 25)
MACRO_LEVELS = np.linspace(0.02, 0.9, 89)
MAX_THRESHOLD = 0.9
PRIOR_ROWS = 100.0
"""Rows with a label at which the rows and the probabilities count alike in the label's F1."""
TOLERANCE = 0.01
"""Share of its best F1 that a label may lose to a higher threshold, which says fewer labels that are not true."""
_DIGITS = 4


class ValidationSets(NamedTuple):
    """Validation rows of several labels whose probabilities are known.

    Attributes:
        groups: the number of each row's group; rows of one group are never on both sides of a cross-fit.
    """

    labels: tuple[str, ...]
    ids: tuple[str, ...]
    groups: NDArray[np.integer]
    probability: Floats
    truth: Flags

    def where(self, chosen: Flags) -> ValidationSets:
        """Some of the rows."""
        ids = tuple(id for id, kept in zip(self.ids, chosen, strict=True) if kept)
        return ValidationSets(self.labels, ids, self.groups[chosen], self.probability[chosen], self.truth[chosen])


def validation_sets(predictions: Iterable[pl.DataFrame], labels: Sequence[str]) -> ValidationSets | None:
    """The rows of predictions (schema `PREDICTIONS`) that have probabilities; None where none has.

    Of many labels the most probable ones are kept; the others count as 0.
    """
    place = {label: column for column, label in enumerate(labels)}
    ids, groups, rows = list[str](), list[int](), list[tuple[list[int], list[float], list[int]]]()
    for batch in predictions:
        if PROBABILITIES not in batch.columns:
            continue
        for id, gold, group, told in batch.select("id", "gold", "group", PROBABILITIES).iter_rows():
            if told:
                ids.append(id)
                groups.append(group)
                true = [place[label] for label in gold if label in place]
                rows.append(([place[item["label"]] for item in told], [item["p"] for item in told], true))
    if not ids:
        return None
    probability, truth = np.zeros((len(ids), len(place))), np.zeros((len(ids), len(place)), np.bool_)
    for number, (columns, values, true) in enumerate(rows):
        probability[number, columns] = values
        truth[number, true] = True
    return ValidationSets(tuple(labels), tuple(ids), np.array(groups), probability, truth)


def fit_thresholds(rows: ValidationSets, rule: ThresholdRule, *, allow_empty: bool) -> LabelThresholds:
    """The thresholds that fit the rows best.

    Args:
        allow_empty: whether a row may have no label.
    """
    probability, truth = rows.probability, rows.truth
    if rule == "shared":
        best = best_by_jaccard(probability, truth, allow_empty)
        return LabelThresholds(rule=rule, shared=best, allow_empty=allow_empty)
    shared = best_by_macro_f1(probability, truth, allow_empty)
    found = LabelThresholds(rule=rule, shared=shared, allow_empty=allow_empty)
    if rule == "macro-f1":
        return found
    expected = _calibrated(probability, truth)
    own = [
        (label, fit_label(probability[:, column], expected[:, column], truth[:, column], lowest=shared / 2))
        for column, label in enumerate(rows.labels)
    ]
    by_label = tuple((label, round(threshold, _DIGITS)) for label, threshold in own if threshold is not None)
    return found.model_copy(update={"by_label": by_label})


def cross_fitted(rows: ValidationSets, rule: ThresholdRule, *, allow_empty: bool) -> dict[str, LabelThresholds]:
    """For each row, by its id, the thresholds of the other folds alone, so that no row is judged by its own.

    With fewer groups than folds all rows have thresholds that were fitted on all.
    """
    numbers = np.unique(rows.groups, return_inverse=True)[1].ravel()
    if not numbers.size or numbers.max() + 1 < FOLDS:
        return dict.fromkeys(rows.ids, fit_thresholds(rows, rule, allow_empty=allow_empty))
    fold = numbers % FOLDS
    fitted = [fit_thresholds(rows.where(fold != held_out), rule, allow_empty=allow_empty) for held_out in range(FOLDS)]
    return {id: fitted[number] for id, number in zip(rows.ids, fold, strict=True)}


def fitted_and_crossed(
    rows: ValidationSets, rule: ThresholdRule, allow_empty: bool
) -> tuple[LabelThresholds, dict[str, LabelThresholds]]:
    """The thresholds of all rows, and those by which each of the rows is judged itself, by its id."""
    return fit_thresholds(rows, rule, allow_empty=allow_empty), cross_fitted(rows, rule, allow_empty=allow_empty)


def choose_sets(probability: Floats, thresholds: Floats | float, *, allow_empty: bool) -> Flags:
    """The labels at or above their thresholds; without `allow_empty` at least each row's most probable label."""
    chosen = probability >= thresholds
    if not allow_empty and chosen.size:
        chosen[np.arange(len(chosen)), probability.argmax(axis=1)] = True
    return np.asarray(chosen, np.bool_)


def best_by_jaccard(probability: Floats, truth: Flags, allow_empty: bool) -> float:
    """The threshold of all labels with the largest mean Jaccard index; two empty sets count as equal."""

    def jaccard(level: float) -> float:
        chosen = choose_sets(probability, level, allow_empty=allow_empty)
        union = (chosen | truth).sum(axis=1)
        shared = (chosen & truth).sum(axis=1)
        return float(np.where(union == 0, 1.0, shared / np.maximum(union, 1)).mean())

    if not len(probability):
        return DEFAULT_THRESHOLD
    return _best([(jaccard(level), level) for level in JACCARD_LEVELS.tolist()])


def best_by_macro_f1(probability: Floats, truth: Flags, allow_empty: bool) -> float:
    """The threshold of all labels with the largest mean F1 over the labels that have rows."""
    if not truth.any():
        return DEFAULT_THRESHOLD

    def score(level: float) -> float:
        return macro_f1(choose_sets(probability, level, allow_empty=allow_empty), truth)

    return _best([(score(level), level) for level in MACRO_LEVELS.tolist()])


def macro_f1(chosen: Flags, truth: Flags) -> float:
    """The mean F1 over the labels that have rows; there is one."""
    sizes = truth.sum(axis=0)
    f1 = 2 * (chosen & truth).sum(axis=0) / np.maximum(chosen.sum(axis=0) + sizes, 1)
    return float(f1[sizes > 0].mean())


def _best(scored: Sequence[tuple[float, float]]) -> float:
    """The threshold with the best score, the first of several."""
    best, chosen = scored[0]
    for score, level in scored[1:]:
        if score > best + 1e-12:
            best, chosen = score, level
    return round(chosen, _DIGITS)


def fit_label(probability: Floats, expected: Floats, is_true: Flags, *, lowest: float) -> float | None:
    """The threshold of one label: the highest at which its F1 is within `TOLERANCE` of the best, from `lowest` on.

    A label with few rows has a noisy F1, and the best threshold of calibrated probabilities follows from these alone
    (Lipton, Elkan and Naryanaswamy 2014). So the truth of a row is drawn towards what is expected of it, by as much as
    the rows with the label are fewer than `PRIOR_ROWS`.

    Args:
        probability, expected, is_true: shape (rows,); `expected` is the calibrated probability.
        lowest: half of the best threshold for all labels: one that is lower is noise.

    Returns:
        None where no row reaches the lowest one.
    """
    if not (probability >= lowest).any():
        return None
    rows = float(is_true.sum())
    truth = (rows * is_true + PRIOR_ROWS * expected) / (rows + PRIOR_ROWS)
    order = np.argsort(-probability, kind="stable")
    levels, truth = probability[order], truth[order]
    f1 = 2 * np.cumsum(truth) / (np.arange(1, levels.size + 1) + truth.sum())
    # A threshold between two equal probabilities does not divide them.
    f1[:-1][levels[:-1] == levels[1:]] = 0.0
    f1[levels < lowest] = 0.0
    if f1.max() == 0:
        return None
    last = int(np.flatnonzero(f1 >= (1 - TOLERANCE) * f1.max())[0])
    below = levels[last + 1] if last + 1 < levels.size else levels[last]
    return float(np.clip((levels[last] + below) / 2, lowest, max(lowest, MAX_THRESHOLD)))


def _calibrated(probability: Floats, truth: Flags) -> Floats:
    """The probabilities by one temperature and one shift for all labels (Platt 1999)."""
    answers = AnswerConfidences(np.sort(probability[truth]), np.sort(probability[~truth]), probability.size)
    fitted = fit_calibration(answers)
    return probability if fitted is None else fitted.apply(probability.ravel()).reshape(probability.shape)

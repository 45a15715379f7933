"""Label choices of a request, and sets of labels by their probabilities: with thresholds that training fits.

Probabilities and targets are (rows, labels).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from fw_assets.embedded.engine.errors import EngineError
from fw_assets.embedded.engine.losses import Floats, Logits

ThresholdRule = Literal["per-label", "shared", "macro-f1"]
"""One threshold per label, or one for all: the one with the best Jaccard index, or the one with the best macro-F1."""
THRESHOLD_RULES: tuple[ThresholdRule, ...] = get_args(ThresholdRule)
DEFAULT_RULE: ThresholdRule = "per-label"
_BASE_SET_SHARE = 0.5
DEFAULT_THRESHOLD = 0.5
_SHARED = np.linspace(0.1, 0.7, 25)
_MACRO_LEVELS = np.linspace(0.02, 0.9, 89)
MAX_THRESHOLD = 0.9
PRIOR_ROWS = 100.0
"""Rows with a label at which the rows and the model's own probabilities count alike in the label's F1."""
TOLERANCE = 0.01
"""Share of its best F1 that a label may lose to a higher threshold, which says fewer labels that are not true."""


def check_candidates(labels: Sequence[str] | None) -> tuple[str, ...]:
    """The label choices of a base model.

    Raises:
        EngineError: there are none, or some repeat.
    """
    if not labels:
        raise EngineError("a base model needs the label choices, and there are none")
    if len(set(labels)) != len(labels):
        repeated = sorted(label for label, count in Counter(labels).items() if count > 1)
        raise EngineError("the label choices repeat: " + ", ".join(repeated))
    return tuple(labels)


def likely_sets(log_probabilities: NDArray[np.float64], labels: Sequence[str]) -> list[tuple[str, ...]]:
    """Every label at least half as probable as the text's most probable one; never empty."""
    probability = np.exp(log_probabilities)
    return label_sets(probability >= _BASE_SET_SHARE * probability.max(axis=1, keepdims=True), labels)


def label_sets(is_chosen: NDArray[np.bool_], labels: Sequence[str]) -> list[tuple[str, ...]]:
    return [tuple(label for label, chosen in zip(labels, row, strict=True) if chosen) for row in is_chosen]


@dataclass(frozen=True)
class SetThresholds:
    """Thresholds of label sets.

    Attributes:
        shared: of labels that have none of their own.
        by_label: of labels that do; models of earlier versions have none.
    """

    shared: float = DEFAULT_THRESHOLD
    by_label: Mapping[str, float] | None = None

    @classmethod
    def of_manifest(cls, manifest: Mapping[str, Any]) -> SetThresholds:
        return cls(manifest["threshold"], manifest.get("thresholds"))

    def stored(self) -> dict[str, Any]:
        """The entries of a manifest; an earlier version reads the shared one."""
        return {"threshold": self.shared, "thresholds": None if self.by_label is None else dict(self.by_label)}

    def of(self, labels: Sequence[str]) -> Floats:
        """The threshold of each label, shape (labels,)."""
        own = self.by_label or {}
        return np.array([own.get(label, self.shared) for label in labels], np.float64)

    def choose(self, probability: Floats, labels: Sequence[str], allow_empty: bool) -> NDArray[np.bool_]:
        """The labels at or above their thresholds; without `allow_empty` at least each row's most probable label."""
        return choose_sets(probability, self.of(labels), allow_empty)


def choose_sets(probability: Floats, threshold: Floats | float, allow_empty: bool) -> NDArray[np.bool_]:
    """As `SetThresholds.choose`, for one threshold or one per column."""
    is_chosen = probability >= threshold
    if not allow_empty:
        is_chosen[np.arange(len(probability)), probability.argmax(axis=1)] = True
    return np.asarray(is_chosen, np.bool_)


def fit_thresholds(
    probability: Floats,
    target: Logits,
    weight: Floats,
    labels: Sequence[str],
    allow_empty: bool,
    rule: ThresholdRule = DEFAULT_RULE,
) -> SetThresholds:
    """Thresholds for labels, which are the first columns; what is beyond them is only counted in the shared one."""
    if rule == "shared":
        return SetThresholds(fit_shared(probability, target, weight, allow_empty))
    weights = weight / weight.mean()
    shared = fit_shared_macro(probability, target, weights, allow_empty)
    if rule == "macro-f1":
        return SetThresholds(shared)
    own = {
        label: fit_label(probability[:, column], target[:, column] > 0, weights, shared / 2)
        for column, label in enumerate(labels)
    }
    return SetThresholds(shared, {label: threshold for label, threshold in own.items() if threshold is not None})


def fit_label(probability: Floats, is_true: NDArray[np.bool_], weight: Floats, lowest: float) -> float | None:
    """The threshold of one label: the highest at which its F1 is within `TOLERANCE` of the best, from `lowest` on.

    A label with few rows has a noisy F1, and the best threshold of a calibrated model follows from its probabilities
    alone (Lipton, Elkan and Naryanaswamy 2014). So the truth of a row is drawn towards its probability, by as much as
    the rows with the label are fewer than `PRIOR_ROWS`. The arrays have shape (rows,).

    Args:
        lowest: half of the best threshold for all labels: one that is lower is noise.

    Returns:
        None where no row reaches the lowest one.
    """
    rows = float(weight[is_true].sum())
    truth = (rows * is_true + PRIOR_ROWS * probability) / (rows + PRIOR_ROWS)
    order = np.argsort(-probability, kind="stable")
    levels, truth, weight = probability[order], (truth * weight)[order], weight[order]
    f1 = 2 * np.cumsum(truth) / (np.cumsum(weight) + truth.sum())
    # A threshold between two equal probabilities does not divide them.
    f1[:-1][levels[:-1] == levels[1:]] = 0.0
    f1[levels < lowest] = 0.0
    sufficient = np.flatnonzero(f1 >= (1 - TOLERANCE) * f1.max())
    last = int(sufficient[0])
    if f1[last] == 0:
        return None
    below = levels[last + 1] if last + 1 < levels.size else levels[last]
    return float(np.clip((levels[last] + below) / 2, lowest, max(lowest, MAX_THRESHOLD)))


def fit_shared_macro(probability: Floats, target: Logits, weight: Floats, allow_empty: bool) -> float:
    """The threshold of all labels with the largest weighted mean F1 over the labels that have rows."""
    truth = target > 0
    sizes = weight @ truth
    if not sizes.any():
        return DEFAULT_THRESHOLD

    def macro_f1(threshold: float) -> float:
        is_chosen = choose_sets(probability, threshold, allow_empty)
        f1 = 2 * (weight @ (is_chosen & truth)) / np.maximum(weight @ is_chosen + sizes, 1e-12)
        return float(f1[sizes > 0].mean())

    return _best(macro_f1, _MACRO_LEVELS)


def fit_shared(probability: Floats, target: Logits, weight: Floats, allow_empty: bool) -> float:
    """The threshold of all labels with the largest weighted mean Jaccard index; two empty sets count as equal."""
    truth = target > 0

    def jaccard(threshold: float) -> float:
        is_chosen = choose_sets(probability, threshold, allow_empty)
        union = (is_chosen | truth).sum(axis=1)
        shares = np.where(union == 0, 1.0, (is_chosen & truth).sum(axis=1) / np.maximum(union, 1))
        return float(np.average(shares, weights=weight))

    return _best(jaccard, _SHARED)


def _best(score: Callable[[float], float], thresholds: NDArray[np.float64]) -> float:
    """The threshold with the best score, the first of several."""
    best_threshold, best_score = DEFAULT_THRESHOLD, -1.0
    for threshold in thresholds.tolist():
        found = score(threshold)
        if found > best_score + 1e-12:
            best_threshold, best_score = threshold, found
    return best_threshold

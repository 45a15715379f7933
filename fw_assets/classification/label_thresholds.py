"""Thresholds of labels: which labels a row is given where it may have several and each has a probability."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from fw_assets.classification.values import Frozen

ThresholdRule = Literal["per-label", "shared", "macro-f1"]
"""One threshold per label, or one for all: the one with the best Jaccard index, or the one with the best macro-F1."""
DEFAULT_RULE: ThresholdRule = "per-label"
DEFAULT_THRESHOLD = 0.5


class LabelThresholds(Frozen):
    """The probabilities from which labels are given.

    Attributes:
        rule: by which they were chosen on the validation rows.
        shared: of labels that have none of their own.
        by_label: of labels that do, label and threshold.
        allow_empty: whether a row may be given no label; otherwise its most probable one always is.
    """

    rule: ThresholdRule
    shared: float
    by_label: tuple[tuple[str, float], ...] = ()
    allow_empty: bool = True

    def of(self, labels: Sequence[str]) -> list[float]:
        """The threshold of each label."""
        own = dict(self.by_label)
        return [own.get(label, self.shared) for label in labels]

    def given(self, probabilities: Mapping[str, float]) -> tuple[str, ...]:
        """The labels that their probabilities give, in their order."""
        if not probabilities:
            return ()
        most = "" if self.allow_empty else max(probabilities, key=probabilities.__getitem__)
        levels = zip(probabilities.items(), self.of(list(probabilities)), strict=True)
        return tuple(label for (label, p), level in levels if p >= level or (label == most and not self.allow_empty))


NOT_FITTED = LabelThresholds(rule="shared", shared=DEFAULT_THRESHOLD)
"""Those of probabilities that nothing is known of."""

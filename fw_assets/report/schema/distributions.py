"""Scores of whole distributions in report.json."""

from __future__ import annotations

from fw_assets.classification.label_thresholds import LabelThresholds, ThresholdRule
from fw_assets.classification.metrics.distribution_scores import DistributionComparison, DistributionScores
from fw_assets.classification.values import Frozen, Interval


class DistributionResult(Frozen):
    """Scores of one model's probabilities for the labels of the test rows.

    `against_base`: of a fine-tuned model, its scores minus those of its base on the rows of which both have them; null
    for other models, and where the base has no distribution.
    """

    model: str
    kind: str
    scores: DistributionScores
    against_base: DistributionComparison | None = None


class ThresholdResult(Frozen):
    """The thresholds from which a model's probabilities give labels, where rows may have several.

    `thresholds` are null where the platform fitted them when it trained the model, by `rule`. `gain` is the macro-F1
    with a threshold for each label minus that with one for all, the one with the best macro-F1 on the validation rows,
    both on the test rows, by the paired bootstrap; null where all labels share one, and where not all probabilities are
    kept. `macro_f1` is that with one for all.
    """

    model: str
    kind: str
    rule: ThresholdRule
    thresholds: LabelThresholds | None = None
    macro_f1: float | None = None
    gain: Interval | None = None

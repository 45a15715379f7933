"""Scores of whole distributions in report.json."""

from __future__ import annotations

from fw_assets.classification.metrics.distribution_scores import DistributionComparison, DistributionScores
from fw_assets.classification.values import Frozen


class DistributionResult(Frozen):
    """Scores of one model's probabilities for the labels of the test rows.

    `against_base`: of a fine-tuned model, its scores minus those of its base on the rows of which both have them; null
    for other models, and where the base has no distribution.
    """

    model: str
    kind: str
    scores: DistributionScores
    against_base: DistributionComparison | None = None

"""Accuracy by similarity to the training rows in report.json."""

from __future__ import annotations

from fw_assets.classification.values import Frozen
from fw_assets.report.schema.bounds import Bounds


class SimilarityBin(Frozen):
    """Test rows whose nearest training row has a similarity from `low` to below `high`, and the share right."""

    low: float
    high: float
    rows: int
    accuracy: float | None
    interval: Bounds | None


class SimilarityResult(Frozen):
    """One model's accuracy on test rows near to a training row (`NEAR` and more) and on the others.

    `p_value`: one-sided, Fisher's exact test of whether the far rows are answered worse; null without near or far rows.
    `train_rows`: training rows that were compared with.
    """

    model: str
    kind: str
    rows: int
    train_rows: int
    bins: tuple[SimilarityBin, ...]
    near_rows: int
    near_accuracy: float | None
    far_rows: int
    far_accuracy: float | None
    p_value: float | None

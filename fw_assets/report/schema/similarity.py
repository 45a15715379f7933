"""Accuracy by similarity to the training rows in report.json."""

from __future__ import annotations

from fw_assets.classification.values import Frozen
from fw_assets.report.schema.bounds import Bounds


class SimilarityBin(Frozen):
    """Test rows whose nearest training row has a similarity from `low` to below `high`, and the share right.

    `groups` of the rows are distinct; null in reports of before they were counted, here and below.
    """

    low: float
    high: float
    rows: int
    accuracy: float | None
    interval: Bounds | None
    groups: int | None = None


class SimilarityResult(Frozen):
    """One model's accuracy on test rows near to a training row (`NEAR` and more) and on the others.

    `p_value`: one-sided, of the far rows being answered no worse; null without near or far rows. In reports of before
    `near_groups` it is Fisher's exact test, which takes copies for independent rows.
    `train_rows`: training rows that were compared with. `far_interval`: of `far_accuracy`, 95 %, by group; null without
    far rows and in reports of before it was kept.
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
    near_groups: int | None = None
    far_groups: int | None = None
    far_interval: Bounds | None = None

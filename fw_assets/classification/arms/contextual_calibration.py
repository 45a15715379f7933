"""Contextual calibration of a base model: with it or without, as the validation rows say (Zhao et al. 2021)."""

from __future__ import annotations

from fw_assets.classification.values import Frozen


class ContextualCalibration(Frozen):
    """The choice for one base model.

    Attributes:
        rows: validation rows that were answered both ways.
        right, right_without: how many of them were right.
        used: whether it is; where both are right as often, it is, as by default.
    """

    rows: int
    right: int
    right_without: int
    used: bool

    @property
    def accuracy(self) -> float:
        return self.right / self.rows

    @property
    def accuracy_without(self) -> float:
        return self.right_without / self.rows


def choose_calibration(rows: int, right: int, right_without: int) -> ContextualCalibration | None:
    """The way that is right more often; None without rows."""
    if not rows:
        return None
    return ContextualCalibration(rows=rows, right=right, right_without=right_without, used=right >= right_without)

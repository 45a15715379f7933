"""Cells of a confusion matrix in report.json, with rows behind them."""

from __future__ import annotations

from fw_assets.classification.values import Frozen


class ConfusedRow(Frozen):
    """A test row with its text, cut, and the labels that it has and was given."""

    id: str
    text: str
    gold: tuple[str, ...]
    predicted: tuple[str, ...]
    confidence: float | None = None


class ConfusedCell(Frozen):
    """`count` test rows of one true label that were given another, or the same, and some of them.

    A null `predicted` is no valid answer; where rows may have several labels, `gold` is one that was missed and
    `predicted` one that was given in its place: null is none, and a null `gold` that none was missed.
    """

    gold: str | None
    predicted: str | None
    count: int
    rows: tuple[ConfusedRow, ...] = ()

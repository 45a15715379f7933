"""Rows behind the squares of a confusion matrix, as the page lists them."""

from __future__ import annotations

from dataclasses import dataclass

from fw_assets.report.confusion.axes import Axes
from fw_assets.report.schema.confused_cells import ConfusedRow
from fw_assets.report.schema.model_result import ModelResult


@dataclass(frozen=True)
class CellRows:
    """One square with its rows.

    Attributes:
        place: row and column of the square, as an anchor has them: `3-5`.
        gold, predicted: None for no label.
        rest: rows that are not listed.
    """

    place: str
    gold: str | None
    predicted: str | None
    count: int
    rest: int
    rows: tuple[ConfusedRow, ...]


def cell_rows(result: ModelResult, axes: Axes) -> list[CellRows]:
    """The squares that have rows to show, the largest confusions first; empty in older reports."""
    at: dict[str | None, int] = {label: index for index, label in enumerate(axes.labels)}
    at[None] = len(axes.labels)
    return [
        CellRows(
            place=f"{at[cell.gold]}-{at[cell.predicted]}",
            gold=cell.gold,
            predicted=cell.predicted,
            count=cell.count,
            rest=cell.count - len(cell.rows),
            rows=cell.rows,
        )
        for cell in result.cells
        if cell.rows and cell.gold in at and cell.predicted in at
    ]

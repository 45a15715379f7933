"""Cells of a confusion matrix as report.json has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fw_assets.classification.metrics.confused_cells import Cell, CellRow
from fw_assets.report.formatting import clip, valid_unicode
from fw_assets.report.schema.confused_cells import ConfusedCell, ConfusedRow

MAX_TEXT = 240
"""Characters of a text that the report keeps."""
MAX_CELLS = 5_000
"""Cells that are kept for the counts of data whose rows have several labels, the largest."""


def cell_results(
    counts: Mapping[Cell, int], rows: Mapping[Cell, Sequence[CellRow]], texts: Mapping[str, str], *, every: bool
) -> tuple[ConfusedCell, ...]:
    """The cells that have rows; with `every` also those that have a count alone."""
    cells = sorted(counts, key=lambda cell: -counts[cell])[:MAX_CELLS] if every else []
    return tuple(
        ConfusedCell(
            gold=cell[0],
            predicted=cell[1],
            count=counts[cell],
            rows=tuple(
                ConfusedRow(
                    id=row.id,
                    text=valid_unicode(clip(texts.get(row.id, ""), MAX_TEXT)),
                    gold=row.gold,
                    predicted=row.predicted,
                    confidence=None if row.confidence < 0 else row.confidence,
                )
                for row in rows.get(cell, ())
            ),
        )
        for cell in dict.fromkeys([*rows, *cells])
    )

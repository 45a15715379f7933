"""Cells of a confusion matrix with rows behind each, of one label a row or of several."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import polars as pl

Cell = tuple[str | None, str | None]
"""(true label, label given). No label given: no valid answer, or, of several labels, none in place of the missed one.
No true label: of several labels, one that was given where none was missed.
"""
CELL_COLUMNS = ("id", "gold", "predicted", "outcome", "confidence")
MAX_CELL_ROWS = 20
MAX_ROWS = 300


@dataclass(frozen=True, order=True)
class CellRow:
    """One row behind a cell; the surest answers are the largest."""

    confidence: float
    place: int
    id: str = field(compare=False)
    gold: tuple[str, ...] = field(compare=False)
    predicted: tuple[str, ...] = field(compare=False)


class CellCounter:
    """Counts the cells of predictions that are added in parts, and keeps the surest rows of each.

    Of rows with several labels, a label that was missed is counted against each that was given and is not true; a label
    that is true and was given, against itself.
    """

    def __init__(self, multi_label: bool, most: int = MAX_CELL_ROWS) -> None:
        self._multi_label, self._most = multi_label, most
        self._counts: Counter[Cell] = Counter()
        self._rows: dict[Cell, list[CellRow]] = defaultdict(list)
        self._place = 0

    def add(self, predictions: pl.DataFrame) -> None:
        """Count a part with the columns `CELL_COLUMNS`; rows whose request failed are no answers."""
        for id, gold, predicted, outcome, confidence in predictions.select(CELL_COLUMNS).iter_rows():
            self._place -= 1
            if outcome == "failed":
                continue
            row = CellRow(
                -1.0 if confidence is None else confidence, self._place, id, tuple(gold), tuple(predicted or ())
            )
            for cell in self._cells(row.gold, row.predicted):
                self._counts[cell] += 1
                kept = self._rows[cell]
                if len(kept) < self._most:
                    heapq.heappush(kept, row)
                else:
                    heapq.heappushpop(kept, row)

    @property
    def counts(self) -> Counter[Cell]:
        return self._counts

    def rows(self, most: int = MAX_ROWS) -> dict[Cell, list[CellRow]]:
        """Rows of the cells, the surest first, at most `most` in all: of the largest confusions, then of right answers.

        Each cell has a few, so that many cells have any.
        """
        cells = sorted(self._counts, key=lambda cell: (cell[0] == cell[1], -self._counts[cell], *map(str, cell)))
        each = max(3, min(self._most, most // max(1, len(cells))))
        chosen: dict[Cell, list[CellRow]] = {}
        for cell in cells:
            if most <= 0:
                break
            chosen[cell] = sorted(self._rows[cell], reverse=True)[: min(each, most)]
            most -= len(chosen[cell])
        return chosen

    def _cells(self, gold: Sequence[str], predicted: Sequence[str]) -> Iterator[Cell]:
        if not self._multi_label:
            yield gold[0], predicted[0] if predicted else None
            return
        given, true = set(predicted), set(gold)
        missed: list[str | None] = [label for label in gold if label not in given]
        spurious: list[str | None] = [label for label in predicted if label not in true]
        yield from ((label, label) for label in gold if label in given)
        if missed or spurious:
            yield from ((one, other) for one in missed or [None] for other in spurious or [None])

"""Axes of a confusion matrix: which labels it has, and where the cells of a model lie on them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fw_assets.report.schema.confused_cells import ConfusedCell
from fw_assets.report.schema.model_result import ConfusionCount, ModelResult

NO_ANSWER = "no valid label"
NONE_GIVEN = "none in its place"
NONE_MISSED = "none was missed"
MAX_DRAWN = 300
MAX_HARDEST = 100
"""Labels that are drawn where there are more than `MAX_DRAWN`: the most confused ones."""

Position = tuple[int, int]
"""(row, column) of a matrix: true label, label given. What comes after the last label stands for none."""


@dataclass(frozen=True)
class Axes:
    """Labels of both axes; after them, where any model has such rows, those of no label."""

    labels: tuple[str, ...]
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    left_out: int = 0

    def counts(self, result: ModelResult) -> dict[Position, int]:
        """Rows of every cell of the matrix that has any; those of labels that are left out are in none."""
        at: dict[str | None, int] = {label: index for index, label in enumerate(self.labels)}
        at[None] = len(self.labels)
        return {
            (at[cell.gold], at[cell.predicted]): cell.count
            for cell in matrix_cells(result)
            if cell.gold in at and cell.predicted in at
        }


def matrix_cells(result: ModelResult) -> Sequence[ConfusionCount | ConfusedCell]:
    """All cells of a model's matrix; of rows with several labels, missed labels against those that were given."""
    return result.confusion or result.cells


def axes_of(results: Iterable[ModelResult], labels: Sequence[str], most: int = MAX_DRAWN) -> Axes:
    """The axes of matrices that are shown together; of more labels than `most` the most confused ones."""
    models = list(results)
    shown = tuple(labels) if len(labels) <= most else hardest(models, labels, min(most, MAX_HARDEST))
    cells = [cell for result in models for cell in matrix_cells(result)]
    several = any(not result.confusion for result in models)
    return Axes(
        labels=shown,
        rows=(*shown, *([NONE_MISSED] if any(cell.gold is None for cell in cells) else [])),
        columns=(
            *shown,
            *([NONE_GIVEN if several else NO_ANSWER] if any(cell.predicted is None for cell in cells) else []),
        ),
        left_out=len(labels) - len(shown),
    )


def hardest(results: Iterable[ModelResult], labels: Sequence[str], most: int) -> tuple[str, ...]:
    """The labels with the most rows that were confused, either way, in the order of `labels`."""
    wrong = Counter[str]()
    for result in results:
        for cell in matrix_cells(result):
            if cell.gold != cell.predicted:
                wrong.update({label: cell.count for label in (cell.gold, cell.predicted) if label is not None})
    chosen = {label for label, _ in wrong.most_common(most)}
    return tuple(label for label in labels if label in chosen)

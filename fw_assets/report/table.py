"""Tables as cells of text; Markdown, HTML and terminal each draw and escape them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """A column's name, and whether it holds figures, which are right-aligned."""

    name: str
    figures: bool = False


@dataclass(frozen=True)
class Table:
    """Columns, and rows with one cell per column; `total` is a last row of sums."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    total: tuple[str, ...] | None = None

    def used_columns(self) -> tuple[int, ...]:
        """The indices of the columns that have a name or some content."""
        rows = [*self.rows, *([self.total] if self.total else [])]
        return tuple(i for i, column in enumerate(self.columns) if column.name or any(row[i] for row in rows))


def columns(*names: str) -> tuple[Column, ...]:
    """Columns by name; those whose name starts with `>` hold figures. Not for names from outside."""
    return tuple(Column(name.removeprefix(">"), name.startswith(">")) for name in names)

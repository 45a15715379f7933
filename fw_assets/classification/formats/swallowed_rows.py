"""Rows of delimited text that are lines of one cell, as a quotation mark that is not closed makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

import polars as pl

from fw_assets.classification.dataset.json_errors import RowError
from fw_assets.classification.formats.dialect import Dialect

MIN_ROWS = 3
"""Lines of a cell that are rows; fewer can be what somebody wrote."""
UNCLOSED = "is a quotation mark not closed? Close it, or write it twice inside a quoted text"


def swallowed_rows(table: pl.DataFrame, dialect: Dialect, labels: Sequence[str]) -> dict[int, RowError]:
    """What is wrong with cells that hold other rows, by position.

    Such a cell ends at the next quotation mark: its first line is the rest of its own row, the next are whole rows with
    a label that occurs in the table, to the letter, and the last is a row up to that cell. What people write has other
    lines.

    Args:
        table: columns of the file as text, under its names.
        labels: the columns that hold the label, or the flags of labels.
    """
    known = {dialect.columns.index(name): frozenset(table[name].drop_nulls().unique()) for name in labels}
    faults: dict[int, RowError] = {}
    for column, name in enumerate(dialect.columns):
        if name not in table.columns:
            continue
        for at in (table[name].str.count_matches("\n", literal=True) >= MIN_ROWS).arg_true():
            lines = [line.removesuffix("\r") for line in str(table[name][at]).rstrip().split("\n")]
            cut_off = all(table[label][at] is None for label in labels)
            if _are_rows(lines, column, dialect, known, cut_off=cut_off):
                message = (
                    f"the cell holds {len(lines):,} lines, which are rows of the table, expected one row; {UNCLOSED}"
                )
                faults[at] = RowError("swallowed-rows", name, message)
    return faults


def _are_rows(
    lines: Sequence[str], column: int, dialect: Dialect, known: Mapping[int, Set[str]], *, cut_off: bool
) -> bool:
    """Whether lines are those of rows, from the column in the first one to the column in the last one.

    Args:
        cut_off: whether the row of the cell is, so that its last line may be of any width.
    """
    width = len(dialect.columns)
    first, *middle, last = (line.split(dialect.delimiter) for line in lines)
    rows = [[""] * column + first, *middle]
    return (
        len(rows) >= MIN_ROWS
        and (cut_off or len(last) == column + 1)
        and all(len(row) == width for row in rows)
        and all(row[at] in labels for row in middle for at, labels in known.items())
        and all(rows[0][at] in labels for at, labels in known.items() if at >= column)
    )

"""Lists of rows in a JSON document: plain, in objects around them, by columns, by index, or as lists of cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Row = dict[str, Any]
MIN_ROWS = 3
_MAX_DEPTH = 4
"""Objects around a list."""


def row_lists(document: Any) -> dict[str, list[Row]]:
    """The lists of rows in a document by their names, as `train` or `data.rows`; the name of a document that is one
    itself is empty. Of several levels of objects, the first that has any.

    A list of objects is one from the first object on. Other forms, which many a row of a file of lines could have by
    chance, are from `MIN_ROWS` on.
    """
    level = {"": document}
    for _ in range(_MAX_DEPTH):
        found = {name: rows for name, value in level.items() if (rows := _rows(value))}
        if found:
            return found
        level = {
            f"{name}.{key}" if name else key: inner
            for name, value in level.items()
            if isinstance(value, dict) and "messages" not in value
            for key, inner in value.items()
        }
    return {}


def _rows(value: Any) -> list[Row]:
    if isinstance(value, list):
        if value and all(isinstance(item, dict) for item in value):
            return value
        return _of_cells(value)
    if not isinstance(value, dict) or len(value) < 2 or "messages" in value:
        return []
    if {"columns", "data"} <= value.keys() and set(value) <= {"columns", "data", "index", "schema"}:
        return _of_split(value["columns"], value["data"])
    inner = list(value.values())
    if all(isinstance(item, list) for item in inner):
        return _of_columns(value)
    if all(isinstance(item, dict) for item in inner):
        return _of_index(value)
    return []


def _of_cells(rows: Sequence[Any]) -> list[Row]:
    """Rows of a list of lists, whose first may be a header: none of its cells occurs below."""
    if not _is_table(rows):
        return []
    first, below = rows[0], rows[1:]
    is_header = all(isinstance(cell, str) for cell in first) and not any(
        cell in {row[i] for row in below} for i, cell in enumerate(first)
    )
    names = first if is_header and len(set(first)) == len(first) else [f"column_{i + 1}" for i in range(len(first))]
    return [dict(zip(names, row, strict=True)) for row in (below if names is first else rows)]


def _of_split(columns: Any, rows: Any) -> list[Row]:
    """Rows as pandas writes them with `orient="split"`."""
    if not (isinstance(columns, list) and _is_table(rows) and len(columns) == len(rows[0])):
        return []
    return [dict(zip(map(str, columns), row, strict=True)) for row in rows]


def _of_columns(columns: Mapping[str, list[Any]]) -> list[Row]:
    """Rows of lists of equal length, a column each, as a batch of Hugging Face's datasets."""
    length = len(next(iter(columns.values())))
    cells = [cell for column in columns.values() for cell in column]
    if length < MIN_ROWS or any(len(column) != length for column in columns.values()):
        return []
    if any(isinstance(cell, dict) for cell in cells) or all(isinstance(cell, list) for cell in cells):
        return []
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _of_index(value: Mapping[str, Mapping[str, Any]]) -> list[Row]:
    """Rows of objects by index, or columns of cells by index: what pandas' `to_json` writes."""
    keys = list(next(iter(value.values())))
    if not keys or any(list(item) != keys for item in value.values()):
        return []
    if any(isinstance(cell, dict) for item in value.values() for cell in item.values()):
        return []
    if len(value) >= max(len(keys), MIN_ROWS):
        return [dict(item) for item in value.values()]
    return [{name: column[key] for name, column in value.items()} for key in keys] if len(keys) >= MIN_ROWS else []


def _is_table(rows: Any) -> bool:
    """Whether it is a list of lists of two or more cells each, equally many."""
    if not isinstance(rows, list) or len(rows) < MIN_ROWS or not all(isinstance(row, list) for row in rows):
        return False
    width = len(rows[0])
    scalar = all(not isinstance(cell, dict | list) for row in rows for cell in row)
    return width > 1 and scalar and all(len(row) == width for row in rows)

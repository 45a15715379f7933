"""Columns of the frames that hold rows."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

PARSED_COLUMNS: dict[str, pl.DataType] = {
    "row": pl.UInt32(),
    "messages": pl.String(),
    "text": pl.String(),
    "answer": pl.String(),
    "ground_truth": pl.List(pl.String()),
    "weight": pl.Float64(),
    "group_key": pl.String(),
    "digest": pl.String(),
    "shape": pl.String(),
    "system": pl.String(),
}
"""Of a parsed chunk: the row number and the fields of `row_parser.Row`."""

ROW_COLUMNS: dict[str, pl.DataType] = {
    "id": pl.String(),
    "source": pl.String(),
    **{name: kind for name, kind in PARSED_COLUMNS.items() if name != "system"},
}
"""Of a dataset. `row` is the 1-based line number; in a folder it runs on from file to file (`FileFacts.first_row`)."""

FIELDS = "fields"
"""Column of the values of `RowStore.fields`, in their order (`row_fields.field_values`); only where there are any."""


def row_columns(fields: Sequence[str]) -> dict[str, pl.DataType]:
    """The columns of a dataset of which these further fields are read."""
    return {**ROW_COLUMNS, FIELDS: pl.List(pl.String())} if fields else ROW_COLUMNS

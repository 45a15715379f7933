"""Tables of the partitions of an asset, as one table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from fw_assets.classification.errors import input_error
from fw_assets.pipeline.registration.tables import frame_of, without_categories


@contextmanager
def readable(field: str) -> Iterator[None]:
    """Turns errors of polars into errors of the input."""
    try:
        yield
    except pl.exceptions.PolarsError as error:
        raise input_error(str(error).split("\n")[0], kind="table", field=field) from None


def whole_table(value: object, field: str) -> pl.DataFrame:
    """The table; of a partitioned asset, those of its partitions one below the other.

    Args:
        field: that it was given as, for the error.

    Raises:
        InputError: it is no table, it is paths by partition or none, or their columns do not go together.
    """
    if isinstance(value, Mapping) and any(_is_partition(item) for item in value.values()):
        tables = [without_categories(frame_of(value[key], f"{field}, partition {key}")) for key in sorted(value)]
        with readable(field):
            return pl.concat(tables, how="diagonal_relaxed")
    if isinstance(value, Mapping) and not value:
        raise input_error("none of its partitions has been materialized", kind="table", field=field)
    if isinstance(value, Mapping) and value and all(isinstance(item, str | Path) for item in value.values()):
        raise input_error(
            "gives a path for each of its partitions, and not a table",
            kind="table",
            field=field,
            advice="Return tables, or name an asset that puts the files together.",
        )
    return frame_of(value, field)


def refuse_index(table: Any, columns: Mapping[str, object]) -> None:
    """Refuse the index of a table of pandas, or of tables by partition, where a column is named.

    Args:
        columns: the column that each field names, whatever was given for it.

    Raises:
        InputError: naming the field.
    """
    if isinstance(table, Mapping):
        table = next((item for item in table.values() if _is_partition(item)), None)
    if not hasattr(table, "reset_index"):
        return
    # Of an index without a name, what `reset_index` calls it.
    names = ["index" if name is None else str(name) for name in table.index.names]
    for field, column in columns.items():
        if column in names and column not in map(str, getattr(table, "columns", ())):
            raise input_error(
                f"{column!r} is the index of the table, and none of its columns",
                kind="table",
                field=field,
                advice="Make it one, by `table.reset_index()`.",
            )


def _is_partition(value: object) -> bool:
    return isinstance(value, pl.DataFrame | pl.LazyFrame) or hasattr(value, "columns")

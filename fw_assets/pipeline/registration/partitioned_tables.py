"""Tables of the partitions of an asset, as one table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

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


def _is_partition(value: object) -> bool:
    return isinstance(value, pl.DataFrame | pl.LazyFrame) or hasattr(value, "columns")

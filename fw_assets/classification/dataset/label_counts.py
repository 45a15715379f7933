"""Label frequencies of a frame."""

from __future__ import annotations

import polars as pl


def count_labels(rows: pl.DataFrame) -> dict[str, int]:
    """Rows per label (column `labels`), sorted by label; a row with several labels counts for each."""
    table = rows.select(pl.col("labels").list.explode(keep_nulls=False, empty_as_null=False)).to_series().value_counts()
    return dict(sorted(table.iter_rows()))

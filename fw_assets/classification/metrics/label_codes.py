"""Label codes: predictions as integers, from which all metrics are counted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

Codes = NDArray[np.int64]


def label_codes(column: pl.Series, labels: Sequence[str], name: str) -> tuple[Codes, Codes]:
    """A list column as (row, label position) pairs, sorted and without repeats.

    Raises:
        ValueError: a label is not in `labels`.
    """
    width = len(labels)
    lengths = column.list.len().fill_null(0).to_numpy().astype(np.int64)
    flat = column.filter(pl.Series(lengths > 0)).list.explode()
    row = np.repeat(np.arange(column.len(), dtype=np.int64), lengths)
    pairs = row * width + _positions(flat, labels, name)
    if lengths.max(initial=0) > 1:
        pairs = np.unique(pairs)
    return pairs // width, pairs % width


def _positions(flat: pl.Series, labels: Sequence[str], name: str) -> Codes:
    table = pl.DataFrame(
        {"label": pl.Series(list(labels), dtype=pl.String), "position": np.arange(len(labels), dtype=np.int64)}
    )
    joined = pl.DataFrame({"label": flat.cast(pl.String)}).join(table, on="label", how="left", maintain_order="left")
    unknown = joined.filter(pl.col("position").is_null()).get_column("label")
    if unknown.len():
        raise ValueError(f"{name} label {unknown[0]!r} is not in the label set")
    return joined.get_column("position").to_numpy().astype(np.int64)


def single_codes(predictions: pl.DataFrame, labels: Sequence[str]) -> tuple[Codes, Codes]:
    """(gold, predicted) label positions of every row; predicted is `len(labels)` without a valid label.

    Raises:
        ValueError: a row has not exactly one gold label, or a label is not in `labels`.
    """
    gold, predicted = predictions.get_column("gold"), predictions.get_column("predicted")
    if not (gold.list.len() == 1).all():
        raise ValueError("a row has not exactly one gold label")
    first = predicted.list.first()
    codes = np.full(predictions.height, len(labels), dtype=np.int64)
    codes[first.is_not_null().to_numpy()] = _positions(first.drop_nulls(), labels, "predicted")
    return _positions(gold.list.first(), labels, "gold"), codes

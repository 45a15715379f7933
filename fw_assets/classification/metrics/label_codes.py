"""Predictions as integer codes: what every figure is counted from."""

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
    many = len(labels)
    lengths = column.list.len().fill_null(0).to_numpy().astype(np.int64)
    flat = column.filter(pl.Series(lengths > 0)).list.explode()
    position = positions(flat, labels, name)
    row = np.repeat(np.arange(column.len(), dtype=np.int64), lengths)
    pairs = np.unique(row * many + position) if lengths.max(initial=0) > 1 else row * many + position
    return pairs // many, pairs % many


def positions(flat: pl.Series, labels: Sequence[str], name: str) -> Codes:
    """The position in `labels` of every value; the values must all be labels."""
    order = pl.DataFrame(
        {"label": pl.Series(list(labels), dtype=pl.String), "at": np.arange(len(labels), dtype=np.int64)}
    )
    found = pl.DataFrame({"label": flat.cast(pl.String)}).join(order, on="label", how="left", maintain_order="left")
    unknown = found.filter(pl.col("at").is_null()).get_column("label")
    if unknown.len():
        raise ValueError(f"{name} label {unknown[0]!r} is not in the label set")
    return found.get_column("at").to_numpy().astype(np.int64)


def single_codes(predictions: pl.DataFrame, labels: Sequence[str]) -> tuple[Codes, Codes]:
    """(gold, predicted) label positions of every row; predicted is `len(labels)` without a valid label.

    Raises:
        ValueError: a row has not exactly one gold label, or a label is not in `labels`.
    """
    gold, predicted = predictions.get_column("gold"), predictions.get_column("predicted")
    if not (gold.list.len() == 1).all():
        raise ValueError("a row has not exactly one gold label")
    first = predicted.list.first()
    given = first.is_not_null().to_numpy()
    codes = np.full(predictions.height, len(labels), dtype=np.int64)
    codes[given] = positions(first.drop_nulls(), labels, "predicted")
    return positions(gold.list.first(), labels, "gold"), codes


def label_pair_counts(predictions: pl.DataFrame, labels: Sequence[str]) -> Codes:
    """The confusion matrix, shape (labels, labels + 1): gold by predicted, the last column no valid label."""
    columns = len(labels) + 1
    gold, predicted = single_codes(predictions, labels)
    return np.bincount(gold * columns + predicted, minlength=len(labels) * columns).reshape(len(labels), columns)

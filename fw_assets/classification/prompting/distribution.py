"""Distribution over the labels as predictions keep it: whole for few labels, the most probable ones for many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter

import polars as pl

WHOLE_LABELS = 50
"""Labels up to which all probabilities of a row are kept."""
TOP_LABELS = 10
"""Probabilities that are kept of more; the rest of a single label's is what they lack to one."""
DISTRIBUTION = pl.List(pl.Struct({"label": pl.String, "p": pl.Float32}))


def kept_labels(labels: int) -> int:
    """How many probabilities of a row are kept."""
    return labels if labels <= WHOLE_LABELS else TOP_LABELS


def most_probable_labels(probabilities: Mapping[str, float], labels: int) -> Mapping[str, float]:
    """Those that are kept of the probabilities of so many labels."""
    if len(probabilities) <= kept_labels(labels):
        return probabilities
    return dict(_largest(probabilities, labels))


def distribution_column(told: Sequence[Mapping[str, float] | None], labels: int) -> pl.Series:
    """The probabilities that are kept of each row, largest first, equal ones in their order; null without any.

    Args:
        labels: number of all labels.
    """
    kept = [_largest(probabilities, labels) if probabilities else [] for probabilities in told]
    flat = pl.DataFrame(
        {
            "row": [row for row, pairs in enumerate(kept) for _ in pairs],
            "label": [label for pairs in kept for label, _ in pairs],
            "p": [p for pairs in kept for _, p in pairs],
        },
        schema={"row": pl.UInt32, "label": pl.String, "p": pl.Float32},
    )
    # A series of dictionaries takes ten times as long.
    lists = flat.group_by("row", maintain_order=True).agg(pl.struct("label", "p").alias("kept"))
    rows = pl.DataFrame({"row": pl.int_range(len(told), dtype=pl.UInt32, eager=True)})
    return rows.join(lists, on="row", how="left", maintain_order="left")["kept"].cast(DISTRIBUTION)


def _largest(probabilities: Mapping[str, float], labels: int) -> list[tuple[str, float]]:
    # Of some hundred labels sorting is faster than a heap.
    return sorted(probabilities.items(), key=itemgetter(1), reverse=True)[: kept_labels(labels)]

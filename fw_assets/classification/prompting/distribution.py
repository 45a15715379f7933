"""Distribution over the labels as predictions keep it: whole for few labels, the most probable ones for many."""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from operator import itemgetter
from typing import Any

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
    return dict(heapq.nlargest(kept_labels(labels), probabilities.items(), key=itemgetter(1)))


def compact(probabilities: Mapping[str, float] | None, labels: int) -> list[dict[str, Any]] | None:
    """The probabilities that are kept, largest first, equal ones in their order; None without any.

    Args:
        labels: number of all labels.
    """
    if not probabilities:
        return None
    best = heapq.nlargest(kept_labels(labels), probabilities.items(), key=itemgetter(1))
    return [{"label": label, "p": p} for label, p in best]

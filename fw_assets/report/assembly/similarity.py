"""Accuracy of a model by the similarity of each test row to its nearest training row."""

from __future__ import annotations

from itertools import pairwise
from math import comb

import numpy as np
from numpy.typing import NDArray

from fw_assets.classification.intervals import wilson
from fw_assets.report.schema.bounds import bounds
from fw_assets.report.schema.similarity import SimilarityBin, SimilarityResult

EDGES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
NEAR = 0.6
"""Similarity from which a row is near: a twin with one word changed has about 0.6 to 0.9."""


def similarity_result(
    model: str, kind: str, similarity: NDArray[np.float64], correct: NDArray[np.bool_], train_rows: int
) -> SimilarityResult:
    """Accuracy by similarity; both arrays have one entry per test row."""
    bins = []
    for low, high in pairwise(EDGES):
        inside = (similarity >= low) & ((similarity < high) | (high == EDGES[-1]))
        rows = int(inside.sum())
        share = wilson(int(correct[inside].sum()), rows) if rows else None
        accuracy, interval = (share.value, bounds(share)) if share else (None, None)
        bins.append(SimilarityBin(low=low, high=high, rows=rows, accuracy=accuracy, interval=interval))
    near = similarity >= NEAR
    counts = (int(near.sum()), int(correct[near].sum()), int((~near).sum()), int(correct[~near].sum()))
    near_rows, near_right, far_rows, far_right = counts
    return SimilarityResult(
        model=model,
        kind=kind,
        rows=len(similarity),
        train_rows=train_rows,
        bins=tuple(bins),
        near_rows=near_rows,
        near_accuracy=near_right / near_rows if near_rows else None,
        far_rows=far_rows,
        far_accuracy=far_right / far_rows if far_rows else None,
        p_value=fewer_right(far_right, far_rows, near_right, near_rows) if near_rows and far_rows else None,
    )


def fewer_right(right: int, rows: int, other_right: int, other_rows: int) -> float:
    """The one-sided p-value that `right` of `rows` is no smaller a share than the other (Fisher's exact test)."""
    total = right + other_right
    ways = sum(comb(rows, k) * comb(other_rows, total - k) for k in range(max(0, total - other_rows), right + 1))
    return ways / comb(rows + other_rows, total)

"""Accuracy of a model by the similarity of each test row to its nearest training row."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fw_assets.classification.clusters import ClusterCounter, Groups, ShareSums
from fw_assets.classification.intervals import wilson
from fw_assets.classification.selection.share_difference import share_difference_p, share_of
from fw_assets.report.schema.bounds import Bounds, bounds
from fw_assets.report.schema.similarity import SimilarityBin, SimilarityResult

EDGES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
NEAR = 0.6
"""Similarity from which a row is near: a twin with one word changed has about 0.6 to 0.9."""


def similarity_result(
    model: str, kind: str, similarity: NDArray[np.float64], groups: Groups, correct: NDArray[np.bool_], train_rows: int
) -> SimilarityResult:
    """Accuracy by similarity; the arrays have one entry per test row."""

    def sums(inside: NDArray[np.bool_]) -> ShareSums:
        counter = ClusterCounter()
        counter.add(groups[inside], correct[inside])
        return counter.sums()

    bins = tuple(
        _bin(low, high, sums((similarity >= low) & ((similarity < high) | (high == EDGES[-1]))))
        for low, high in pairwise(EDGES)
    )
    is_near = similarity >= NEAR
    near, far = sums(is_near), sums(~is_near)
    return SimilarityResult(
        model=model,
        kind=kind,
        rows=len(similarity),
        train_rows=train_rows,
        bins=bins,
        near_rows=int(near.rows[0]),
        near_accuracy=_share(near),
        far_rows=int(far.rows[0]),
        far_accuracy=_share(far),
        p_value=fewer_right_p(far, near) if near.rows[0] and far.rows[0] else None,
        near_groups=int(near.groups[0]),
        far_groups=int(far.groups[0]),
        far_interval=_interval(far),
    )


def fewer_right_p(share: ShareSums, other: ShareSums) -> float:
    """The one-sided p-value that a share is no smaller than the other: half of the two-sided one, on its side."""
    first, second = share_of(other), share_of(share)
    half = share_difference_p(first, second) / 2
    return half if second.value < first.value else 1 - half


def _bin(low: float, high: float, sums: ShareSums) -> SimilarityBin:
    return SimilarityBin(
        low=low,
        high=high,
        rows=int(sums.rows[0]),
        accuracy=_share(sums),
        interval=_interval(sums),
        groups=int(sums.groups[0]),
    )


def _interval(sums: ShareSums) -> Bounds | None:
    rows, hits = int(sums.rows[0]), int(sums.hits[0])
    return bounds(wilson(hits, rows, design_effect=float(sums.design_effects()[0]))) if rows else None


def _share(sums: ShareSums) -> float | None:
    return float(sums.hits[0] / sums.rows[0]) if sums.rows[0] else None

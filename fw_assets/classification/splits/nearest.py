"""Similarity of texts to the nearest of others: what a model could have copied from its training rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fw_assets.classification.splits.duplicates import normalised
from fw_assets.classification.splits.shingles import shingle_block

_COLUMNS = 1 << 20
_BLOCK = 2_000


def nearest_similarity(texts: Sequence[str], others: Iterable[Sequence[str]]) -> NDArray[np.float64]:
    """For each text, the highest cosine similarity (0 to 1) to any of the others, which come in batches.

    Vectors over character 5-grams of normalised texts, hashed into a million columns and weighted by inverse document
    frequency among `texts`, so that what all of them share counts little. Memory: the grams of `texts` and of one
    block of a batch, and at most 12 bytes for each text and row of the block.
    """
    if not len(texts):
        return np.empty(0)
    own = _grams(texts)
    frequency = np.bincount(own.indices, minlength=_COLUMNS)
    weights = np.log((1 + len(texts)) / (1 + frequency)) + 0.01
    weighted = _weighted(own, weights)
    nearest = np.zeros(len(texts))
    for batch in others:
        for start in range(0, len(batch), _BLOCK):
            block = _weighted(_grams(batch[start : start + _BLOCK]), weights)
            np.maximum(nearest, (weighted @ block.T).max(axis=1).toarray().ravel(), out=nearest)
    return np.clip(nearest, 0, 1)


def _grams(texts: Sequence[str]) -> Any:
    """A sparse matrix of 0 and 1, one row per text."""
    from scipy.sparse import csr_array

    hashes, sizes = shingle_block(normalised(pl.Series(texts, dtype=pl.String)).to_list())
    starts = np.concatenate(([0], np.cumsum(sizes)))
    columns = (hashes % np.uint32(_COLUMNS)).astype(np.int64)
    matrix = csr_array((np.ones(len(columns)), columns, starts), shape=(len(texts), _COLUMNS))
    matrix.sum_duplicates()
    matrix.data[:] = 1
    return matrix


def _weighted(matrix: Any, weights: NDArray[np.float64]) -> Any:
    """The rows of a matrix, weighted column by column, at length 1."""
    matrix.data = weights[matrix.indices]
    lengths = np.sqrt((matrix * matrix).sum(axis=1))
    matrix.data /= np.repeat(np.where(lengths > 0, lengths, 1), np.diff(matrix.indptr))
    return matrix

"""Near-duplicate texts by MinHash and locality-sensitive hashing (LSH), each candidate pair checked exactly.

Banding after Broder (1997) and Indyk & Motwani (1998): with `BANDS` bands of `BAND_HASHES` hashes a pair of
Jaccard similarity s becomes a candidate with probability 1 - (1 - s**BAND_HASHES)**BANDS, which is 0.9987 at the
threshold and 0.2 at s = 0.5. All in numpy: a Python loop over rows would take minutes for a million.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from fw_assets.classification.dataset.cpu_count import cores
from fw_assets.classification.splits.shingles import Shingles, mix, shingle

THRESHOLD = 0.85
"""Jaccard similarity of two texts' character 5-shingles from which they are near-duplicates."""
BANDS = 14
BAND_HASHES = 6
_ALL_PAIRS_UP_TO = 32
_BLOCK_HASHES = 1 << 17
"""Hashes per block: few enough to stay in the processor's cache through all hash functions."""


def components(count: int, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int64]:
    """The connected component (0-based) of each of `count` nodes, given the edges."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    edges = coo_array((np.ones(len(left), dtype=np.int8), (left, right)), shape=(count, count))
    _, labels = connected_components(edges, directed=False)
    return np.asarray(labels, dtype=np.int64)


def near_pairs(texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Pairs of indices of near-duplicates and their similarity, enough of them to connect each group."""
    sets = shingle(texts)
    rows = np.flatnonzero(sets.sizes)
    none = np.empty(0, np.int64)
    pairs = [(none, none, np.empty(0, np.float64))]
    if len(rows) < 2:
        return pairs[0]
    group = np.arange(len(texts))
    keys = _band_keys(sets, rows)
    for band in range(BANDS):
        left, right = _candidates(rows, keys[band])
        not_joined = group[left] != group[right]
        left, right = left[not_joined], right[not_joined]
        if not len(left):
            continue
        similarity = sets.jaccard(left, right)
        near = similarity >= THRESHOLD
        pairs.append((left[near], right[near], similarity[near]))
        lefts, rights, similarities = (np.concatenate(column) for column in zip(*pairs, strict=True))
        group = components(len(texts), lefts, rights)
    lefts, rights, similarities = (np.concatenate(column) for column in zip(*pairs, strict=True))
    return lefts, rights, similarities


def _band_keys(sets: Shingles, rows: NDArray[np.int64]) -> NDArray[np.uint64]:
    """One 64-bit key per band and row: the band's minima under its hash functions, mixed together."""
    keys = np.zeros((BANDS, len(rows)), dtype=np.uint64)
    sizes = sets.sizes[rows]
    starts = np.concatenate(([0], np.cumsum(sizes)))
    # Odd multipliers permute the 32-bit numbers; a fixed stream, so that groups depend on no seed.
    multipliers = (mix(np.arange(1, BANDS * BAND_HASHES + 1, dtype=np.uint64)) | np.uint64(1)).astype(np.uint32)
    offsets = mix(np.arange(1001, 1001 + BANDS * BAND_HASHES, dtype=np.uint64)).astype(np.uint32)
    cuts = np.unique(np.searchsorted(starts, np.arange(0, starts[-1], _BLOCK_HASHES), side="left"))
    cuts = cuts[cuts < len(rows)]

    def hash_rows(first: int, last: int) -> None:
        hashes = sets.hashes[starts[first] : starts[last]]
        begins = starts[first:last] - starts[first]
        value, shifted = np.empty_like(hashes), np.empty_like(hashes)
        for index in range(BANDS * BAND_HASHES):
            # The high bits of a product are the well-mixed ones, and they decide the minimum.
            np.multiply(hashes, multipliers[index], out=value)
            np.add(value, offsets[index], out=value)
            np.right_shift(value, np.uint32(15), out=shifted)
            np.bitwise_xor(value, shifted, out=value)
            minima = np.minimum.reduceat(value, begins).astype(np.uint64)
            band = index // BAND_HASHES
            keys[band, first:last] = mix(keys[band, first:last] ^ (minima + np.uint64(0x9E3779B97F4A7C15)))

    # numpy releases the interpreter lock.
    with ThreadPoolExecutor(cores()) as pool:
        list(pool.map(hash_rows, cuts, [*cuts[1:], len(rows)]))
    return keys


def _candidates(rows: NDArray[np.int64], keys: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of rows with equal keys: all pairs of a small bucket, neighbours and first of a large one."""
    order = np.argsort(keys, kind="stable")
    sorted_keys = keys[order]
    cuts = np.flatnonzero(np.concatenate(([True], sorted_keys[1:] != sorted_keys[:-1])))
    sizes = np.diff(np.append(cuts, len(keys)))
    members = rows[order]
    left: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
    right: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
    for size in np.unique(sizes[(sizes > 1) & (sizes <= _ALL_PAIRS_UP_TO)]):
        one, other = np.triu_indices(int(size), k=1)
        begins = cuts[sizes == size]
        left.append(members[(begins[:, None] + one).ravel()])
        right.append(members[(begins[:, None] + other).ravel()])
    for begin, size in zip(cuts[sizes > _ALL_PAIRS_UP_TO], sizes[sizes > _ALL_PAIRS_UP_TO], strict=True):
        bucket = members[begin : begin + size]
        left += [bucket[:-1], np.full(size - 1, bucket[0])]
        right += [bucket[1:], bucket[1:]]
    return np.concatenate(left), np.concatenate(right)

"""Texts as sets of hashed character shingles, in numpy: the ground on which near-duplicates are found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

SHINGLE = 5
"""Characters in a shingle."""
COMMON_SHARE = 0.2
COMMON_ROWS = 20
"""A shingle in more than `max(COMMON_SHARE * texts, COMMON_ROWS)` texts, or in all of 8 or more, is left out:
it comes from a template around the text and says nothing about what two texts share."""

_BLOCK_CHARACTERS = 4_000_000


@dataclass(frozen=True)
class Shingles:
    """Row `i` has the sorted distinct hashes `hashes[starts[i]:starts[i + 1]]`."""

    hashes: NDArray[np.uint32]
    starts: NDArray[np.int64]

    @property
    def sizes(self) -> NDArray[np.int64]:
        return np.diff(self.starts)

    def jaccard(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.float64]:
        """Jaccard similarity of rows `left[k]` and `right[k]`; two empty rows have 0."""
        from scipy.sparse import csr_array

        sizes = self.sizes
        data = np.ones(len(self.hashes), dtype=np.int32)
        matrix: Any = csr_array((data, self.hashes.astype(np.int64), self.starts), shape=(len(sizes), 1 << 32))
        shared = np.empty(len(left), dtype=np.int64)
        for start in range(0, len(left), 50_000):
            part = slice(start, start + 50_000)
            shared[part] = matrix[left[part]].multiply(matrix[right[part]]).sum(axis=1)
        union = sizes[left] + sizes[right] - shared
        similarity: NDArray[np.float64] = np.divide(shared, union, out=np.zeros(len(left)), where=union > 0)
        return similarity


def shingle(texts: Sequence[str]) -> Shingles:
    """The shingles of every text, those common to most texts left out.

    A text shorter than a shingle is one shingle. Hashes are 32 bits, so unequal shingles meet once in 4e9.
    """
    hashes: list[NDArray[np.uint32]] = []
    sizes: list[NDArray[np.int64]] = []
    start, characters = 0, 0
    for index, text in enumerate(texts):
        characters += len(text)
        if characters >= _BLOCK_CHARACTERS or index == len(texts) - 1:
            block_hashes, block_sizes = _shingle_block(texts[start : index + 1])
            hashes.append(block_hashes)
            sizes.append(block_sizes)
            start, characters = index + 1, 0
    if not hashes:
        return Shingles(np.empty(0, np.uint32), np.zeros(1, np.int64))
    return _without_common(np.concatenate(hashes), np.concatenate(sizes))


def _shingle_block(texts: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    padded = [text.ljust(SHINGLE) for text in texts]
    codes = np.frombuffer("".join(padded).encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    lengths = np.fromiter((len(text) for text in padded), dtype=np.int64, count=len(padded))
    windows = len(codes) - SHINGLE + 1
    value = np.zeros(windows, dtype=np.uint64)
    for offset in range(SHINGLE):
        value = value * np.uint64(0x100000001B3) + codes[offset : offset + windows]
    rows = np.repeat(np.arange(len(padded), dtype=np.uint64), lengths)[:windows]
    ends = np.repeat(np.cumsum(lengths), lengths)[:windows]
    inside = np.arange(windows) + SHINGLE <= ends
    keys = (rows[inside] << np.uint64(32)) | (mix(value[inside]) >> np.uint64(32))
    keys.sort()
    distinct = np.ones(len(keys), dtype=bool)
    distinct[1:] = keys[1:] != keys[:-1]
    keys = keys[distinct]
    sizes = np.bincount((keys >> np.uint64(32)).astype(np.int64), minlength=len(padded))
    return keys.astype(np.uint32), sizes


def _without_common(hashes: NDArray[np.uint32], sizes: NDArray[np.int64]) -> Shingles:
    rows = len(sizes)
    cap = max(COMMON_SHARE * rows, COMMON_ROWS)
    if rows >= 8:
        cap = min(cap, rows - 1)
    # Counted in 4 million buckets, which bounds the memory; a rare shingle hardly ever meets a common one.
    buckets = hashes >> np.uint32(10)
    counts = np.bincount(buckets, minlength=1)
    keep = counts[buckets] <= max(cap, 0)
    row_of = np.repeat(np.arange(rows), sizes)
    kept = np.bincount(row_of[keep], minlength=rows)
    return Shingles(hashes[keep], np.concatenate(([0], np.cumsum(kept))).astype(np.int64))


def mix(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """splitmix64's finaliser: every output bit depends on every input bit, the same on every machine."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))

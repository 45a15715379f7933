"""Character shingles: texts as sets of hashed 5-grams, in numpy, for the similarity of near duplicates."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fw_assets.classification.dataset.cpu_count import cores

SHINGLE = 5
"""Characters in a shingle."""
COMMON_SHARE = 0.2
COMMON_ROWS = 20
"""A shingle in more than `max(COMMON_SHARE * texts, COMMON_ROWS)` texts, or in all of 8 or more, is left out:
it comes from a template around the text, which all texts share."""

_BLOCK_CHARACTERS = 1_000_000
_COUNTED_BLOCKS = 8
_PAIR_BATCH = 20_000


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
        sizes = self.sizes
        shared = np.empty(len(left), dtype=np.int64)
        for start in range(0, len(left), _PAIR_BATCH):
            batch = slice(start, start + _PAIR_BATCH)
            shared[batch] = self._shared(left[batch], right[batch])
        union = sizes[left] + sizes[right] - shared
        similarity: NDArray[np.float64] = np.divide(shared, union, out=np.zeros(len(left)), where=union > 0)
        return similarity

    def _shared(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int64]:
        from scipy.sparse import csr_array

        # Only the rows in question: the whole matrix would take twelve bytes for each shingle.
        rows, index = np.unique(np.concatenate((left, right)), return_inverse=True)
        starts = np.concatenate(([0], np.cumsum(self.sizes[rows])))
        positions = np.arange(starts[-1]) + np.repeat(self.starts[rows] - starts[:-1], np.diff(starts))
        data = np.ones(len(positions), dtype=np.int32)
        columns = self.hashes[positions].astype(np.int64)
        matrix: Any = csr_array((data, columns, starts), shape=(len(rows), 1 << 32))
        shared: NDArray[np.int64] = matrix[index[: len(left)]].multiply(matrix[index[len(left) :]]).sum(axis=1)
        return shared


def shingle(texts: Sequence[str]) -> Shingles:
    """The shingles of every text, those common to most texts left out.

    A text shorter than a shingle is one shingle. Hashes are 32 bits, so unequal shingles meet once in 4e9.
    """
    blocks: list[Sequence[str]] = []
    start, characters = 0, 0
    for index, text in enumerate(texts):
        characters += len(text)
        if characters >= _BLOCK_CHARACTERS or index == len(texts) - 1:
            blocks.append(texts[start : index + 1])
            start, characters = index + 1, 0
    if not blocks:
        return Shingles(np.empty(0, np.uint32), np.zeros(1, np.int64))
    # numpy releases the interpreter lock.
    with ThreadPoolExecutor(cores()) as pool:
        shingled = list(pool.map(shingle_block, blocks))
    return _without_common([hashes for hashes, _ in shingled], [sizes for _, sizes in shingled])


def shingle_block(texts: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """The sorted distinct hashes of each text, one text after the other, and how many each has."""
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
    return keys.astype(np.uint32), sizes.astype(np.int64)


def _without_common(hashes: list[NDArray[np.uint32]], sizes: list[NDArray[np.int64]]) -> Shingles:
    rows = sum(map(len, sizes))
    cap = max(COMMON_SHARE * rows, COMMON_ROWS)
    if rows >= 8:
        cap = min(cap, rows - 1)
    # Counted in 4 million buckets, which bounds the memory; a rare shingle hardly ever meets a common one.
    counts = np.zeros(1 << 22, dtype=np.int64)
    # The table is large compared to a block, so several blocks are counted at once.
    for start in range(0, len(hashes), _COUNTED_BLOCKS):
        several = np.concatenate(hashes[start : start + _COUNTED_BLOCKS])
        counts += np.bincount(several >> np.uint32(10), minlength=len(counts))
    rare = counts <= max(cap, 0)
    kept = np.empty(sum(map(len, hashes)), dtype=np.uint32)
    kept_sizes: list[NDArray[np.int64]] = []
    end = 0
    # Each block is freed once it is copied: millions of rows have hundreds of millions of shingles.
    hashes.reverse()
    for size in sizes:
        block = hashes.pop()
        keep = rare[block >> np.uint32(10)]
        kept_sizes.append(np.bincount(np.repeat(np.arange(len(size)), size)[keep], minlength=len(size)))
        kept_block = block[keep]
        kept[end : end + len(kept_block)] = kept_block
        end += len(kept_block)
    return Shingles(kept[:end], np.concatenate(([0], np.cumsum(np.concatenate(kept_sizes)))).astype(np.int64))


def mix(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """splitmix64's finaliser (Steele, Lea & Flood, 2014): every output bit depends on every input bit."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))

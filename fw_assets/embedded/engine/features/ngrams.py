"""Hashed word and character n-grams of texts.

Every n-gram is one number of 32 bits, so that no vocabulary has to be kept and collisions are rare: words and
pairs of adjacent words, and the runs of 2 to 5 characters inside each word padded by a space on both sides.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

CHARACTER_RUNS = (2, 3, 4, 5)
_WORD = re.compile(r"\w+|[^\w\s]")
_PIECES = re.compile(r"\w{1,5}|[^\w\s]")
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_SPACE = 32


@dataclass(frozen=True)
class Grams:
    """Counts of n-grams: text `row[i]` has n-gram `key[i]` `count[i]` times; sorted by row, then key.

    Keys of words and word pairs are even, those of character runs odd.
    """

    texts: int
    row: NDArray[np.int64]
    key: NDArray[np.uint32]
    count: NDArray[np.float32]


def cut(text: str, limit: int | None) -> str:
    """The text up to its `limit`-th estimated word piece (see `tokens.count_tokens`)."""
    if limit is None or len(text) <= limit:
        return text
    for number, piece in enumerate(_PIECES.finditer(text), start=1):
        if number == limit:
            return text[: piece.end()]
    return text


def grams(texts: Sequence[str]) -> Grams:
    """The n-grams of the texts after NFKC normalisation and case folding."""
    words = [_WORD.findall(unicodedata.normalize("NFKC", text).casefold()) for text in texts]
    rows_w, keys_w = _word_grams(words)
    rows_c, keys_c = _character_grams(words)
    joint = np.concatenate([rows_w, rows_c]).astype(np.uint64) << np.uint64(32)
    joint |= np.concatenate([keys_w & ~np.uint64(1), keys_c | np.uint64(1)])
    unique, count = np.unique(joint, return_counts=True)
    return Grams(
        texts=len(texts),
        row=(unique >> np.uint64(32)).astype(np.int64),
        key=(unique & np.uint64(0xFFFFFFFF)).astype(np.uint32),
        count=count.astype(np.float32),
    )


def matrix(found: Grams, keys: NDArray[np.uint32], idf: NDArray[np.float32]) -> Any:
    """The texts as a CSR matrix, (texts, keys), over the sorted `keys`; unknown n-grams are left out.

    A cell is (1 + ln count) * idf; words and character runs are scaled to length 1 / sqrt(2) each *before*
    unknown n-grams are left out.
    """
    from scipy.sparse import csr_array

    place = np.minimum(np.searchsorted(keys, found.key), max(len(keys) - 1, 0))
    known = keys[place] == found.key if len(keys) else np.zeros(len(found.key), bool)
    unseen_idf = np.float32(idf.max()) if len(idf) else np.float32(1)
    value = (1 + np.log(found.count)) * np.where(known, idf[place] if len(idf) else 1, unseen_idf)
    side = found.row * 2 + (found.key & np.uint32(1))
    length = np.sqrt(2 * np.bincount(side, value.astype(np.float64) ** 2, minlength=2 * found.texts))
    value = (value / length[side])[known].astype(np.float32)
    starts = np.concatenate([[0], np.cumsum(np.bincount(found.row[known], minlength=found.texts))])
    return csr_array((value, place[known].astype(np.int32), starts.astype(np.int32)), shape=(found.texts, len(keys)))


def _word_grams(words: list[list[str]]) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    known: dict[str, int] = {}
    codes = [
        known.setdefault(word, zlib.crc32(word.encode("utf-8", "surrogatepass"))) for line in words for word in line
    ]
    row = np.repeat(np.arange(len(words)), [len(line) for line in words])
    single = np.array(codes, np.uint64)
    adjacent = row[1:] == row[:-1]
    pair = _mix(single[:-1] * np.uint64(31) + _mix(single[1:]))[adjacent]
    return np.concatenate([row, row[1:][adjacent]]), np.concatenate([_mix(single), pair])


def _character_grams(words: list[list[str]]) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    lines = [f" {'  '.join(line)} " if line else "" for line in words]
    joined = "".join(lines).encode("utf-32-le", "surrogatepass")
    code = np.frombuffer(joined, np.uint32).astype(np.uint64)
    row = np.repeat(np.arange(len(lines)), [len(line) for line in lines])
    gap = np.zeros(len(code), bool)
    gap[1:] = (code[1:] == _SPACE) & (code[:-1] == _SPACE)
    part = np.cumsum(gap)
    rows, keys = [], []
    value = code.copy()
    for length in range(2, max(CHARACTER_RUNS) + 1):
        value = value[:-1] * np.uint64(0x100000001B3) + code[length - 1 :]
        if length not in CHARACTER_RUNS:
            continue
        ends = slice(length - 1, None)
        inside = part[: len(value)] == part[ends]
        rows.append(row[: len(value)][inside])
        keys.append(_mix(value[inside] * np.uint64(8) + np.uint64(length)))
    return np.concatenate(rows), np.concatenate(keys)


def _mix(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spreads 64 bits onto the low 32 (the finaliser of SplitMix64)."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (value ^ (value >> np.uint64(31))) & np.uint64(0xFFFFFFFF)

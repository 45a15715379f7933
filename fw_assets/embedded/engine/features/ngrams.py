"""Hashed word and character n-grams of texts, and their TF-IDF matrix.

Every n-gram is a hash of 32 bits: no vocabulary of strings has to be stored, and collisions are rare. The n-grams are
words, pairs of adjacent words, and the runs of 2 to 5 characters inside each word padded by a space on both sides.
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

CHARACTER_LENGTHS = (2, 3, 4, 5)
_WORD = re.compile(r"\w+|[^\w\s]")
_WORD_PIECE = re.compile(r"\w{1,5}|[^\w\s]")
_SPACE = 32


@dataclass(frozen=True)
class NgramCounts:
    """Counts of n-grams: text `row[i]` has n-gram `key[i]` `count[i]` times; sorted by row, then key.

    Keys of words and word pairs are even, those of character n-grams odd.
    """

    texts: int
    row: NDArray[np.int64]
    key: NDArray[np.uint32]
    count: NDArray[np.float32]


def truncate(text: str, limit: int | None) -> str:
    """The text up to its `limit`-th word piece, estimated as five letters of a word or one other visible character."""
    if limit is None or len(text) <= limit:
        return text
    for number, piece in enumerate(_WORD_PIECE.finditer(text), start=1):
        if number == limit:
            return text[: piece.end()]
    return text


def count_ngrams(texts: Sequence[str]) -> NgramCounts:
    """The n-grams of the texts after NFKC normalisation and case folding."""
    words = [_WORD.findall(unicodedata.normalize("NFKC", text).casefold()) for text in texts]
    word_rows, word_keys = _word_ngrams(words)
    character_rows, character_keys = _character_ngrams(words)
    row_and_key = np.concatenate([word_rows, character_rows]).astype(np.uint64) << np.uint64(32)
    row_and_key |= np.concatenate([word_keys & ~np.uint64(1), character_keys | np.uint64(1)])
    unique, count = np.unique(row_and_key, return_counts=True)
    return NgramCounts(
        texts=len(texts),
        row=(unique >> np.uint64(32)).astype(np.int64),
        key=(unique & np.uint64(0xFFFFFFFF)).astype(np.uint32),
        count=count.astype(np.float32),
    )


def tfidf_matrix(counts: NgramCounts, keys: NDArray[np.uint32], idf: NDArray[np.float32]) -> Any:
    """The texts as a CSR matrix, (texts, keys), over the sorted `keys`; unknown n-grams are left out."""
    from scipy.sparse import csr_array

    row, column, value = tfidf_cells(counts, keys, idf)
    starts = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=counts.texts))])
    shape = (counts.texts, len(keys))
    return csr_array((value, column.astype(np.int32), starts.astype(np.int32)), shape=shape)


def tfidf_cells(
    counts: NgramCounts, keys: NDArray[np.uint32], idf: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """The cells of the matrix that are not zero: their rows, in order, their columns and their values.

    A cell is (1 + ln count) * idf. Word n-grams and character n-grams are scaled to length 1 / sqrt(2) each *before*
    unknown n-grams are left out, so that a text with few known n-grams has a short row.
    """
    column = np.minimum(np.searchsorted(keys, counts.key), max(len(keys) - 1, 0))
    is_known = keys[column] == counts.key if len(keys) else np.zeros(len(counts.key), bool)
    unknown_idf = np.float32(idf.max()) if len(idf) else np.float32(1)
    value = (1 + np.log(counts.count)) * np.where(is_known, idf[column] if len(idf) else 1, unknown_idf)
    # One group per text and kind of n-gram; the lowest bit of a key tells the kind.
    group = counts.row * 2 + (counts.key & np.uint32(1))
    length = np.sqrt(2 * np.bincount(group, value.astype(np.float64) ** 2, minlength=2 * counts.texts))
    return counts.row[is_known], column[is_known], (value / length[group])[is_known].astype(np.float32)


def _word_ngrams(words: list[list[str]]) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    hashes: dict[str, int] = {}
    codes = [
        hashes.setdefault(word, zlib.crc32(word.encode("utf-8", "surrogatepass"))) for line in words for word in line
    ]
    row = np.repeat(np.arange(len(words)), [len(line) for line in words])
    single = np.array(codes, np.uint64)
    is_adjacent = row[1:] == row[:-1]
    pair = _mix(single[:-1] * np.uint64(31) + _mix(single[1:]))[is_adjacent]
    return np.concatenate([row, row[1:][is_adjacent]]), np.concatenate([_mix(single), pair])


def _character_ngrams(words: list[list[str]]) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    lines = [f" {'  '.join(line)} " if line else "" for line in words]
    joined = "".join(lines).encode("utf-32-le", "surrogatepass")
    code = np.frombuffer(joined, np.uint32).astype(np.uint64)
    row = np.repeat(np.arange(len(lines)), [len(line) for line in lines])
    # Two spaces in a row separate words: an n-gram must not reach over such a boundary.
    is_boundary = np.zeros(len(code), bool)
    is_boundary[1:] = (code[1:] == _SPACE) & (code[:-1] == _SPACE)
    word = np.cumsum(is_boundary)
    rows, keys = [], []
    rolling_hash = code.copy()
    for length in range(2, max(CHARACTER_LENGTHS) + 1):
        rolling_hash = rolling_hash[:-1] * np.uint64(0x100000001B3) + code[length - 1 :]
        if length not in CHARACTER_LENGTHS:
            continue
        is_inside = word[: len(rolling_hash)] == word[length - 1 :]
        rows.append(row[: len(rolling_hash)][is_inside])
        keys.append(_mix(rolling_hash[is_inside] * np.uint64(8) + np.uint64(length)))
    return np.concatenate(rows), np.concatenate(keys)


def _mix(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of SplitMix64, which spreads 64 bits onto the low 32."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (value ^ (value >> np.uint64(31))) & np.uint64(0xFFFFFFFF)

"""Words of texts as numbers, with the slots of templates masked: names, numbers, amounts, dates and addresses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

SLOT = np.uint64(0)
"""The number of a slot, whatever is in it. Adjacent slots are one, so that "5 March 2024" is as long as "5/3/24"."""
MIN_EVIDENCE_PER_SLOT = 1.5
"""Words of a text per slot, below which the slots are what it says, as in a table that was written as text."""
MAX_CAPITALISED = 0.15
"""Share of capitalised words inside sentences, from which capitals do not tell names: German nouns, titles."""
MIN_SPREAD = 2 / 3
"""Share of the texts from which a word is no evidence that two of them are alike: it is part of every request."""
MIN_TEXTS = 8
"""Texts, below which no word is taken for a part of every request."""

_BLOCK = 50_000
_SENTENCE_END = "¦"
_ADDRESS = r"(?i)(?:https?://|www\.)\S+|[^\s@]+@[^\s@]+\.[^\s@]+"
_UNSPACED = r"([\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}])"
_CODE = r"^[\p{Lu}\p{N}]{4,}$"
_AMOUNT = r"^\p{N}+(?:eur|usd|gbp|chf|k|m|st|nd|rd|th|am|pm|h|min|kg|gb|mb)$"
_UNITS = (
    r"^(?:eur|euros?|usd|dollars?|gbp|pounds?|chf|inr|rupees?|jpy|yen|cny|cents?|[$€£¥₹]|am|pm|st|nd|rd|th|"
    r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?|mon(?:day)?|tue(?:sday)?|wed(?:nesday)?|thu(?:rsday)?|fri(?:day)?|sat(?:urday)?|"
    r"sun(?:day)?)$"
)
"""Parts of amounts, times and dates, which belong to the slot of a number beside them."""


@dataclass(frozen=True)
class Words:
    """Word sequences of texts: sequence `i` is `words[starts[i]:starts[i + 1]]`, read from text `texts[i]`.

    Attributes:
        words: numbers that are equal where the words are.
        evidence: per word, how much it shows that two texts are alike, in halves of a word: 2, 1 for a letter of a
            script without spaces, and 0 for a slot and for a part of every request.
        letters: per word, its letters as far as they are evidence, at most 255.
    """

    words: NDArray[np.uint64]
    starts: NDArray[np.int64]
    texts: NDArray[np.int32]
    evidence: NDArray[np.uint8]
    letters: NDArray[np.uint8]


@dataclass(frozen=True)
class _Tokens:
    """Every word of every text, one array per property; `row` is its text."""

    row: NDArray[np.int32]
    word: NDArray[np.uint64]
    name: NDArray[np.bool_]
    number: NDArray[np.bool_]
    evidence: NDArray[np.uint8]
    letters: NDArray[np.uint8]

    def keep(self, chosen: NDArray[np.bool_]) -> _Tokens:
        columns = (self.row, self.word, self.name, self.number, self.evidence, self.letters)
        return _Tokens(*(column[chosen] for column in columns))  # type: ignore[arg-type]


def readings(texts: pl.Series) -> Iterator[Words]:
    """The words of the texts, case and punctuation apart: as they are, and with slots masked where a text has any.

    Names are told by capitals inside sentences. They are masked and also left, since a word put at the front of a
    sentence makes what was its first word look like a name.
    """
    tokens = _tokens(texts)
    yield _sequences(tokens, np.zeros(len(tokens.row), dtype=bool))
    for slot in (tokens.number, tokens.number | tokens.name) if tokens.name.any() else (tokens.number,):
        having = np.zeros(len(texts), dtype=bool)
        having[tokens.row[slot]] = True
        chosen = having[tokens.row]
        masked = _sequences(tokens.keep(chosen), slot[chosen])
        yield _with_enough_words(masked)


def _sequences(tokens: _Tokens, slot: NDArray[np.bool_]) -> Words:
    """The token sequences with a slot in place of each run of `slot`."""
    again = np.zeros(len(slot), dtype=bool)
    again[1:] = slot[1:] & slot[:-1] & (tokens.row[1:] == tokens.row[:-1])
    if again.any():
        tokens, slot = tokens.keep(~again), slot[~again]
    texts, sizes = np.unique(tokens.row, return_counts=True)
    masked = slot.any()
    return Words(
        words=np.where(slot, SLOT, tokens.word) if masked else tokens.word,
        starts=np.concatenate(([0], np.cumsum(sizes))).astype(np.int64),
        texts=texts,
        evidence=tokens.evidence * ~slot if masked else tokens.evidence,
        letters=tokens.letters * ~slot if masked else tokens.letters,
    )


def _with_enough_words(words: Words) -> Words:
    if not len(words.texts):
        return words
    begins, sizes = words.starts[:-1], np.diff(words.starts)
    slots = np.add.reduceat(words.words == SLOT, begins, dtype=np.int64)
    enough = np.add.reduceat(words.evidence, begins, dtype=np.int64) >= 2 * MIN_EVIDENCE_PER_SLOT * slots
    inside = np.repeat(enough, sizes)
    return Words(
        words=words.words[inside],
        starts=np.concatenate(([0], np.cumsum(sizes[enough]))).astype(np.int64),
        texts=words.texts[enough],
        evidence=words.evidence[inside],
        letters=words.letters[inside],
    )


def _tokens(texts: pl.Series) -> _Tokens:
    blocks = [_block(texts[start : start + _BLOCK], start) for start in range(0, len(texts), _BLOCK)]
    table = pl.concat(blocks) if blocks else _block(texts, 0)
    blocks.clear()
    row, word = table["row"].to_numpy(), table["hash"].to_numpy()
    letters, number = table["letters"].to_numpy(), table["digits"].to_numpy(writable=True)
    name, unit = table["name"].to_numpy(writable=True), table["unit"].to_numpy()
    if name.sum() > MAX_CAPITALISED * (letters > 0).sum():
        name[:] = False
    beside = number.copy()
    beside[1:] |= unit[1:] & number[:-1] & (row[1:] == row[:-1])
    beside[:-1] |= unit[:-1] & number[1:] & (row[1:] == row[:-1])
    counts = ~_of_all_texts(word, row, len(texts)) & (beside | (letters > 0))
    halves = np.where(table["unspaced"].to_numpy(), np.uint8(1), np.uint8(2))
    return _Tokens(row, word, name, beside, halves * counts, letters * counts)


def _block(texts: pl.Series, start: int) -> pl.DataFrame:
    """One line per word: `row`, `hash`, `name`, `digits`, `unit`, `letters`, `unspaced`."""
    spaced = (
        texts.str.normalize("NFKC")
        .str.replace_all(_ADDRESS, " 0 ")
        .str.replace_all(r"[.!?…。！？]+[\"'”’)\]]*(?:\s|$)", f" {_SENTENCE_END} ")
        .str.replace_all(r"[\p{Z}\s]+", " ")
        .str.replace_all(r"[\p{P}\p{C}]+", "")
        .str.replace_all(_UNSPACED, " $1 ")
    )
    word, lower = pl.col("word"), pl.col("word").str.to_lowercase()
    table = (
        pl.DataFrame({"word": spaced})
        .with_row_index("row", offset=start)
        .lazy()
        .with_columns(word.str.split(" "))
        .explode("word", empty_as_null=False, keep_nulls=False)
        .filter(word != "")
    )
    has_letter, has_digit = word.str.contains(r"\p{L}"), word.str.contains(r"\p{N}")
    properties = table.select(word.unique()).select(
        "word",
        # 0 is the slot's.
        pl.max_horizontal(lower.hash(seed=1), pl.lit(1, pl.UInt64)).alias("hash"),
        word.str.contains(r"^\p{Lu}{1,2}\p{Ll}[\p{L}\p{M}]*$").alias("capitalised"),
        (has_digit & (~has_letter | word.str.contains(_CODE) | lower.str.contains(_AMOUNT))).alias("digits"),
        lower.str.contains(_UNITS).alias("unit"),
        pl.when(has_letter)
        .then(word.str.len_chars().clip(upper_bound=255))
        .otherwise(0)
        .cast(pl.UInt8)
        .alias("letters"),
        word.str.contains(_UNSPACED).alias("unspaced"),
    )
    first = (pl.col("row") != pl.col("row").shift()) | (word.shift() == _SENTENCE_END)
    return (
        table.join(properties, on="word", how="left", maintain_order="left")
        .with_columns((pl.col("capitalised") & ~first.fill_null(True)).alias("name"))
        .filter(word != _SENTENCE_END)
        .select(pl.col("row").cast(pl.Int32), "hash", "name", "digits", "unit", "letters", "unspaced")
        .collect()
    )


def _of_all_texts(words: NDArray[np.uint64], row: NDArray[np.int32], count: int) -> NDArray[np.bool_]:
    """Whether each word is in at least `MIN_SPREAD` of the texts."""
    common = np.zeros(len(words), dtype=bool)
    if count < MIN_TEXTS:
        return common
    least = MIN_SPREAD * count
    # Counted by the high bits first, which bounds the memory.
    buckets = (words >> np.uint64(42)).astype(np.int32)
    frequent = np.flatnonzero((np.bincount(buckets, minlength=1 << 22) >= least)[buckets])
    for word in np.unique(words[frequent]):
        positions = frequent[words[frequent] == word]
        if len(positions) >= least and len(np.unique(row[positions])) >= least:
            common[positions] = True
    return common

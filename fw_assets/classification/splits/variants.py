"""Variants of a text: one word changed, inserted or dropped, one typo, a template with other slots.

Every text has the hashes of its word sequence and of that sequence without one word; two texts that share one are
variants. That is the deletion neighbourhood of SymSpell (Garbe 2012) over words in place of letters: linear in the
words, and exact but for collisions of 64 bits. Short texts, whose words show too little, are compared by letters in the
same way, and all texts by their letters without the spaces.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fw_assets.classification.splits.shingles import mix
from fw_assets.classification.splits.words import Words, readings

MIN_WORDS = 3
"""Words that two variants share in order; texts that share fewer are alike for other reasons."""
MIN_FEW_WORDS, MIN_FEW_LETTERS = 2, 10
"""So many words with so many letters in them are enough as well."""
MIN_SHARED_LETTERS = 8
MAX_LETTERS = 40
"""Letters of a text, up to which it is also compared by letters."""
MIN_MIXED = 8
"""Texts of one form from which their labels tell whether what differs between them decides the label."""
_BASE = np.uint64(0x9E3779B97F4A7C15)
_BLOCK = 50_000
_Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]


@dataclass(frozen=True)
class Forms:
    """Hashes of sequences, and the text that each comes from."""

    keys: NDArray[np.uint64]
    texts: NDArray[np.int32]


def variant_pairs(texts: pl.Series, labels: NDArray[np.int64]) -> _Pairs:
    """Pairs of positions of variants that have the same label, enough of them to connect each group.

    A word that differs together with the label is what the label is about, so those two are no copies of each other. A
    form whose texts have labels as mixed as all texts is a question around its content, and joins none of them.

    Args:
        labels: a number per text, equal where the labels are.
    """
    linked = [_linked(_word_forms(words), labels) for words in readings(texts)]
    linked.append(_linked(_letter_forms(texts), labels))
    return np.concatenate([left for left, _ in linked]), np.concatenate([right for _, right in linked])


def _word_forms(words: Words) -> Forms:
    """Of a block of texts after the other, since most forms show too little and are dropped."""
    blocks = [_block_forms(words, first) for first in range(0, len(words.texts), _BLOCK)]
    return _joined(blocks)


def _block_forms(words: Words, first: int) -> Forms:
    starts = words.starts[first : first + _BLOCK + 1]
    inside = slice(starts[0], starts[-1])
    evidence, letters = words.evidence[inside].astype(np.int64), words.letters[inside].astype(np.int64)
    keys, sequence, position = deletion_forms(words.words[inside], starts - starts[0])
    shown, spelt = _sums(evidence, starts - starts[0])[sequence], _sums(letters, starts - starts[0])[sequence]
    gone = position >= 0
    shown[gone] -= evidence[position[gone]]
    spelt[gone] -= letters[position[gone]]
    enough = (shown >= 2 * MIN_WORDS) | ((shown >= 2 * MIN_FEW_WORDS) & (spelt >= MIN_FEW_LETTERS))
    return Forms(keys[enough], words.texts[first + sequence[enough]])


def _letter_forms(texts: pl.Series) -> Forms:
    blocks = [_block_letter_forms(texts[first : first + _BLOCK], first) for first in range(0, len(texts), _BLOCK)]
    return _joined(blocks)


def _block_letter_forms(texts: pl.Series, first: int) -> Forms:
    squeezed = texts.str.normalize("NFKC").str.to_lowercase().str.replace_all(r"[^\p{L}\p{M}\p{N}]+", "")
    lengths = squeezed.str.len_chars().to_numpy().astype(np.int64)
    spelt = np.flatnonzero(lengths >= MIN_SHARED_LETTERS)
    short = spelt[lengths[spelt] <= MAX_LETTERS]
    lengths = lengths[short]
    codes = np.frombuffer("".join(squeezed.gather(short)).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    keys, text, position = deletion_forms(codes.astype(np.uint64), np.concatenate(([0], np.cumsum(lengths))))
    one_less = position >= 0
    enough = one_less & (lengths[text] > MIN_SHARED_LETTERS)
    # A whole short text is there twice: once as the hash that long ones have, once as the form that a deletion meets.
    enough |= ~one_less
    whole = squeezed.gather(spelt).hash(seed=1).to_numpy()
    rows = np.concatenate((spelt, short[text[enough]])) + first
    return Forms(np.concatenate((whole, keys[enough])), rows.astype(np.int32))


def deletion_forms(
    items: NDArray[np.uint64], starts: NDArray[np.int64]
) -> tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.int64]]:
    """Hashes of each sequence whole and without one item: the hash, the sequence, the position left out or -1.

    Sequence `i` is `items[starts[i]:starts[i + 1]]`. A polynomial hash modulo 2**64 with an odd base: what is behind
    the item left out moves up by a multiplication with the inverse of the base.
    """
    sizes = np.diff(starts)
    sequence = np.repeat(np.arange(len(sizes)), sizes)
    longest = int(sizes.max()) if len(sizes) else 0
    powers = np.cumprod(np.concatenate((np.ones(1, np.uint64), np.full(longest, _BASE))), dtype=np.uint64)
    terms = mix(items + np.uint64(1)) * powers[np.arange(len(items)) - starts[sequence]]
    before = np.concatenate((np.zeros(1, np.uint64), np.cumsum(terms, dtype=np.uint64)))
    ahead = before[:-1] - before[starts[:-1]][sequence]
    behind = before[starts[1:]][sequence] - before[1:]
    without = mix(ahead + behind * np.uint64(pow(int(_BASE), -1, 1 << 64)))
    whole = mix(before[starts[1:]] - before[starts[:-1]])
    positions = np.concatenate((np.full(len(sizes), -1), np.arange(len(items))))
    return np.concatenate((whole, without)), np.concatenate((np.arange(len(sizes)), sequence)), positions


def _sums(values: NDArray[np.int64], starts: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.diff(np.concatenate(([0], np.cumsum(values)))[starts])


def _joined(blocks: list[Forms]) -> Forms:
    if not blocks:
        return Forms(np.empty(0, np.uint64), np.empty(0, np.int32))
    return Forms(np.concatenate([block.keys for block in blocks]), np.concatenate([block.texts for block in blocks]))


def _linked(forms: Forms, labels: NDArray[np.int64]) -> _Pairs:
    """Each text of a form with the first of them that has its label; forms that occur once or are mixed left out."""
    form, text = _repeated(forms)
    if not len(form):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    order = np.lexsort((text, labels[text], form))
    form, text = form[order], text[order]
    # A text with the same word twice in a row has one form twice.
    distinct = _changes(form, text)
    form, text = form[distinct], text[distinct]
    begins, runs = np.flatnonzero(_changes(form)), np.flatnonzero(_changes(form, labels[text]))
    sizes, run_sizes = (np.diff(np.append(cuts, len(form))) for cuts in (begins, runs))
    run_form = np.searchsorted(begins, runs, side="right") - 1
    others = 1 - np.maximum.reduceat(run_sizes, np.searchsorted(runs, begins)) / sizes
    expected = 1 - np.bincount(labels).max() / len(labels)
    mixed = (sizes >= MIN_MIXED) & (others > 0) & (others >= expected / 2)
    firsts = np.repeat(text[runs], run_sizes)
    chosen = ~np.repeat(mixed[run_form], run_sizes) & (firsts != text)
    return firsts[chosen], text[chosen]


def _repeated(forms: Forms) -> _Pairs:
    """The number of the form and the text of each entry whose form occurs again."""
    ordered = np.sort(forms.keys)
    repeated = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    del ordered
    places, texts = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for start in range(0, len(forms.keys) if len(repeated) else 0, 20 * _BLOCK):
        keys = forms.keys[start : start + 20 * _BLOCK]
        place = np.searchsorted(repeated, keys)
        again = repeated[np.minimum(place, len(repeated) - 1)] == keys
        places.append(place[again])
        texts.append(forms.texts[start : start + 20 * _BLOCK][again].astype(np.int64))
    return np.concatenate(places), np.concatenate(texts)


def _changes(*columns: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each position differs from the one before it in any column."""
    return np.concatenate(([True], np.any([column[1:] != column[:-1] for column in columns], axis=0)))

"""Spelling variants of labels: which spellings mean one label, near misses, labels inside labels."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

MAX_NEAR_MISS_SHARE = 0.05
"""A label is a probable misspelling of another if it has at most this share of its rows."""
MIN_SIMILARITY = 0.6
"""difflib's ratio from which a label is suggested for an unknown one."""

_JOINT = re.compile(r"(?<=\w)[\s_\-\u2010-\u2015]+(?=\w)")
_SPACES = re.compile(r"\s+")
LABEL_SEPARATOR = re.compile(r"\s*[,;|\n]\s*")
_EDGE = " \t\r\n\"'`.,;:!\u201c\u201d\u2018\u2019"


def spelling_key(label: str) -> str:
    """The key shared by all variants of a label: NFKC, case folded, one kind of joint, no quotes or stops around it.

    A sign stays: "-1" and "1" are two labels.
    """
    text = unicodedata.normalize("NFKC", label).casefold().strip(_EDGE)
    text = _SPACES.sub(" ", _JOINT.sub(" ", text)).strip(_EDGE)
    return text or label.strip()


class LabelLookup:
    """Lookup of labels by any of their spellings.

    Labels with the same key ("A b", "a_b") are kept apart (`colliding`) and only matched exactly.
    """

    def __init__(self, labels: Sequence[str]) -> None:
        self.labels = tuple(labels)
        self._exact = frozenset(labels)
        by_key: dict[str, list[str]] = defaultdict(list)
        for label in labels:
            by_key[spelling_key(label)].append(label)
        self._by_key = {key: variants[0] for key, variants in by_key.items() if len(variants) == 1}
        self.colliding = tuple(tuple(variants) for variants in by_key.values() if len(variants) > 1)

    def find(self, spelling: str) -> str | None:
        return spelling if spelling in self._exact else self._by_key.get(spelling_key(spelling))

    def find_all(self, text: str) -> tuple[str, ...] | None:
        """The labels of a text such as "a, b; c"; None unless every piece is one."""
        labels = [self.find(piece) for piece in LABEL_SEPARATOR.split(text.strip(" []()"))]
        return None if None in labels else tuple(dict.fromkeys(label for label in labels if label is not None))


def infer_labels(counts: Mapping[str, int]) -> tuple[str, ...]:
    """The label set of counted spellings: of each group of variants the most frequent, then the first."""
    best: dict[str, str] = {}
    for spelling in sorted(counts, key=lambda name: (-counts[name], name)):
        best.setdefault(spelling_key(spelling), spelling)
    return tuple(sorted(best.values()))


def contained_labels(labels: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Ordered pairs (inner, outer) of labels where one's text is part of the other's."""
    folded = [(label, label.casefold()) for label in labels]
    return tuple(
        (inner, outer) for inner, low in folded for outer, high in folded if len(low) < len(high) and low in high
    )


def near_misses(counts: Mapping[str, int]) -> tuple[tuple[str, str], ...]:
    """Pairs (rare, frequent) of labels one or two letters apart, of which the first is probably a misspelling.

    Labels that differ in digits only ("level_1", "level_2") are meant to differ.
    """
    # Labels that are equal after at most one deletion each are one insertion, deletion, change or swap apart.
    by_deletion: dict[str, set[str]] = defaultdict(set)
    for label in counts:
        for form in _deletions(spelling_key(label)):
            by_deletion[form].add(label)
    pairs = set()
    for similar in by_deletion.values():
        for rare in similar:
            for frequent in similar:
                few, many = counts[rare], counts[frequent]
                if few < many and few <= max(1, MAX_NEAR_MISS_SHARE * many) and _letters_differ(rare, frequent):
                    pairs.add((rare, frequent))
    return tuple(sorted(pairs))


def nearest(spelling: str, labels: Iterable[str]) -> str | None:
    """The most similar label, None when no label is similar."""
    from difflib import get_close_matches

    by_key = {spelling_key(label): label for label in labels}
    matches = get_close_matches(spelling_key(spelling), list(by_key), n=1, cutoff=MIN_SIMILARITY)
    return by_key[matches[0]] if matches else None


def _deletions(key: str) -> set[str]:
    return {key} | ({key[:i] + key[i + 1 :] for i in range(len(key))} if len(key) > 3 else set())


def _letters_differ(first: str, second: str) -> bool:
    return re.sub(r"\d", "", first) != re.sub(r"\d", "", second)

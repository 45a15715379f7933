"""Labels as people spell them: variants of one label, near misses, labels inside labels."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

_JOINT = re.compile(r"(?<=\w)[\s_\-\u2010-\u2015]+(?=\w)")
_SPACES = re.compile(r"\s+")
_SEPARATORS = re.compile(r"\s*[,;|\n]\s*")
_EDGE = " \t\r\n\"'`.,;:!\u201c\u201d\u2018\u2019"
NEAR_MISS_SHARE = 0.05


def spelling_key(label: str) -> str:
    """What variants of a label share: NFKC, no case, one kind of joint, no quotes or stops around it.

    A sign stays: "-1" and "1" are two labels.
    """
    text = unicodedata.normalize("NFKC", label).casefold().strip(_EDGE)
    text = _SPACES.sub(" ", _JOINT.sub(" ", text)).strip(_EDGE)
    return text or label.strip()


class Spellings:
    """Finds the label that a spelling means.

    Given labels with the same key ("A b", "a_b") are kept apart and only matched exactly.
    """

    def __init__(self, labels: Sequence[str]) -> None:
        self.labels = tuple(labels)
        self._exact = frozenset(labels)
        by_key: dict[str, list[str]] = defaultdict(list)
        for label in labels:
            by_key[spelling_key(label)].append(label)
        self._by_key = {key: same[0] for key, same in by_key.items() if len(same) == 1}
        self.colliding = tuple(tuple(same) for same in by_key.values() if len(same) > 1)

    def find(self, spelling: str) -> str | None:
        """The label itself, the label of the same key, or None."""
        return spelling if spelling in self._exact else self._by_key.get(spelling_key(spelling))

    def find_all(self, text: str) -> tuple[str, ...] | None:
        """The labels of a text such as "a, b; c"; None unless every piece is one."""
        found = [self.find(piece) for piece in _SEPARATORS.split(text.strip(" []()"))]
        return None if None in found else tuple(dict.fromkeys(label for label in found if label is not None))


def infer_labels(counts: Mapping[str, int]) -> tuple[str, ...]:
    """The label set of counted spellings: of each group of variants the most frequent, then the first."""
    best: dict[str, str] = {}
    for spelling in sorted(counts, key=lambda name: (-counts[name], name)):
        best.setdefault(spelling_key(spelling), spelling)
    return tuple(sorted(best.values()))


def contained_labels(labels: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Ordered pairs (inner, outer) of labels where one's text lies inside the other's."""
    folded = [(label, label.casefold()) for label in labels]
    return tuple(
        (inner, outer) for inner, low in folded for outer, high in folded if len(low) < len(high) and low in high
    )


def near_misses(counts: Mapping[str, int]) -> tuple[tuple[str, str], ...]:
    """Pairs (rare, frequent) of labels one or two letters apart where the first is rare beside the second.

    Labels that differ in digits only ("level_1", "level_2") are meant to differ.
    """
    by_deletion: dict[str, set[str]] = defaultdict(set)
    for label in counts:
        key = spelling_key(label)
        for form in _deletions(key):
            by_deletion[form].add(label)
    pairs = set()
    for same in by_deletion.values():
        for rare in same:
            for frequent in same:
                few, many = counts[rare], counts[frequent]
                if (
                    rare != frequent
                    and few <= max(1, NEAR_MISS_SHARE * many)
                    and few < many
                    and _letters_differ(rare, frequent)
                ):
                    pairs.add((rare, frequent))
    return tuple(sorted(pairs))


def nearest(spelling: str, labels: Iterable[str]) -> str | None:
    """The label most like a spelling, None when none is alike."""
    from difflib import get_close_matches

    by_key = {spelling_key(label): label for label in labels}
    found = get_close_matches(spelling_key(spelling), list(by_key), n=1, cutoff=0.6)
    return by_key[found[0]] if found else None


def _deletions(key: str) -> set[str]:
    return {key} | ({key[:i] + key[i + 1 :] for i in range(len(key))} if len(key) > 3 else set())


def _letters_differ(one: str, other: str) -> bool:
    return re.sub(r"\d", "", one) != re.sub(r"\d", "", other)

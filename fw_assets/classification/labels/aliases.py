"""Spelling variants of labels: which spellings mean one label, near misses, labels inside labels."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from fw_assets.classification.spelling.label_lists import most_parts, split_labels
from fw_assets.classification.spelling.label_text import bare, look, spelling_key

MAX_NEAR_MISS_SHARE = 0.05
"""A label is a probable misspelling of another if it has at most this share of its rows."""
MIN_SIMILARITY = 0.6
"""difflib's ratio from which a label is suggested for an unknown one."""

_DECIMAL = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]+)?")
_OPTION = re.compile(r"\(?([A-Za-z]|\d{1,2})[).:]\s+(\S.*)", re.DOTALL)


class LabelLookup:
    """Lookup of labels by any of their spellings.

    Labels with the same key ("A b", "a_b") are kept apart (`colliding`) and only matched exactly. An option
    ("A) billing") is also found by its letter and by its text alone.
    """

    def __init__(self, labels: Sequence[str]) -> None:
        self.labels = tuple(labels)
        self._most = most_parts(labels)
        self._exact = frozenset(labels)
        by_key: dict[str, list[str]] = defaultdict(list)
        for label in labels:
            by_key[spelling_key(label)].append(label)
        self._by_key = {key: variants[0] for key, variants in by_key.items() if len(variants) == 1}
        self._by_option = {key: label for key, label in _option_parts(labels).items() if key not in self._by_key}
        self.colliding = tuple(tuple(variants) for variants in by_key.values() if len(variants) > 1)

    def find(self, spelling: str) -> str | None:
        if spelling in self._exact:
            return spelling
        key = spelling_key(spelling)
        return self._by_key.get(key) or self._by_option.get(key)

    def find_all(self, text: str) -> tuple[str, ...] | None:
        """The labels of a text such as "a, b and c"; None unless every piece is one."""
        return split_labels(text, self.find, self._most)


def infer_labels(counts: Mapping[str, int]) -> tuple[str, ...]:
    """The label set of counted spellings: of each group of variants the most frequent, then the first, made bare.

    Angle brackets that every spelling of a label has and other labels lack are part of it ("<unk>", "billing").
    Where options are written in full and by their letter or text alone ("A) billing", "A"), the full form is the label.
    """
    best: dict[str, str] = {}
    in_angles: dict[str, str] = {}
    plain = set[str]()
    for spelling in sorted(counts, key=lambda name: (-counts[name], name)):
        key, label = spelling_key(spelling), bare(spelling)
        best.setdefault(key, label)
        if (kept := bare(spelling, angles=True)) != label:
            in_angles.setdefault(key, kept)
        else:
            plain.add(key)
    if plain:
        best |= {key: label for key, label in in_angles.items() if key not in plain}
    options = _option_parts(tuple(best.values()))
    return tuple(sorted(label for key, label in best.items() if options.get(key, label) == label))


def alike(labels: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Groups of labels that look the same although they are not."""
    by_look: dict[str, list[str]] = defaultdict(list)
    for label in labels:
        by_look[look(label)].append(label)
    return tuple(tuple(group) for group in by_look.values() if len(group) > 1)


def _option_parts(labels: Sequence[str]) -> dict[str, str]:
    """The labels that are options, by the keys of their letter and of their text; none where parts are not unique."""
    options = [(match, label) for label in labels if (match := _OPTION.fullmatch(label))]
    parts = [(spelling_key(part), label) for match, label in options for part in match.groups()]
    return dict(parts) if len(options) > 1 and len(dict(parts)) == len(parts) else {}


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


def equal_numbers(labels: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Groups of labels that are one number in several forms ("1", "1.0"), with other labels beside them.

    A single group may be a joke or a code; from two on the forms were mixed, as by a table with empty cells.
    """
    by_value: dict[float, list[str]] = defaultdict(list)
    for label in labels:
        if _DECIMAL.fullmatch(label):
            by_value[float(label)].append(label)
    groups = tuple(tuple(group) for group in by_value.values() if len(group) > 1)
    return groups if len(groups) > 1 else ()


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

"""Lists of labels in one text: what separates them, how a text is taken apart, and which texts are lists at all."""

from __future__ import annotations

import ast
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

_STRONG = r"[,;|\n\t、，；،؛•]"
_WORDS = r"(?:and|und|et|y|e|i|og|och|en|ve|и|و|和|与|및)"
_WORD = rf"(?<!\S){_WORDS}(?=\s)"
_WEAK = rf"(?:{_WORD}|\s[-–—·]\s|[/&+#])"
_SEPARATOR = re.compile(rf"\s*(?:(?:\|\||{_STRONG})\s*(?:(?:[-*•]\s|\d{{1,2}}[.)]\s|(?:{_WORD}|&)\s))?|{_WEAK})\s*")
_FIRST_MARK = re.compile(r"^(?:[-*•]|1[.)])\s+")
_NUMBERED = re.compile(r"\s*(\d{1,2})[.)]\s+(\S.*)")
_HAS_STRONG = re.compile(_STRONG)
_BRACKETS = (("[", "]"), ("(", ")"))
MAX_PIECES = 50
MAX_LITERAL = 10_000
"""Characters; longer texts are no list of labels."""
MIN_RECURRING = 2
MIN_MOVING = 1 / 3
MIN_HELD = 1 / 2
MIN_BLANK_LISTS = 3

Find = Callable[[str], str | None]


class Lists(NamedTuple):
    """Which of the labels that were found are lists of others.

    Attributes:
        read: of each list, its labels.
        doubtful: texts that may be lists too, but have pieces that never occur alone or are joined in a way that names
            of one thing have as well.
    """

    read: dict[str, tuple[str, ...]]
    doubtful: tuple[str, ...]


def read_literal(text: str) -> tuple[str, ...] | None:
    """The items of a list of texts or numbers in JSON or Python; None where the text is none."""
    text = text.strip()
    if len(text) > MAX_LITERAL:
        return None
    if text[:2] in ('"[', '"{') and isinstance(inner := parse_literal(text), str):
        text = inner  # JSON within JSON, as exports write it
    if not (text[:1] in ("[", "(", "{") and text[-1:] in ("]", ")", "}")):
        return None
    value = parse_literal(text)
    if not isinstance(value, list | tuple | set) or not all(isinstance(item, str | int | float) for item in value):
        return None
    items = sorted(value, key=str) if isinstance(value, set) else value
    texts = [item.strip() if isinstance(item, str) else json.dumps(item) for item in items]
    return tuple(dict.fromkeys(texts)) if all(texts) else None


@lru_cache(maxsize=4)  # several rules read one answer
def parse_literal(text: str) -> object:
    """The value of JSON or of a Python literal; None where the text is neither."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    if len(text) > MAX_LITERAL or "'" not in text:
        return None
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


def split_labels(text: str, find: Find, most: int = MAX_PIECES) -> tuple[str, ...] | None:
    """The labels of a text such as "a, b and c" or '["a", "b"]'; None unless all of it is labels.

    Of all ways to divide it, the one with the longest labels first: a label may hold a separator.

    Args:
        most: `most_parts` of the labels, which spares looking for longer ones.
    """
    literal = read_literal(text)
    if literal is not None:
        labels = [find(item) for item in literal]
        return None if None in labels else tuple(dict.fromkeys(label for label in labels if label))
    text = text.strip()
    inner = _in_brackets(text)
    text = text if inner is None else inner.strip()
    text = _FIRST_MARK.sub("", text)
    cuts = [(match.start(), match.end()) for match in _SEPARATOR.finditer(text)]
    if len(cuts) >= MAX_PIECES:
        return None
    if cuts and cuts[-1][1] == len(text) and text[cuts[-1][0] :].strip() in (",", ";"):
        text = text[: cuts.pop()[0]]
    starts, ends = [0, *(end for _, end in cuts)], [*(start for start, _ in cuts), len(text)]
    tails: dict[int, tuple[str, ...] | None] = {len(starts): ()}
    for first in reversed(range(len(starts))):
        tails[first] = None
        for last in reversed(range(first, min(first + most, len(starts)))):
            rest = tails[last + 1]
            label = None if rest is None else find(text[starts[first] : ends[last]].strip())
            if label is not None and rest is not None:
                tails[first] = (label, *rest)
                break
    labels_of_all = tails[0] or _words(text, find)
    return None if labels_of_all is None else tuple(dict.fromkeys(labels_of_all))


def _words(text: str, find: Find) -> tuple[str, ...] | None:
    """The labels of a text whose every word is one, as tags with blanks between them are written."""
    words = text.split()
    labels = tuple(label for word in words if (label := find(word)) is not None)
    return labels if 1 < len(words) == len(labels) <= MAX_PIECES else None


def most_parts(labels: Iterable[str]) -> int:
    """The parts into which the separators in a label divide it, empty ones too, of the label that has most."""
    return max((len(_SEPARATOR.findall(label)) + 1 for label in labels), default=1)


def pieces(text: str) -> tuple[str, ...]:
    """What stands between the separators of a text."""
    literal = read_literal(text)
    if literal is not None:
        return literal
    return tuple(part for part in _SEPARATOR.split(_FIRST_MARK.sub("", text.strip())) if part.strip())


def find_lists(labels: Sequence[str], key: Callable[[str], str]) -> Lists:
    """Which of the labels are lists of the others.

    A text is a list if all its pieces are labels that also occur alone. One whose pieces do not is a list if, beside
    other lists, each of its pieces is alone or in several lists. It is doubtful if pieces come in changing places, as
    in no name of one thing, or if some of them are labels; and so is a single text whose labels are joined by a word
    or a sign, as in "health and safety".

    Args:
        labels: without two spellings of one label.
        key: what two spellings of one label share.
    """
    key = lru_cache(maxsize=None)(key)
    parts = {label: pieces(label) for label in labels}
    literals = _in_one_form(labels)
    composite = sorted(
        (label for label in labels if len(parts[label]) > 1 or label in literals), key=lambda x: len(parts[x])
    )
    atoms = {key(label): label for label in labels if len(parts[label]) < 2 and label not in literals}
    for item in (item for items in literals.values() for item in items):
        atoms.setdefault(key(item), item)
    read = _read(composite, atoms, key)
    rest = [label for label in composite if label not in read]
    if len(read) >= MIN_RECURRING and rest:
        for piece in _recurring(rest, atoms, key):
            atoms.setdefault(key(piece), piece)
        read = _read(composite, atoms, key)
        rest = [label for label in composite if label not in read]
    joined = [label for label in read if label not in literals and not _HAS_STRONG.search(label)]
    if joined and len(read) < MIN_RECURRING:
        return Lists({}, tuple(joined))
    names = {label for parts in read.values() for label in parts}
    rest = [label for label in rest if label not in names]
    doubtful = [label for label in rest if read and _HAS_STRONG.search(label) and _any_known(label, atoms, key)]
    if not read and _moving(rest, key):
        doubtful = [label for label in rest if len(pieces(label)) > 1]
    return Lists(read, tuple(doubtful) or _blank_lists(atoms, key))


def _blank_lists(atoms: Mapping[str, str], key: Callable[[str], str]) -> tuple[str, ...]:
    """Texts of several words that may be tags with blanks between them: each word is a label of its own.

    Names of several words are not made of labels alone; where more than a few are, and no others, it is asked.
    """
    several = [label for label in atoms.values() if len(label.split()) > 1]
    lists = [label for label in several if all(key(word) in atoms for word in label.split())]
    return tuple(lists) if len(lists) == len(several) >= MIN_BLANK_LISTS else ()


def _in_one_form(labels: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The items of texts whose form says that they are lists, of one item too where others of the form have several."""
    literals = {label: items for label in labels if (items := read_literal(label)) is not None}
    numbered = {label: items for label in labels if (items := _numbered(label))}
    in_brackets = {label: parts for label in labels if (parts := _bracketed(label))}
    for form in (numbered, in_brackets):
        if any(len(items) > 1 for items in form.values()):
            literals = {**form, **literals}
    return literals


def _bracketed(text: str) -> tuple[str, ...]:
    """The items of a list in brackets; none of other texts, "[news/sport]" and "[b]bold[/b]" among them."""
    inner = _in_brackets(text)
    parts = () if inner is None else pieces(inner)
    return parts if len(parts) < 2 or _HAS_STRONG.search(text) else ()


def _in_brackets(text: str) -> str | None:
    """What stands in the brackets around a text; None where no pair is around all of it."""
    for opening, closing in _BRACKETS:
        if text.startswith(opening) and text.endswith(closing):
            depths = accumulate((character == opening) - (character == closing) for character in text)
            return text[1:-1] if all(depth > 0 for depth in list(depths)[:-1]) else None
    return None


def _numbered(text: str) -> tuple[str, ...]:
    """The items of lines that are numbered from 1; none of other texts."""
    items = [match for line in text.splitlines() if (match := _NUMBERED.match(line))]
    if len(items) != len(text.splitlines()) or [int(match[1]) for match in items] != list(range(1, len(items) + 1)):
        return ()
    return tuple(match[2] for match in items)


def _read(composite: Iterable[str], atoms: dict[str, str], key: Callable[[str], str]) -> dict[str, tuple[str, ...]]:
    """The lists among the texts; one that is none becomes an atom itself, for those that hold it."""
    known, read = dict(atoms), {}
    most = most_parts(atoms.values())
    for label in composite:
        some = _in_brackets(label) is not None or _any_known(label, known, key)
        labels = split_labels(label, lambda text: known.get(key(text)), most) if some else None
        if labels is None:
            known.setdefault(key(label), label)
            most = max(most, most_parts([label]))
        else:
            read[label] = labels
    return read


def _recurring(texts: Iterable[str], atoms: Mapping[str, str], key: Callable[[str], str]) -> list[str]:
    """The pieces that are in several texts, of the texts whose pieces are all known or such."""
    places: dict[str, set[str]] = defaultdict(set)
    for text in texts:
        for piece in pieces(text):
            places[key(piece)].add(text)
    return [
        piece
        for text in texts
        if all(key(part) in atoms or len(places[key(part)]) >= MIN_RECURRING for part in pieces(text))
        for piece in pieces(text)
    ]


def _any_known(text: str, atoms: Mapping[str, str], key: Callable[[str], str]) -> bool:
    return any(key(piece) in atoms for piece in pieces(text))


def _moving(texts: Iterable[str], key: Callable[[str], str]) -> bool:
    """Whether pieces recur in changing places: labels of a list do, the parts of a path or of a name do not.

    They have to be in half of the texts: a quotation mark that two of many names share makes no lists of them.
    """
    places: dict[str, set[int]] = defaultdict(set)
    holders: dict[str, set[str]] = defaultdict(set)
    composite = [(text, parts) for text in texts if len(parts := pieces(text)) > 1]
    for text, parts in composite:
        for place, piece in enumerate(parts):
            places[key(piece)].add(place)
            holders[key(piece)].add(text)
    recurring = [piece for piece, held in holders.items() if len(held) >= MIN_RECURRING]
    moving = [piece for piece in recurring if len(places[piece]) > 1]
    held = set[str]().union(*(holders[piece] for piece in moving))
    return (
        len(recurring) >= MIN_RECURRING
        and len(moving) >= MIN_MOVING * len(recurring)
        and len(held) >= MIN_HELD * len(composite)
    )

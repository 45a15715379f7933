"""Normalisation of labels for comparison: the loosest one that keeps every two labels apart."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Literal

Strictness = Literal["loose", "case", "spacing", "exact"]

# A hyphen in front of a number is its sign.
_SEPARATORS = re.compile(r"(?:[\s_]|-(?!\d)|(?<=[^\s_\-])-)+")
_MINUS = re.compile(r"[\u2212\ufe63\uff0d](?=\d)")
_PLUS = re.compile(r"(?<!\S)\+(?=\d)")
_DETACHED_SIGN = re.compile(r"\s*-\s+(?=\d)")
"""In front of a number: a sign or a bullet, so that it is neither this number nor its negative."""
_SPACES = re.compile(r"\s+")


def with_plain_signs(text: str) -> str:
    """The text with the typographic minus in front of a number as a hyphen."""
    return _MINUS.sub("-", text)


def _folded(text: str) -> str:
    text = with_plain_signs(text)
    # casefold can undo NFKC ("ŉ", final sigma forms), hence the second pass
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _loose(text: str) -> str:
    folded = _PLUS.sub("", _folded(text))
    sign = _DETACHED_SIGN.match(folded)
    rest = folded[sign.end() :] if sign else folded
    return ("- " if sign else "") + _SEPARATORS.sub(" ", rest).strip()


def _case(text: str) -> str:
    return _SPACES.sub(" ", _folded(text)).strip()


def _spacing(text: str) -> str:
    return _SPACES.sub(" ", unicodedata.normalize("NFKC", with_plain_signs(text))).strip()


def _exact(text: str) -> str:
    return text


NORMALISERS: dict[Strictness, Callable[[str], str]] = {
    "loose": _loose,
    "case": _case,
    "spacing": _spacing,
    "exact": _exact,
}
"""From loose to strict.

`loose`: NFKC, case folded, runs of space, underscore and hyphen as one space; a minus in front of a number stays, a
plus does not. `case`: the same without joining underscores and hyphens. `spacing`: NFKC and runs of space only.
`exact`: the text itself.
"""


def strictness_for(texts: Sequence[str]) -> Strictness:
    """The loosest normaliser that is injective on `texts` and leaves none of them empty.

    Raises:
        ValueError: two of the texts are identical.
    """
    for strictness, normalise in NORMALISERS.items():
        forms = {normalise(text) for text in texts}
        if len(forms) == len(texts) and "" not in forms:
            return strictness
    if len(set(texts)) < len(texts):
        raise ValueError("two labels are identical")
    return "exact"

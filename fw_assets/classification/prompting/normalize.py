"""Normalisation of labels for comparison: the loosest one that keeps every two labels apart."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Literal

Strictness = Literal["loose", "case", "spacing", "exact"]

_SEPARATORS = re.compile(r"[\s_\-]+")
_SPACES = re.compile(r"\s+")


def _folded(text: str) -> str:
    # casefold can undo NFKC ("ŉ", final sigma forms), hence the second pass
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _loose(text: str) -> str:
    return _SEPARATORS.sub(" ", _folded(text)).strip()


def _case(text: str) -> str:
    return _SPACES.sub(" ", _folded(text)).strip()


def _spacing(text: str) -> str:
    return _SPACES.sub(" ", unicodedata.normalize("NFKC", text)).strip()


def _exact(text: str) -> str:
    return text


NORMALISERS: dict[Strictness, Callable[[str], str]] = {
    "loose": _loose,
    "case": _case,
    "spacing": _spacing,
    "exact": _exact,
}
"""From loose to strict.

`loose`: NFKC, case folded, runs of space, underscore and hyphen as one space. `case`: the same without
joining underscores and hyphens. `spacing`: NFKC and runs of space only. `exact`: the text itself.
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

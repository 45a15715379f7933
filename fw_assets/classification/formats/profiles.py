"""Profile of a column: what its values look like in a sample of the rows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["text", "integer", "number", "boolean", "list", "object", "empty"]

MAX_LABEL = 100
"""Characters."""
_MAX_EXAMPLES = 3


@dataclass(frozen=True)
class ColumnProfile:
    """Facts about the values of one column.

    Attributes:
        kind: what most values are; integers are also whole floats and texts of digits.
        filled: values that are not empty.
        distinct: different ones among them.
        words: of a value, on average.
        longest: characters.
    """

    kind: Kind
    filled: int
    distinct: int
    words: float
    longest: int
    examples: tuple[str, ...]

    @property
    def is_text(self) -> bool:
        """Whether it can be what is labelled: texts that hardly repeat, or have several words."""
        return self.kind == "text" and (2 * self.distinct > self.filled or self.words >= 4)

    @property
    def is_label(self) -> bool:
        """Whether it can be the label: short values that repeat."""
        repeats = 2 <= self.distinct <= max(2, self.filled // 2)
        return self.kind in ("text", "integer", "boolean", "list") and repeats and self.longest <= MAX_LABEL

    @property
    def shown(self) -> str:
        values = "value" if self.distinct == 1 else "values"
        return f"{self.distinct:,} {values}, such as {', '.join(map(repr, self.examples[:2]))}"


def profiles(rows: Sequence[Mapping[str, Any]]) -> dict[str, ColumnProfile]:
    """The profile of every column that some row has."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: profile([row.get(name) for row in rows]) for name in names}


def profile(values: Sequence[Any]) -> ColumnProfile:
    filled = [value for value in values if not is_empty(value)]
    texts = [str(value) for value in filled]
    distinct = dict.fromkeys(texts)
    kinds = [_kind(value) for value in filled]
    kind: Kind = max(set(kinds), key=kinds.count) if kinds else "empty"
    return ColumnProfile(
        kind=kind,
        filled=len(filled),
        distinct=len(distinct),
        words=sum(len(text.split()) for text in texts) / max(1, len(texts)),
        longest=max(map(len, texts), default=0),
        examples=tuple(text[:40] for text in list(distinct)[:_MAX_EXAMPLES]),
    )


def is_empty(value: Any) -> bool:
    """Whether a value is none, or a text of white space."""
    return value is None or (isinstance(value, str) and not value.strip()) or value != value


def _kind(value: Any) -> Kind:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return "integer"
    if isinstance(value, float):
        return "number"
    if isinstance(value, list | tuple):
        return "list"
    if isinstance(value, dict):
        return "object"
    text = str(value).strip()
    if re.fullmatch(r"[+-]?\d{1,18}(\.0+)?", text):
        return "integer"
    return "number" if re.fullmatch(r"[+-]?\d*\.\d+([eE][+-]?\d+)?", text) else "text"

"""Constraint of an answer that is a JSON object of several fields: the values that each of them may have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from fw_assets.embedded.inference.grammar import MAX_ANSWERS

FREE_TYPES = ("string", "integer", "number", "null")
MAX_FIELDS = 200


@dataclass(frozen=True)
class FieldConstraint:
    """What one field may be.

    Attributes:
        values: as JSON; None for a free text or number.
        types: of a free one, the JSON types that it may have.
    """

    name: str
    values: tuple[str, ...] | None = None
    types: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The values as models read them: texts without quotes, unless two would be called the same."""
        texts = tuple(plain(value) for value in self.values or ())
        return texts if len(set(texts)) == len(texts) and all(texts) else self.values or ()


def field_constraint(name: str, options: Sequence[Mapping[str, Any]]) -> FieldConstraint | None:
    """The constraint of a field whose value is any of some schemas; None where it has a form that no model can fill.

    Args:
        options: schemas without references and without `anyOf`.
    """
    values: list[Any] = []
    types: list[str] = []
    for option in options:
        if "const" in option or "enum" in option:
            listed = [option["const"]] if "const" in option else option["enum"]
            if not isinstance(listed, list) or not listed or any(isinstance(item, list | dict) for item in listed):
                return None
            values += listed
        elif option.get("type") == "boolean":
            values += [True, False]
        elif option.get("type") in FREE_TYPES:
            types.append(option["type"])
        else:
            return None
    if types and not values:
        return FieldConstraint(name, types=tuple(dict.fromkeys(types))) if types != ["null"] else _of(name, [None])
    if set(types) - {"null"}:
        return None
    return _of(name, [*values, *([None] if types else [])])


def plain(value: str) -> str:
    """A value, given as JSON, as people read it."""
    decoded = msgspec.json.decode(value)
    return decoded if isinstance(decoded, str) else value


def _of(name: str, values: Sequence[Any]) -> FieldConstraint | None:
    written = tuple(dict.fromkeys(msgspec.json.encode(value).decode() for value in values))
    return FieldConstraint(name, written) if 0 < len(written) <= MAX_ANSWERS else None

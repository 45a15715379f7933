"""Shape of JSON values of any form: the JSON schema that all of them meet, from the values themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from fw_assets.classification.fields.paths import MAX_KEYS

MAX_DEPTH = 6
"""Lists and objects further within may hold anything."""


class ValueShape:
    """The types that values have; of lists the shape of their items, of objects that of each name."""

    def __init__(self, depth: int = 0) -> None:
        self._depth = depth
        self._types: dict[str, None] = {}
        self._items: ValueShape | None = None
        self._properties: dict[str, ValueShape] = {}
        self._names: Counter[str] = Counter()
        self._objects = 0

    def add(self, value: Any) -> None:
        self._types[json_type(value)] = None
        if self._depth >= MAX_DEPTH:
            return
        if isinstance(value, list):
            self._items = self._items or ValueShape(self._depth + 1)
            for item in value:
                self._items.add(item)
        elif isinstance(value, Mapping):
            self._objects += 1
            self._names.update(value.keys())
            for name, item in value.items():
                if len(self._properties) <= MAX_KEYS or name in self._properties:
                    self._properties.setdefault(name, ValueShape(self._depth + 1)).add(item)

    @property
    def json_schema(self) -> dict[str, Any]:
        """The schema; objects of more than `MAX_KEYS` names may have any."""
        kinds = [self._of(name) for name in sorted(self._types, key=lambda name: (name == "null", name))]
        return kinds[0] if len(kinds) == 1 else {"anyOf": kinds} if kinds else {}

    def _of(self, kind: str) -> dict[str, Any]:
        if kind == "array" and self._items is not None and (items := self._items.json_schema):
            return {"type": "array", "items": items}
        if kind == "object" and 0 < len(self._properties) <= MAX_KEYS:
            properties = {name: shape.json_schema for name, shape in self._properties.items()}
            required = [name for name, times in self._names.items() if times == self._objects]
            return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
        return {"type": kind}


def json_type(value: Any) -> str:
    """The JSON schema's name of a value's type."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, int | float):
        return "integer" if isinstance(value, int) else "number"
    return "array" if isinstance(value, list) else "object"

"""Field of a record that models are asked for: one of a set of values, a list of them, free text, or any JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pydantic import SerializerFunctionWrapHandler, model_serializer

from fw_assets.classification.fields.paths import Path
from fw_assets.classification.fields.records import Scalar, value_text
from fw_assets.classification.fields.value_shape import json_type
from fw_assets.classification.fields.value_tally import RecordKind
from fw_assets.classification.values import Frozen

LATER = ("path", "position", "shape", "nullable")
"""Attributes that fields of earlier versions lack: at their defaults they leave the digests of plans and prompts."""


class RecordField(Frozen):
    """A field.

    Attributes:
        kind: `label` for a discrete set of values, `list` for lists of them, `text` for free text, `json` for other
            lists and objects.
        values: of a label, and of the items of a list, in the order of the label set or sorted; of a label, null is
            among them where a row may be without one.
        types: of a text, the JSON types that its values have: `string`, `integer`, `number`, `boolean`, `null`.
        longest: bytes of the longest value as JSON.
        absent: rows without the field; theirs is null.
        forced: whether the session says its kind.
        path: names from the object inwards; empty where the name is all of it.
        position: its place in the objects, where that is another than its place among the fields.
        shape: of `json`, the JSON schema of its values, as JSON.
        nullable: of a list, whether a row may have null in its place.
    """

    name: str
    kind: RecordKind
    values: tuple[Scalar, ...] = ()
    types: tuple[str, ...] = ()
    longest: int = 0
    absent: int = 0
    forced: bool = False
    path: Path = ()
    position: int = 0
    shape: str = ""
    nullable: bool = False

    @model_serializer(mode="wrap")
    def _without_defaults(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        dumped: dict[str, Any] = handler(self)
        return {name: value for name, value in dumped.items() if name not in LATER or value}

    @property
    def keys(self) -> Path:
        """The path, whatever its length."""
        return self.path or (self.name,)

    @property
    def texts(self) -> tuple[str, ...]:
        """The values of a label or of a list's items as people read them."""
        return tuple(value_text(value) for value in self.values)

    @property
    def json_schema(self) -> dict[str, Any]:
        """The JSON schema of its value: an enum for each type of a label's values, and null by itself."""
        if self.kind == "json":
            schema: dict[str, Any] = json.loads(self.shape)
            return schema
        if self.kind == "list":
            items = {"type": "array", "items": self._of_values}
            return {"anyOf": [items, {"type": "null"}]} if self.nullable else items
        return self._of_values

    @property
    def _of_values(self) -> dict[str, Any]:
        by_type: dict[str, list[Scalar]] = {}
        for value in self.values:
            by_type.setdefault(json_type(value), []).append(value)
        kinds: list[dict[str, Any]] = [
            {"type": name, **({"enum": by_type[name]} if name != "null" and name in by_type else {})}
            for name in (by_type or self.types)
        ]
        return kinds[0] if len(kinds) == 1 else {"anyOf": kinds}


def written_order(fields: Sequence[RecordField]) -> list[RecordField]:
    """The fields as they come in an object."""
    return sorted(fields, key=lambda field: field.position)

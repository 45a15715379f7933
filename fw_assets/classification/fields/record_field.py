"""Field of a record that models are asked for: one of a discrete set of values, or free text."""

from __future__ import annotations

from typing import Any, Literal

from fw_assets.classification.fields.records import Scalar, value_text
from fw_assets.classification.values import Frozen


class RecordField(Frozen):
    """A field.

    Attributes:
        kind: `label` for a discrete set of values, `text` for free text.
        values: of a label, in the order of the label set or sorted; null among them where a row may be without one.
        types: of a text, the JSON types that its values have: `string`, `integer`, `number`, `boolean`, `null`.
        longest: bytes of the longest value as JSON.
        absent: rows without the field; theirs is null.
        forced: whether the session says its kind.
    """

    name: str
    kind: Literal["label", "text"]
    values: tuple[Scalar, ...] = ()
    types: tuple[str, ...] = ()
    longest: int = 0
    absent: int = 0
    forced: bool = False

    @property
    def texts(self) -> tuple[str, ...]:
        """The values of a label as people read them."""
        return tuple(value_text(value) for value in self.values)

    @property
    def json_schema(self) -> dict[str, Any]:
        """The JSON schema of its value: an enum for each type of a label's values, and null by itself."""
        by_type: dict[str, list[Scalar]] = {}
        for value in self.values:
            by_type.setdefault(json_type(value), []).append(value)
        kinds: list[dict[str, Any]] = [
            {"type": name, **({"enum": by_type[name]} if name != "null" and name in by_type else {})}
            for name in (by_type or self.types)
        ]
        return kinds[0] if len(kinds) == 1 else {"anyOf": kinds}


def json_type(value: Scalar) -> str:
    """The JSON schema's name of a value's type."""
    if isinstance(value, bool):
        return "boolean"
    if value is None:
        return "null"
    return "string" if isinstance(value, str) else "integer" if isinstance(value, int) else "number"

"""Record in words: the system message that describes an answer of several fields, and the room that it takes."""

from __future__ import annotations

from collections.abc import Sequence

from fw_assets.classification.fields.record_field import RecordField
from fw_assets.classification.fields.records import value_json

TEXT_ROOM = 2
"""A model has room for a free text so many times as long as the longest of the data."""
_TYPES = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null where there is none",
}


def record_text(fields: Sequence[RecordField]) -> str:
    """The system message: every field with its values, or the type of its texts."""
    lines = ["Read the conversation. Answer with a JSON object of exactly these fields, in this order:", ""]
    return "\n".join([*lines, *(f"- {value_json(field.name)}: {_values(field)}" for field in fields)])


def record_bytes(fields: Sequence[RecordField]) -> int:
    """Bytes of the longest answer."""
    values = sum(field.longest * (TEXT_ROOM if field.kind == "text" else 1) for field in fields)
    return values + sum(len(value_json(field.name).encode()) + len(": , ") for field in fields) + len("{}")


def _values(field: RecordField) -> str:
    if field.kind == "label":
        return f"one of {', '.join(map(value_json, field.values))}"
    return " or ".join(_TYPES[name] for name in sorted(field.types, key=lambda name: name == "null"))

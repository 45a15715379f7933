"""Record in words: the system message that describes an answer of several fields, and the room that it takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fw_assets.classification.fields.paths import nested
from fw_assets.classification.fields.record_field import RecordField, written_order
from fw_assets.classification.fields.records import value_json

TEXT_ROOM = 2
"""A model has room for a free text, a list or an object so many times as long as the longest of the data."""
_TYPES = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null where there is none",
}


def record_text(fields: Sequence[RecordField]) -> str:
    """The system message: every field with its values, or the type of its texts; those of an object indented."""
    lines = ["Read the conversation. Answer with a JSON object of exactly these fields, in this order:", ""]
    return "\n".join([*lines, *_lines(nested((field.keys, field) for field in written_order(fields)), "")])


def _lines(fields: Mapping[str, Any], indent: str) -> Iterator[str]:
    for name, field in fields.items():
        if isinstance(field, RecordField):
            yield f"{indent}- {value_json(name)}: {_values(field)}"
        else:
            yield f"{indent}- {value_json(name)}: an object of"
            yield from _lines(field, f"{indent}  ")


def record_bytes(fields: Sequence[RecordField]) -> int:
    """Bytes of the longest answer."""
    values = sum(field.longest * (1 if field.kind == "label" else TEXT_ROOM) for field in fields)
    names = sum(len(value_json(name).encode()) + len(": , ") for field in fields for name in field.keys)
    objects = sum(len(field.keys) - 1 for field in fields) + 1
    return values + names + objects * len("{}")


def _values(field: RecordField) -> str:
    if field.kind == "label":
        return f"one of {', '.join(map(value_json, field.values))}"
    if field.kind == "list":
        without = ", or null" if field.nullable else ""
        return f"a list of those that apply, none or several of {', '.join(map(value_json, field.values))}{without}"
    if field.kind == "json":
        return _shape(field.json_schema)
    return " or ".join(_TYPES[name] for name in sorted(field.types, key=lambda name: name == "null"))


def _shape(schema: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(map(_shape, schema["anyOf"]))
    kind = schema.get("type", "object")
    if kind == "array":
        return f"a list of {_shape(schema['items'])}" if "items" in schema else "a list"
    if kind == "object":
        names = ", ".join(f"{value_json(name)}: {_shape(item)}" for name, item in schema.get("properties", {}).items())
        return f"an object {{{names}}}" if names else "an object"
    return _TYPES[kind]

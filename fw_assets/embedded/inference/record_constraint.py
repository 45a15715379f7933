"""Constraint of an answer that is a JSON object of several fields, from the schema of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from fw_assets.embedded.engine.answer_fields import FieldConstraint, Path
from fw_assets.embedded.inference.grammar import MAX_ANSWERS

FREE_TYPES = ("string", "integer", "number", "null")
COMPOUND = ("array", "object")
LEAST = {"string": '""', "integer": "0", "number": "0", "boolean": "false", "null": "null"}
MAX_FIELDS = 200
MAX_DEPTH = 10


def field_constraint(path: Path, options: Sequence[Mapping[str, Any]]) -> FieldConstraint | None:
    """The constraint of a field whose value is any of some schemas; None where it has a form that no model can fill.

    Args:
        options: schemas without references; only those within lists and objects may have `anyOf`.
    """
    compound = [option for option in options if option.get("type") in COMPOUND]
    if compound:
        return _compound(path, options, compound)
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
        return FieldConstraint(path, types=tuple(dict.fromkeys(types))) if types != ["null"] else _of(path, [None])
    if set(types) - {"null"}:
        return None
    return _of(path, [*values, *([None] if types else [])])


def _compound(
    path: Path, options: Sequence[Mapping[str, Any]], compound: Sequence[Mapping[str, Any]]
) -> FieldConstraint | None:
    """A list of values to choose from; any other list or object is as small as its schema lets it be."""
    kinds = {option.get("type") for option in options}
    least = "null" if "null" in kinds else least_value(compound[0])
    if least is None:
        return None
    items = compound[0].get("items")
    if kinds <= {"array", "null"} and len(compound) == 1 and isinstance(items, Mapping):
        choices = items.get("anyOf") or [items]
        if not isinstance(choices, list) or not all(isinstance(choice, Mapping) for choice in choices):
            return None
        each = field_constraint(path, choices)
        if each is not None and each.values and not compound[0].get("minItems"):
            types = ("null",) if "null" in kinds else ()
            return FieldConstraint(path, each.values, types, many=True, least=least)
    return FieldConstraint(path, types=tuple(str(kind) for kind in kinds), least=least)


def least_value(schema: Mapping[str, Any], depth: int = 0) -> str | None:
    """The smallest JSON value of a schema: an empty list or text, 0, an object of what is required; None for others."""
    if depth > MAX_DEPTH or not isinstance(schema, Mapping):
        return None
    options = schema.get("anyOf") or schema.get("oneOf")
    if isinstance(options, list) and options:
        return least_value(options[0], depth + 1)
    listed = [schema["const"]] if "const" in schema else schema.get("enum")
    if isinstance(listed, list) and listed:
        return msgspec.json.encode(listed[0]).decode()
    kind = schema.get("type")
    if kind == "array":
        return None if schema.get("minItems") else "[]"
    if kind != "object":
        return LEAST.get(str(kind))
    properties, required = schema.get("properties") or {}, schema.get("required") or []
    if not isinstance(properties, Mapping) or not isinstance(required, list):
        return None
    parts = [(name, least_value(properties.get(name, {}), depth + 1)) for name in required if isinstance(name, str)]
    if any(value is None for _, value in parts):
        return None
    return "{" + ", ".join(f"{msgspec.json.encode(name).decode()}: {value}" for name, value in parts) + "}"


def allows(schema_types: Sequence[str], written: str) -> bool:
    """Whether a value, as JSON, is a list, an object or null where that is one of the types."""
    kind = {"[": "array", "{": "object", "n": "null"}.get(written[:1])
    return kind in schema_types


def _of(path: Path, values: Sequence[Any]) -> FieldConstraint | None:
    written = tuple(dict.fromkeys(msgspec.json.encode(value).decode() for value in values))
    return FieldConstraint(path, written) if 0 < len(written) <= MAX_ANSWERS else None

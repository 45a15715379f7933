"""Constrained decoding: GBNF grammars and JSON schemas over the label set."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from fw_assets.classification.fields.paths import nested
from fw_assets.classification.fields.record_field import RecordField, written_order

# Escapes that GBNF and JSON strings share, so that a parser of either kind gets the same literal.
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}

_ROOT, _OR = "root ::= ", " | "


def gbnf_literal(text: str) -> str:
    """`text` as a quoted GBNF literal."""
    escaped = "".join(
        _ESCAPES.get(character) or (f"\\u{ord(character):04x}" if ord(character) < 32 else character)
        for character in text
    )
    return f'"{escaped}"'


def grammar_format(answers: Sequence[str]) -> dict[str, Any]:
    """The `response_format` that allows exactly one of `answers`."""
    return {"type": "grammar", "grammar": _grammar(tuple(answers))}


def grammar_answers(response_format: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The answers that a `grammar_format` allows; None for any other format."""
    return _answers(response_format["grammar"]) if response_format.get("type") == "grammar" else None


def schema_format(labels: Sequence[str], key: str, multi_label: bool) -> dict[str, Any]:
    """The `response_format` for a JSON object whose one `key` holds a label, or a list of labels.

    Repeated ones are dropped when the answer is read: of arrays, the service supports `items` alone.
    """
    label = {"type": "string", "enum": list(labels)}
    value = {"type": "array", "items": label} if multi_label else label
    return _object_format({key: value})


def record_format(fields: Sequence[RecordField]) -> dict[str, Any]:
    """The `response_format` for a JSON object of all fields; labels are enumerated, texts are not."""
    return _object_format(_properties(nested((field.keys, field) for field in written_order(fields))))


def _properties(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: field.json_schema if isinstance(field, RecordField) else _object(_properties(field))
        for name, field in fields.items()
    }


def _object_format(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": _object(properties)}}


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


@lru_cache(maxsize=16)
def _grammar(answers: tuple[str, ...]) -> str:
    return _ROOT + _OR.join(gbnf_literal(answer) for answer in answers)


@lru_cache(maxsize=16)
def _answers(grammar: str) -> tuple[str, ...]:
    # A literal reads the same as a JSON string (`_ESCAPES`).
    read, at, answers = json.JSONDecoder().raw_decode, len(_ROOT), list[str]()
    while at < len(grammar):
        answer, end = read(grammar, at)
        answers.append(answer)
        at = end + len(_OR)
    return tuple(answers)

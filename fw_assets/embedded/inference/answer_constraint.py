"""`response_format`, read as the answers that a model may choose from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

from fw_assets.embedded.errors import ApiError, invalid
from fw_assets.embedded.inference.answer_format import AnswerFormat
from fw_assets.embedded.inference.grammar import expand_grammar

_OPENERS = " \t\n:=>\"'{[("
_DEEPEST = 10
_CLOSERS = " \t\n<\"'}])"


@dataclass(frozen=True)
class Choices:
    """What a request lets the model answer.

    Attributes:
        labels: what is chosen from, as the answer will hold it; None leaves it to the model.
        names: the labels without the text that all of them share, for models that read the label's name.
        format: what is written around the label; None leaves it to the model.
        fewest, most: how many labels the answer holds, when `format` asks for a list.
    """

    labels: tuple[str, ...] | None = None
    names: tuple[str, ...] | None = None
    format: AnswerFormat | None = None
    fewest: int = 0
    most: int | None = None


FREE = Choices()


@lru_cache(maxsize=512)
def read_choices(response_format: bytes) -> Choices:
    """The choices in the JSON text of a `response_format`.

    Raises:
        ApiError: INVALID_ARGUMENT when it has a form that no choice can be read from.
    """
    given = msgspec.json.decode(response_format)
    if given is None:
        return FREE
    kind = given.get("type") if isinstance(given, dict) else None
    if kind == "text":
        return FREE
    if kind == "json_object" and not given.get("schema"):
        return Choices(format=AnswerFormat(key="label"))
    if kind in ("json_schema", "json_object"):
        return _schema_choices(_schema(given))
    if kind == "grammar":
        if not isinstance(given.get("grammar"), str):
            raise invalid("response_format.grammar: missing; expected a GBNF text", "response_format")
        return _checked(Choices(expand_grammar(given["grammar"]), format=AnswerFormat()))
    raise invalid(
        f"response_format.type: {kind!r}; expected text, json_object, json_schema or grammar",
        "response_format",
    )


def _schema(given: Mapping[str, Any]) -> Mapping[str, Any]:
    found = given.get("json_schema") or given.get("schema")
    if isinstance(found, str):
        try:
            found = msgspec.json.decode(found)
        except msgspec.DecodeError as error:
            raise invalid(f"response_format.json_schema: not JSON: {error}", "response_format") from None
    if isinstance(found, dict) and isinstance(found.get("schema"), dict):
        found = found["schema"]
    if not isinstance(found, dict):
        raise invalid("response_format.json_schema: missing; expected a schema", "response_format")
    return found


def _schema_choices(schema: Mapping[str, Any]) -> Choices:
    root = _resolve(schema, schema)
    key: str | None = None
    value = root
    if root.get("type") == "object" or "properties" in root:
        properties = root.get("properties") or {}
        if not isinstance(properties, dict) or len(properties) != 1:
            raise _unusable("the object has not exactly one property")
        key, value = next(iter(properties.items()))
        value = _resolve(value, schema)
    many = value.get("type") == "array"
    labels = _enumerated(_resolve(value.get("items") or {}, schema) if many else value, schema)
    if key is None and not many:
        # A bare enumeration is answered by a JSON string.
        return _checked(Choices(tuple(msgspec.json.encode(label).decode() for label in labels), format=AnswerFormat()))
    choices = Choices(
        labels,
        format=AnswerFormat(key=key, many=many),
        fewest=_bound(value, "minItems") or 0,
        most=_bound(value, "maxItems"),
    )
    return _checked(choices)


def _enumerated(value: Mapping[str, Any], schema: Mapping[str, Any], depth: int = 0) -> tuple[str, ...]:
    if depth > _DEEPEST:
        raise _unusable("a $ref leads back to itself")
    if "const" in value:
        found = [value["const"]]
    elif "enum" in value:
        found = _list(value["enum"])
    else:
        options = _list(value.get("anyOf") or value.get("oneOf") or [])
        found = [label for option in options for label in _enumerated(_resolve(option, schema), schema, depth + 1)]
    if not found or not all(isinstance(label, str) for label in found):
        raise _unusable("its property lists no texts under enum")
    return tuple(dict.fromkeys(found))


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise _unusable(f"{value!r} is not a list")
    return value


def _bound(value: Mapping[str, Any], field: str) -> int | None:
    found = value.get(field)
    if found is not None and (isinstance(found, bool) or not isinstance(found, int) or found < 0):
        raise _unusable(f"{field} is {found!r}")
    return found


def _resolve(value: Any, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """`value`, or what its local `$ref` points to."""
    for _ in range(_DEEPEST):
        if not isinstance(value, dict):
            raise _unusable("a part of it is not an object")
        reference = value.get("$ref")
        if reference is None and len(whole := _list(value.get("allOf") or [])) == 1:
            value = whole[0]
        elif reference is None:
            return value
        else:
            value = schema
            for part in str(reference).removeprefix("#/").split("/"):
                value = value.get(part) if isinstance(value, dict) else None
    raise _unusable("a $ref leads back to itself")


def _checked(choices: Choices) -> Choices:
    labels = choices.labels or ()
    if not labels or "" in labels:
        raise invalid("response_format: it allows an empty answer, or none at all", "response_format")
    return Choices(labels, _without_shared(labels), choices.format, choices.fewest, choices.most)


def _without_shared(labels: tuple[str, ...]) -> tuple[str, ...]:
    """The labels without a frame such as `Category: ` that stands around each of them."""
    if len(labels) < 2:
        return labels
    low, high = min(labels), max(labels)
    start = next((i for i, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), min(len(low), len(high)))
    while start and low[start - 1] not in _OPENERS:
        start -= 1
    ends = [label[::-1] for label in labels]
    low, high = min(ends), max(ends)
    end = next((i for i, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), min(len(low), len(high)))
    while end and low[end - 1] not in _CLOSERS:
        end -= 1
    names = tuple(label[start : len(label) - end].strip() for label in labels)
    return names if all(names) and len(set(names)) == len(names) else labels


def _unusable(what: str) -> ApiError:
    return invalid(
        f"response_format.json_schema: {what}; this platform's models choose labels: give an object with one "
        'property, {"enum": [...]} or {"type": "array", "items": {"enum": [...]}}',
        "response_format",
    )

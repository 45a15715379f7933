"""Constraint of an answer: a `response_format`, read as the labels that a model may choose from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any

import msgspec

from fw_assets.embedded.engine.answer_fields import FieldConstraint, Path
from fw_assets.embedded.errors import RpcError, invalid
from fw_assets.embedded.inference.answer_format import AnswerFormat
from fw_assets.embedded.inference.grammar import MAX_ANSWERS, clip, expand_grammar
from fw_assets.embedded.inference.record_constraint import MAX_FIELDS, field_constraint

_OPENERS = " \t\n:=>\"'{[("
_MAX_DEPTH = 10
_CLOSERS = " \t\n<\"'}])"


@dataclass(frozen=True)
class AnswerConstraint:
    """The answers that a request allows.

    Attributes:
        labels: the labels to choose from, as the answer will hold them; None leaves them to the model.
        names: the labels without the text that all of them share, for models that read the label's name.
        format: the text around the label; None leaves it to the model.
        min_labels, max_labels: bounds of a list of labels, when `format` asks for one.
        fields: of an object of several, which then is all that is said.
    """

    labels: tuple[str, ...] | None = None
    names: tuple[str, ...] | None = None
    format: AnswerFormat | None = None
    min_labels: int = 0
    max_labels: int | None = None
    fields: tuple[FieldConstraint, ...] = ()


UNCONSTRAINED = AnswerConstraint()


# Few, since each may hold thousands of labels.
@lru_cache(maxsize=64)
def read_constraint(response_format: bytes) -> AnswerConstraint:
    """The constraint in the JSON text of a `response_format`.

    Raises:
        RpcError: INVALID_ARGUMENT when it has a form from which no finite set of labels can be read.
    """
    value = _decode(response_format, "response_format")
    if value is None:
        return UNCONSTRAINED
    kind = value.get("type") if isinstance(value, dict) else None
    if kind == "text":
        return UNCONSTRAINED
    if kind == "json_object" and not value.get("schema"):
        return AnswerConstraint(format=AnswerFormat(key="label"))
    if kind in ("json_schema", "json_object"):
        return _schema_constraint(_find_schema(value))
    if kind == "grammar":
        if not isinstance(value.get("grammar"), str):
            raise invalid("response_format.grammar: missing; expected a GBNF text", "response_format")
        return _constraint(expand_grammar(value["grammar"]), AnswerFormat())
    raise invalid(
        f"response_format.type: {clip(repr(kind))}; expected text, json_object, json_schema or grammar",
        "response_format",
    )


def _find_schema(response_format: Mapping[str, Any]) -> Mapping[str, Any]:
    schema = response_format.get("json_schema") or response_format.get("schema")
    if isinstance(schema, str):
        schema = _decode(schema, "response_format.json_schema")
    if isinstance(schema, dict) and isinstance(schema.get("schema"), dict):
        schema = schema["schema"]
    if not isinstance(schema, dict):
        raise invalid("response_format.json_schema: missing; expected a schema", "response_format")
    return schema


def _decode(text: str | bytes, field: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise invalid(f"{field}: not JSON: {error}", "response_format") from None


def _schema_constraint(schema: Mapping[str, Any]) -> AnswerConstraint:
    root = _resolve(schema, schema)
    key: str | None = None
    value = root
    if root.get("type") == "object" or "properties" in root:
        properties = root.get("properties") or {}
        if not isinstance(properties, dict) or not 1 <= len(properties) <= MAX_FIELDS:
            raise _unusable(f"the object has no property, or more than {MAX_FIELDS}")
        key, value = next(iter(properties.items()))
        if len(properties) > 1 or _inner_properties(_options(value, schema)):
            fields = tuple(islice(_fields(properties, schema, ()), MAX_FIELDS + 1))
            if len(fields) > MAX_FIELDS:
                raise _unusable(f"the objects have more than {MAX_FIELDS} properties in all")
            return AnswerConstraint(fields=fields)
        value = _resolve(value, schema)
    many = value.get("type") == "array"
    labels = _enumerated(_resolve(value.get("items") or {}, schema) if many else value, schema)
    if key is None and not many:
        # A bare enumeration is answered by a JSON string.
        return _constraint([msgspec.json.encode(label).decode() for label in labels], AnswerFormat())
    min_labels = _bound(value, "minItems") or 0
    return _constraint(labels, AnswerFormat(key=key, many=many), min_labels, _bound(value, "maxItems"))


def _fields(properties: Mapping[str, Any], schema: Mapping[str, Any], outer: Path) -> Iterator[FieldConstraint]:
    """The fields of an object, those of objects within it in their place."""
    if len(outer) > _MAX_DEPTH:
        raise _unusable("its objects are nested too deeply")
    for name, item in properties.items():
        options = _options(item, schema)
        inner = _inner_properties(options)
        if inner:
            yield from _fields(inner, schema, (*outer, name))
        else:
            yield _field((*outer, name), options, schema)


def _inner_properties(options: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The properties of a value that is an object, or an object or null; none of any other."""
    values = [option for option in options if option.get("type") != "null"]
    inner = values[0].get("properties") if len(values) == 1 else None
    return inner if isinstance(inner, dict) else {}


def _options(value: Any, schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The schemas that a value may have, `anyOf` and a list of types taken apart."""
    value = _resolve(value, schema)
    kinds = value.get("type")
    if isinstance(kinds, list) and "enum" not in value and "const" not in value:
        return [{**value, "type": kind} for kind in kinds]
    return [_resolve(item, schema) for item in _list(value.get("anyOf") or value.get("oneOf") or [value])]


def _field(path: Path, options: Sequence[Mapping[str, Any]], schema: Mapping[str, Any]) -> FieldConstraint:
    constraint = field_constraint(path, [_with_items(option, schema) for option in options])
    if constraint is None:
        raise _unusable(
            f"the property {clip(repr('.'.join(path)))} is neither an enum nor a text, a number, a boolean, null, a "
            "list or an object of these"
        )
    return constraint


def _with_items(option: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema with the reference of a list's items followed."""
    return {**option, "items": _resolve(option["items"], schema)} if option.get("items") else option


def _enumerated(value: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    labels = list(islice(_alternatives(value, schema, 0), MAX_ANSWERS + 1))
    if len(labels) > MAX_ANSWERS:
        raise _unusable(f"it lists more than {MAX_ANSWERS} texts")
    return list(dict.fromkeys(labels))


def _alternatives(value: Mapping[str, Any], schema: Mapping[str, Any], depth: int) -> Iterator[str]:
    """The texts that a value may be, repeated ones too: at least one per part of the schema that is looked at.

    Whoever stops reading after so many texts has therefore also limited the work, however references fan out.
    """
    if depth > _MAX_DEPTH:
        raise _unusable("a $ref leads back to itself")
    if "const" in value or "enum" in value:
        labels = [value["const"]] if "const" in value else _list(value["enum"])
        if not labels or not all(isinstance(label, str) for label in labels):
            raise _unusable("its property lists no texts under enum")
        yield from labels
        return
    options = _list(value.get("anyOf") or value.get("oneOf") or [])
    if not options:
        raise _unusable("its property lists no texts under enum")
    for option in options:
        yield from _alternatives(_resolve(option, schema), schema, depth + 1)


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise _unusable(f"{clip(repr(value))} is not a list")
    return value


def _bound(value: Mapping[str, Any], field: str) -> int | None:
    bound = value.get(field)
    if bound is not None and (isinstance(bound, bool) or not isinstance(bound, int) or bound < 0):
        raise _unusable(f"{field} is {clip(repr(bound))}")
    return bound


def _resolve(value: Any, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """`value` with local references (`$ref`, and an `allOf` of one) followed."""
    for _ in range(_MAX_DEPTH):
        if not isinstance(value, dict):
            raise _unusable("a part of it is not an object")
        reference = value.get("$ref")
        if reference is None and len(parts := _list(value.get("allOf") or [])) == 1:
            value = parts[0]
        elif reference is None:
            return value
        else:
            value = schema
            for part in str(reference).removeprefix("#/").split("/"):
                value = value.get(part) if isinstance(value, dict) else None
    raise _unusable("a $ref leads back to itself")


def _constraint(
    labels: Sequence[str], format: AnswerFormat, min_labels: int = 0, max_labels: int | None = None
) -> AnswerConstraint:
    if not labels or "" in labels:
        raise invalid("response_format: it allows an empty answer, or none at all", "response_format")
    return AnswerConstraint(tuple(labels), label_names(tuple(labels)), format, min_labels, max_labels)


def label_names(labels: tuple[str, ...]) -> tuple[str, ...]:
    """The labels without a frame such as `Category: ` that is around each of them."""
    if len(labels) < 2:
        return labels
    # The smallest and the largest text share whatever all texts between them share.
    start = _shared_prefix(min(labels), max(labels))
    while start and labels[0][start - 1] not in _OPENERS:
        start -= 1
    reversed_labels = [label[::-1] for label in labels]
    end = _shared_prefix(min(reversed_labels), max(reversed_labels))
    while end and reversed_labels[0][end - 1] not in _CLOSERS:
        end -= 1
    names = tuple(label[start : len(label) - end].strip() for label in labels)
    return names if all(names) and len(set(names)) == len(names) else labels


def _shared_prefix(low: str, high: str) -> int:
    """The number of characters that two texts share at their beginning."""
    pairs = enumerate(zip(low, high, strict=False))
    return next((index for index, (one, other) in pairs if one != other), min(len(low), len(high)))


def _unusable(problem: str) -> RpcError:
    return invalid(
        f"response_format.json_schema: {problem}; this platform's models choose labels: give an object with one "
        'property, {"enum": [...]} or {"type": "array", "items": {"enum": [...]}}, or with several, each an enum, a '
        "text, a number, a boolean, null, a list or an object",
        "response_format",
    )

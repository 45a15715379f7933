"""`response_format` in all its forms."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fw_assets.embedded.errors import RpcError
from fw_assets.embedded.inference.answer_constraint import UNCONSTRAINED, AnswerConstraint, read_constraint
from fw_assets.embedded.inference.answer_format import AnswerFormat


def read(response_format: Any) -> AnswerConstraint:
    return read_constraint(json.dumps(response_format).encode())


def schema(property: Any, **root: Any) -> dict[str, Any]:
    inner = {"type": "object", "properties": {"label": property}, "required": ["label"], **root}
    return {"type": "json_schema", "json_schema": {"name": "label", "schema": inner}}


def test_an_enum_under_one_key() -> None:
    constraint = read(schema({"type": "string", "enum": ["a", "b"]}))
    assert (constraint.labels, constraint.format) == (("a", "b"), AnswerFormat(key="label"))


def test_an_array_of_an_enum_with_its_bounds() -> None:
    items = {"type": "array", "items": {"enum": ["a", "b", "c"]}, "minItems": 1, "maxItems": 2}
    constraint = read(schema(items))
    assert constraint.format == AnswerFormat(key="label", many=True)
    assert (constraint.labels, constraint.min_labels, constraint.max_labels) == (("a", "b", "c"), 1, 2)


def test_references_and_single_values() -> None:
    referenced = schema({"$ref": "#/$defs/L"}, **{"$defs": {"L": {"enum": ["a", "b"]}}})
    assert read(referenced).labels == ("a", "b")
    assert read(schema({"anyOf": [{"const": "a"}, {"const": "b"}]})).labels == ("a", "b")


def test_more_labels_than_can_be_chosen_from_are_refused_however_they_are_written() -> None:
    fans = {f"f{n}": {"anyOf": [{"$ref": f"#/$defs/f{n + 1}"}] * 100} for n in range(9)} | {"f9": {"const": "x"}}
    for property in (
        {"enum": [str(number) for number in range(60_000)]},
        {"anyOf": [{"const": str(number)} for number in range(60_000)]},
        {"$ref": "#/$defs/f0"},
    ):
        with pytest.raises(RpcError, match="more than 5000 texts"):
            read(schema(property, **{"$defs": fans}))
    assert len(read(schema({"enum": [str(number) for number in range(5000)]})).labels or ()) == 5000


@pytest.mark.parametrize("text", ["[" * 100_000, '{"type":"json_schema","json_schema":"' + "[" * 100_000 + '"}'])
def test_a_deeply_nested_format_is_refused(text: str) -> None:
    with pytest.raises(RpcError, match="not JSON"):
        read_constraint(text.encode())


def test_a_schema_as_text_and_next_to_its_type() -> None:
    inner = schema({"enum": ["a", "b"]})["json_schema"]["schema"]
    assert read({"type": "json_schema", "json_schema": json.dumps(inner)}).labels == ("a", "b")
    assert read({"type": "json_object", "schema": inner}).labels == ("a", "b")


def test_a_bare_enum_is_answered_by_a_json_string() -> None:
    assert read({"type": "json_schema", "json_schema": {"schema": {"enum": ["a", "b"]}}}).labels == (
        '"a"',
        '"b"',
    )


def test_text_and_null_are_no_constraint() -> None:
    assert read(None) == read({"type": "text"}) == UNCONSTRAINED


@pytest.mark.parametrize(
    ("answers", "names"),
    [
        (("Category: billing", "Category: sales"), ("billing", "sales")),
        (("<label>a b</label>", "<label>a c</label>"), ("b", "c")),
        (("card_arrival", "card_linking"), ("card_arrival", "card_linking")),
        (("a", "a b"), ("a", "a b")),
        (("only one",), ("only one",)),
    ],
)
def test_a_frame_around_every_answer_is_not_part_of_the_name(answers: tuple[str, ...], names: tuple[str, ...]) -> None:
    grammar = "root ::= " + " | ".join(json.dumps(answer) for answer in answers)
    constraint = read({"type": "grammar", "grammar": grammar})
    assert (constraint.labels, constraint.names) == (answers, names)


@pytest.mark.parametrize(
    "response_format",
    [
        7,
        {"type": "regex"},
        {"type": "grammar"},
        {"type": "json_schema"},
        {"type": "json_schema", "json_schema": "{"},
        schema({"type": "string"}),
        schema({"enum": [1, 2]}),
        schema({"enum": [""]}),
        schema({"$ref": "#/$defs/missing"}),
        schema({"anyOf": [{"$ref": "#/properties/label"}]}),
        {"type": "json_schema", "json_schema": {"schema": {"type": "object", "properties": {}}}},
    ],
)
def test_a_format_without_labels_is_refused(response_format: Any) -> None:
    with pytest.raises(RpcError) as refusal:
        read(response_format)
    assert refusal.value.status == 400

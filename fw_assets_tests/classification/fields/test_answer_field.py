"""Fields of answers: which there are, and which of them have a discrete set of values."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fw_assets.classification.fields.answer_field import find_fields
from fw_assets.classification.fields.value_tally import discrete
from fw_assets_tests.routing_rows import FIELDS, routing_lines

ROUTING = [json.loads(line)["messages"][-1]["content"] for line in routing_lines(300)]


def test_every_field_is_found_with_its_kind() -> None:
    fields = {field.name: field for field in find_fields(ROUTING)}
    assert tuple(fields) == FIELDS
    assert [field.kind for field in fields.values()] == ["label", "label", "label", "label", "text"]
    assert [field.values for field in fields.values()][:4] == [3, 3, 2, 2]
    assert {text for text, _ in fields["refund"].most} == {"true", "false"}
    assert fields["shift"].summary == "2 values"
    assert fields["order"].summary == "free text"


def test_a_field_that_is_sometimes_missing_or_null() -> None:
    answers = [json.dumps({"a": "x", **({"b": "y"} if i % 2 else {"b": None} if i % 4 else {})}) for i in range(40)]
    absent = {field.name: field.absent for field in find_fields(answers)}
    assert absent == {"a": 0, "b": 20}


def test_lists_and_objects() -> None:
    answers = [
        json.dumps(
            {
                "a.b": "x",
                "tags": ["p", "q"][: i % 3],
                "inner": {"k": 1, "deep": {"a.b": None if i else "y"}} if i % 4 else None,
                "items": [{"sku": i}],
                "steps": [f"step {i}"],
                "by_id": {f"id-{i}": i},
                "mixed": ["p"] if i % 2 else "p",
            }
        )
        for i in range(12)
    ]
    fields = {field.name: field for field in find_fields(answers)}
    assert {name: field.kind for name, field in fields.items()} == {
        "a.b": "label",
        "tags": "list",
        "inner.k": "label",
        "inner.deep.a\\.b": "text",
        "items": "json",
        "steps": "json",
        "by_id": "json",
        "mixed": "json",
    }
    assert fields["a.b"].keys == ("a.b",)
    assert fields["inner.deep.a\\.b"].keys == ("inner", "deep", "a.b")
    assert fields["tags"].most == (("p", 8), ("q", 4))
    assert fields["tags"].summary == "lists of 2 values"
    assert fields["inner.k"].absent == 3
    assert fields["items"].most[0][0] == '[{"sku": 0}]'


def test_a_name_with_a_point_beside_an_object_of_that_path() -> None:
    answers = [json.dumps({"a.b": i % 2, "a": {"b": i % 3}}) for i in range(12)]
    assert {field.name: field.keys for field in find_fields(answers)} == {"a\\.b": ("a.b",), "a.b": ("a", "b")}


@pytest.mark.parametrize(
    "answers",
    [["billing", "sales"] * 9, ['{"label": "billing"}'] * 9, ['{"a": "x", "b": "y"}'] * 3 + ["sales"] * 9, []],
    ids=["texts", "one field", "few objects", "none"],
)
def test_answers_without_several_fields(answers: list[str]) -> None:
    assert find_fields(answers) == ()


def test_objects_are_found_behind_reasoning_and_in_fences() -> None:
    answer = '<think>{"a": 1}</think>```json\n{"a": "x", "b": "y"}\n```'
    assert [field.name for field in find_fields([answer] * 5)] == ["a", "b"]


@given(st.lists(st.integers(0, 10_000), min_size=50, max_size=400, unique=True))
def test_values_that_never_repeat_are_no_labels(values: list[int]) -> None:
    assert not discrete(Counter(json.dumps(f"order {value}") for value in values))


def test_many_values_of_which_new_ones_keep_coming_are_free_text() -> None:
    closed = Counter({json.dumps(f"city {i}"): 4 for i in range(50)})
    assert discrete(closed)
    open_ended = closed + Counter({json.dumps(f"name {i}"): 1 for i in range(25)})
    assert not discrete(open_ended)

"""Fields of answers: which there are, and which of them have a discrete set of values."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fw_assets.classification.fields.answer_field import discrete, find_fields
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


def test_lists_and_objects_are_neither_labels_nor_texts() -> None:
    answers = [json.dumps({"a": "x", "tags": ["p", "q"], "inner": {"k": 1}}) for _ in range(9)]
    assert {field.name: field.kind for field in find_fields(answers)} == {
        "a": "label",
        "tags": "other",
        "inner": "other",
    }


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

"""Values of several fields from a model's answer."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fw_assets.classification.fields.record_field import RecordField
from fw_assets.classification.fields.records import Scalar, record_json
from fw_assets.classification.prompting.outcomes import AnswerKind, Outcome
from fw_assets.classification.prompting.record_parser import RecordParser
from fw_assets_tests.classification.records import FIELDS, TOPIC, predictions, record

PARSER = RecordParser(FIELDS)
GOLD = record_json(record("food", 2, "see A-17"))


def outcomes(text: str | None, kind: AnswerKind = "valid") -> list[str | None]:
    return [answer["outcome"] for answer in PARSER.answers(kind, text, GOLD)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"topic": "food", "stars": 2, "note": "see A-17"}', ["correct", "correct", "correct"]),
        ('{"note": "see A-17", "stars": 2, "topic": "food"}', ["correct", "correct", "correct"]),
        ('```json\n{"topic": "Food", "stars": "2", "note": "see A-17"}\n```', ["correct", "correct", "correct"]),
        ('<think>{"topic": "room"}</think>{"topic": "food", "stars": null}', ["correct", "wrong_label", "empty"]),
        ('Here you are: {"topic": "food", "stars": 3, "note": "x"} Done', ["correct", "wrong_label", "wrong_label"]),
        ('{"topic": "drinks", "stars": 9, "note": ["a"]}', ["off_label", "off_label", "off_label"]),
        ('{"topic": "food", "topic": "room", "stars": 2, "stars": 2}', ["ambiguous", "correct", "empty"]),
        ('{"topic": "food"', ["off_label", "off_label", "off_label"]),
        ("food", ["off_label", "off_label", "off_label"]),
    ],
)
def test_every_field_is_judged_by_itself(text: str, expected: list[Outcome]) -> None:
    assert outcomes(text) == expected


@pytest.mark.parametrize("kind", ["failed", "truncated", "refused", "empty"])
def test_an_answer_that_is_none_is_none_for_every_field(kind: AnswerKind) -> None:
    assert outcomes('{"topic": "food", "stars": 2, "note": "see A-17"}', kind) == [kind] * 3


@pytest.mark.parametrize(
    ("said", "lenient"), [("See  a-17.", "correct"), ("see A 17", "wrong_label"), ("", "wrong_label")]
)
def test_free_text_is_exact_or_alike(said: str, lenient: Outcome) -> None:
    answer = PARSER.answers("valid", json.dumps({"note": said}), GOLD)[2]
    assert (answer["outcome"], answer["lenient_outcome"]) == ("wrong_label", lenient)


def test_numbers_as_texts_are_alike() -> None:
    (answer,) = RecordParser([RecordField(name="n", kind="text", types=("number",))]).answers(
        "valid", '{"n": "12.50"}', '{"n": 12.5}'
    )
    assert (answer["outcome"], answer["lenient_outcome"]) == ("wrong_label", "correct")


@given(st.dictionaries(st.sampled_from(["topic", "stars", "note", "x"]), st.none() | st.booleans() | st.text()))
def test_what_is_predicted_is_one_of_the_values(record: dict[str, Scalar]) -> None:
    topic, stars, _ = PARSER.answers("valid", json.dumps(record), GOLD)
    assert topic["predicted"] in (None, '"food"', '"room"', '"staff"')
    assert stars["predicted"] in (None, "1", "2", "3", "null")


def test_one_and_true_are_two_values() -> None:
    field = RecordField(name="f", kind="label", values=(True, 1, "1"))
    given = [RecordParser([field]).values(f'{{"f": {value}}}')["f"] for value in ("true", "1", '"1"')]
    assert [type(value) for value in given] == [bool, int, str]


def test_predictions_have_the_fields_and_the_label_of_the_first() -> None:
    frame = predictions([record("food", 2)], ['{"topic": "food", "stars": 3, "note": "n"}'])
    assert frame["outcome"].to_list() == ["correct"]
    assert [answer["outcome"] for answer in frame["fields"][0]] == ["correct", "wrong_label", "correct"]


TAGS = RecordField(name="tags", kind="list", values=("legal", "vip", 3), longest=9, nullable=True)
ITEMS = RecordField(name="items", kind="json", shape='{"type": "array"}')
CITY = RecordField(name="where.city", kind="text", types=("string",), path=("where", "city"))


@pytest.mark.parametrize(
    ("field", "gold", "said", "outcome", "lenient"),
    [
        (TAGS, ["vip", "legal"], '["Legal", "vip", "vip"]', "correct", "correct"),
        (TAGS, ["vip", 3], '["3", "vip"]', "correct", "correct"),
        (TAGS, ["vip"], "[]", "wrong_label", "wrong_label"),
        (TAGS, None, "[]", "wrong_label", "correct"),
        (TAGS, [], "null", "wrong_label", "correct"),
        (TAGS, ["vip"], '["vip", "other"]', "off_label", "off_label"),
        (TAGS, ["vip"], '"vip"', "off_label", "off_label"),
        (TAGS, ["vip"], '[["vip"]]', "off_label", "off_label"),
        (ITEMS, [{"a": 1, "b": "X"}, 2], '[{"b": "X", "a": 1}, 2]', "correct", "correct"),
        (ITEMS, [{"a": 1, "b": "X"}, 2], '[2, {"b": " x.", "a": 1.0, "c": null}]', "wrong_label", "correct"),
        (ITEMS, [1], "[true]", "wrong_label", "wrong_label"),
        (ITEMS, [1, 1], "[1]", "wrong_label", "wrong_label"),
    ],
)
def test_lists_are_sets_and_other_json_is_as_it_is_written(
    field: RecordField, gold: object, said: str, outcome: Outcome, lenient: Outcome
) -> None:
    text = f'{{"{field.name}": {said}}}'
    (answer,) = RecordParser([field]).answers("valid", text, json.dumps({field.name: gold}))
    assert (answer["outcome"], answer["lenient_outcome"]) == (outcome, lenient)


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ('{"where": {"city": "Köln"}}', "correct"),
        ('{"where": {"city": "Köln"}, "where": {"city": "Rome"}}', "ambiguous"),
        ('{"where": null}', "wrong_label"),
        ('{"where": {}}', "empty"),
        ('{"city": "Köln"}', "empty"),
    ],
)
def test_values_within_objects(said: str, outcome: Outcome) -> None:
    (answer,) = RecordParser([CITY]).answers("valid", said, '{"where": {"city": "Köln"}}')
    assert answer["outcome"] == outcome


def test_the_valid_values_are_an_object_again() -> None:
    fields = [TOPIC.model_copy(update={"position": 1}), CITY.model_copy(update={"position": 0}), TAGS]
    given = '{"tags": ["VIP"], "where": {"city": "Rome"}, "topic": "food"}'
    assert RecordParser(fields).values(given) == {"where": {"city": "Rome"}, "tags": ["vip"], "topic": "food"}

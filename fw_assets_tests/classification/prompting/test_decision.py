"""A prompt as a decision: what is asked, what is answered, and which labels cannot be options."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fw_assets.classification.errors import InputError
from fw_assets.classification.fields.record_field import RecordField
from fw_assets.classification.prompting.decision import (
    decided_confidence,
    decided_labels,
    decision_body,
    decision_prompt,
    decision_state,
    in_reverse,
)
from fw_assets.classification.prompting.prompt import Prompt, request


def prompt(*labels: str, many: bool = False) -> Prompt:
    return Prompt(
        system="list",
        labels=labels,
        answers=None if many else labels,
        mode="json_schema" if many else "grammar",
        json_key="labels" if many else None,
        multi_label=many,
        max_tokens=8,
    )


TEXT = json.dumps([{"role": "user", "content": "refund"}, {"role": "assistant", "content": "a"}])


def test_a_label_is_one_choice() -> None:
    body = decision_body(decision_prompt(prompt("a", "b")), TEXT)
    question = body["questions"]["label"]
    assert body["state"] == "refund"
    assert (question["type"], question["criteria"]) == ("choice", {"a": "a", "b": "b"})
    assert question["instructions"]


def test_several_labels_are_a_question_each() -> None:
    questions = decision_body(decision_prompt(prompt("a", "b", many=True)), TEXT)["questions"]
    assert [item["criteria"] for item in questions.values()] == [{"true": "a"}, {"true": "b"}]
    assert {item["type"] for item in questions.values()} == {"noul"}


def test_a_conversation_is_the_state_without_its_answer() -> None:
    turns = [{"role": "system", "content": "s"}, {"role": "user", "content": [{"type": "text", "text": "u"}]}]
    state = decision_state(json.dumps([*turns, {"role": "assistant", "content": "a"}]))
    assert state == [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}]


def test_the_prompt_has_a_digest_of_its_own_and_the_chat_of_the_same_question() -> None:
    chat = prompt("a", "b")
    asked = decision_prompt(chat)
    assert len({chat.digest, asked.digest, in_reverse(asked).digest}) == 3
    assert request(asked, TEXT) == request(chat, TEXT)


@pytest.mark.parametrize("labels", [("a", "a "), ("a",)])
def test_labels_that_are_no_options_are_refused(labels: tuple[str, ...]) -> None:
    with pytest.raises(InputError) as refusal:
        decision_prompt(prompt(*labels))
    assert refusal.value.problems[0].field == "inference"


def test_as_many_labels_as_there_are_may_be_asked_one_by_one() -> None:
    assert decision_prompt(prompt(*map(str, range(300)), many=True)).mode == "decision"


def test_fields_are_refused() -> None:
    fields = prompt("a", "b").model_copy(
        update={"fields": (RecordField(name="x", kind="text"), RecordField(name="y", kind="text"))}
    )
    with pytest.raises(InputError, match="several fields"):
        decision_prompt(fields)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=6))
def test_answers_follow_from_the_probabilities(values: list[float]) -> None:
    names = tuple(map(str, range(len(values))))
    named = dict(zip(names, values, strict=True))
    one, many = prompt(*names), prompt(*names, many=True)
    assert named[decided_labels(one, named)[0]] == max(values) == decided_confidence(one, named)
    assert set(decided_labels(many, named)) == {name for name, p in named.items() if p >= 0.5}
    assert 0 <= decided_confidence(many, named) <= 1

"""Prompts of arms: what changes, what does not, and that questions without descriptions keep their digests."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fw_assets.classification.arm import Arm, read_arm
from fw_assets.classification.arms.arm_prompt import arm_prompt, with_descriptions
from fw_assets.classification.errors import InputError
from fw_assets.classification.fields.record_field import RecordField
from fw_assets.classification.prompting.decision import decision_body, questions_text
from fw_assets.classification.prompting.prompt import Prompt, request, request_turns

TEXT = json.dumps([{"role": "user", "content": "where is my refund"}, {"role": "assistant", "content": "money"}])
MEANINGS = {"money": "Invoices and\nrefunds", "login: web": "Passwords"}


def prompt(*labels: str, many: bool = False, fields: tuple[RecordField, ...] = ()) -> Prompt:
    return Prompt(
        system=None,
        labels=labels,
        answers=None if many or fields else labels,
        mode="json_schema" if many or fields else "grammar",
        json_key="labels" if many else None,
        multi_label=many,
        max_tokens=8,
        fields=fields,
    )


PLAIN = prompt("money", "login: web", "other")


def test_the_system_message_says_what_labels_mean_and_where_they_end() -> None:
    asked = arm_prompt(PLAIN, read_arm("descriptions"), MEANINGS)
    system = request_turns(asked, TEXT)[0]["content"]
    assert "- money: Invoices and refunds\n" in system
    assert '- "login: web": Passwords\n' in system
    assert system.endswith("- other")
    assert "followed by what they mean" in system
    # The answers that are allowed, and everything else of the request, are those of the model as it is.
    assert {**request(asked, TEXT), "messages": None} == {**request(PLAIN, TEXT), "messages": None}


def test_a_decision_says_them_as_criteria() -> None:
    body = decision_body(arm_prompt(PLAIN, read_arm("decision"), MEANINGS), TEXT)
    assert body["questions"]["label"]["criteria"] == {
        "money": "Invoices and\nrefunds",
        "login: web": "Passwords",
        "other": "other",
    }
    several = arm_prompt(prompt("money", "other", many=True), read_arm("decision"), MEANINGS)
    criteria = [item["criteria"] for item in decision_body(several, TEXT)["questions"].values()]
    assert criteria == [{"true": "money: Invoices and\nrefunds"}, {"true": "other"}]
    assert "Invoices" in questions_text(several)


def test_values_of_a_field_are_described_below_the_record() -> None:
    field = RecordField(name="topic", kind="label", values=("money", "other"), longest=8)
    asked = arm_prompt(prompt("money", "other", fields=(field,)), read_arm("descriptions"), MEANINGS)
    assert asked.system is not None
    assert asked.system.endswith("The values of topic mean:\n- money: Invoices and refunds")
    with pytest.raises(InputError, match="Leave the arm `decision` out"):
        arm_prompt(prompt("money", "other", fields=(field,)), read_arm("decision"), MEANINGS)


def test_the_arm_that_asks_as_it_is_changes_nothing() -> None:
    assert arm_prompt(PLAIN, Arm("zero-shot"), MEANINGS) is PLAIN


@given(st.dictionaries(st.sampled_from(PLAIN.labels), st.text(min_size=1).filter(str.strip)))
def test_a_digest_changes_with_what_is_said_alone(descriptions: dict[str, str]) -> None:
    described = with_descriptions(PLAIN, descriptions)
    assert (described.digest == PLAIN.digest) == (not descriptions)


def test_prompts_without_descriptions_keep_the_digest_that_they_had() -> None:
    assert PLAIN.digest == "d473932a114f"

"""Two-stage questions: what is asked first and then, and of which labels there are none."""

from __future__ import annotations

import pytest

from fw_assets.classification.arm import read_arm
from fw_assets.classification.arms.arm_prompt import arm_prompt
from fw_assets.classification.arms.two_stage import (
    first_question,
    longest_questions,
    second_question,
    stated_top,
    two_stage_prompt,
)
from fw_assets.classification.errors import InputError
from fw_assets.classification.prompting.completion import Completion
from fw_assets.classification.prompting.prompt import request
from fw_assets_tests.classification.prompts import prompt_for

PATHS = ("billing/refund", "billing/invoice", "account/login", "account/close", "other")
TEXT = '[{"role": "user", "content": "Where is my money?"}]'


def test_the_top_is_asked_for_first_then_the_labels_below_it() -> None:
    staged = two_stage_prompt(prompt_for(PATHS), None)
    first = first_question(staged)
    assert first.labels == ("billing", "account", "other")
    body = request(first, TEXT)
    assert "- billing\n- account\n- other" in body["messages"][0]["content"]
    assert "refund" not in str(body)
    second = second_question(staged, "billing")
    assert second is not None
    assert second.labels == ("billing/refund", "billing/invoice")
    assert "account" not in str(request(second, TEXT))
    assert second_question(staged, "other") is None


def test_parents_that_are_labels_are_asked_for_again() -> None:
    labels = ("billing", "refund", "login", "close")
    staged = two_stage_prompt(prompt_for(labels), {"refund": "billing", "login": "account", "close": "account"})
    second = second_question(staged, "billing")
    assert second is not None
    assert second.labels == ("billing", "refund")


def test_a_row_is_priced_by_the_longest_second_question() -> None:
    plain = prompt_for(PATHS)
    assert longest_questions(plain) == (plain,)
    first, second = longest_questions(two_stage_prompt(plain, None))
    assert first.labels == ("billing", "account", "other")
    assert second.labels == ("billing/refund", "billing/invoice")


def test_answers_keep_the_form_of_the_dataset() -> None:
    written = prompt_for(PATHS, rule="xml_tag", key="label")
    first = first_question(two_stage_prompt(written, None))
    assert first.answers is not None
    assert first.answers[0] == "<label>billing</label>"
    assert stated_top(first, Completion(text="<label>account</label>", finish_reason="stop")) == "account"
    assert stated_top(first, Completion(text="no idea", finish_reason="stop")) is None


def test_a_prompt_without_stages_keeps_its_digest_and_one_with_them_has_its_own() -> None:
    plain = prompt_for(PATHS)
    assert arm_prompt(plain, read_arm("zero-shot"), None) == plain
    assert arm_prompt(plain, read_arm("two-stage"), None).digest != plain.digest
    assert "stages" not in plain.model_dump(exclude_defaults=True)


@pytest.mark.parametrize(
    ("labels", "many", "why"),
    [(("money", "other", "login"), False, "none has a parent"), (PATHS, True, "rows have several answers")],
)
def test_labels_without_levels_are_refused_in_one_sentence(labels: tuple[str, ...], many: bool, why: str) -> None:
    with pytest.raises(InputError, match="arms: the arm `two-stage` asks for the parent first") as raised:
        two_stage_prompt(prompt_for(labels, multi_label=many), None)
    assert why in str(raised.value)

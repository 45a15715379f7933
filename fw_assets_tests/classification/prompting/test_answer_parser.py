from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fw_assets.classification.metrics.scores import score
from fw_assets.classification.prompting.answer_parser import (
    PREDICTIONS,
    ParsedAnswer,
    outcome_of,
    parse_answer,
    predictions_frame,
)
from fw_assets.classification.prompting.completion import Completion
from fw_assets.classification.prompting.outcomes import OUTCOMES
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets_tests.classification.prompts import prompt_for, split_rows

SUPPORT = ("billing", "technical", "account", "sales")
WORD = st.text("abcdefgh_- äß", min_size=1, max_size=12).map(str.strip).filter(lambda text: text.strip("_- ") != "")
ANY_LABEL = st.text(min_size=1, max_size=12).map(str.strip).filter(bool)
RULES = ("whole_message", "last_line", "xml_tag", "label_prefix", "fenced_block", "boxed", "json_key")


def answered(prompt: Prompt, text: str) -> ParsedAnswer:
    return parse_answer(prompt, Completion(text=text, finish_reason="stop"))


def the_prompt(labels: list[str], rule: str, multi_label: bool = False) -> Prompt:
    key = {"xml_tag": "intent", "label_prefix": "Intent", "json_key": "intent"}.get(rule)
    return prompt_for(labels, rule=rule, key=key, multi_label=multi_label)


@settings(deadline=None, max_examples=150)
@given(st.lists(WORD, min_size=2, max_size=6, unique=True), st.sampled_from(RULES))
def test_what_is_rendered_is_read_back_for_every_label(labels: list[str], rule: str) -> None:
    prompt = the_prompt(labels, rule)
    for label in labels:
        assert answered(prompt, prompt.render([label])).labels == (label,)


@settings(deadline=None, max_examples=150)
@given(st.lists(ANY_LABEL, min_size=2, max_size=5, unique=True))
def test_labels_of_any_characters_are_told_apart(labels: list[str]) -> None:
    assume(not any("think>" in label for label in labels))
    prompt = the_prompt(labels, "whole_message")
    assert [answered(prompt, label).labels for label in labels] == [(label,) for label in labels]


@settings(deadline=None, max_examples=100)
@given(st.lists(ANY_LABEL, min_size=2, max_size=5, unique=True), st.data())
def test_sets_are_read_back(labels: list[str], data: st.DataObject) -> None:
    assume(not any("think>" in label for label in labels))
    gold = data.draw(st.lists(st.sampled_from(labels), unique=True))
    prompt = the_prompt(labels, "ground_truth", multi_label=True)
    assert set(answered(prompt, prompt.render(gold)).labels) == set(gold)


@settings(deadline=None, max_examples=200)
@given(st.one_of(st.none(), st.text(max_size=80)), st.sampled_from(RULES), st.booleans())
def test_any_text_has_one_outcome(text: str | None, rule: str, multi_label: bool) -> None:
    prompt = the_prompt(list(SUPPORT), rule, multi_label)
    answer = parse_answer(prompt, Completion(text=text))
    assert outcome_of(answer, ["billing"]) in OUTCOMES
    assert set(answer.labels) <= set(SUPPORT)


@settings(deadline=None, max_examples=100)
@given(
    st.lists(st.sampled_from(["billing", "sales", "or", "not", "maybe", ".", ",", "pre-", "_x", '"']), max_size=8),
    st.sampled_from(["", " "]),
)
def test_strict_answers_name_one_label_and_nothing_else(words: list[str], joint: str) -> None:
    text = joint.join(words)
    answer = answered(prompt_for(SUPPORT), text)
    assert answer.kind != "valid" or text.strip(' ".,_') in ("billing", "sales")


@pytest.mark.parametrize(
    "wrapping",
    [
        "{}",
        "{}.",
        '"{}"',
        "**{}**",
        "`{}`",
        "```\n{}\n```",
        "Label: {}",
        "<think>hm</think>{}",
        " {} \n",
        "[{}]",
    ],
)
def test_wrapping_does_not_change_the_label(wrapping: str) -> None:
    for label in SUPPORT:
        assert answered(prompt_for(SUPPORT), wrapping.format(label)).labels == (label,)


def test_contained_labels_of_clinc150_are_never_confused(shared_data: Path) -> None:
    with (shared_data / "clinc150" / "test.jsonl").open(encoding="utf-8") as file:
        labels = sorted({json.loads(line)["messages"][-1]["content"] for line in file})
    pairs = [(inner, outer) for inner, outer in permutations(labels, 2) if inner in outer]
    assert len(pairs) == 26
    prompt = prompt_for(labels)
    for label in {name for pair in pairs for name in pair}:
        for text in (label, label.replace("_", " "), label.replace("_", "-").upper(), f'Label: "{label}".'):
            assert answered(prompt, text).labels == (label,)
        for sentence in (
            f"I think it is {label}.",
            f"{label} (certain)",
            f"It reads {label.replace('_', ' ')}!",
        ):
            answer = answered(prompt, sentence)
            assert (answer.kind, answer.labels) == ("off_label", ())
            assert answer.lenient_labels == (label,)
    for inner, outer in pairs:
        assert answered(prompt, f"{inner} or {outer}").kind == "ambiguous"
        assert answered(prompt, f"{outer} or {inner}").kind == "ambiguous"


def test_two_failures_are_not_equal_to_each_other_or_to_an_empty_gold_set() -> None:
    prompt = the_prompt(list(SUPPORT), "ground_truth", multi_label=True)
    for completion in (Completion(text=""), Completion(text="?!x"), Completion(error="timeout")):
        assert outcome_of(parse_answer(prompt, completion), []) != "correct"


def test_predictions_follow_the_rows_and_name_what_is_missing() -> None:
    rows = split_rows([[("user", "a")], [("user", "b")], [("user", "c")]], [["billing"], ["sales"], ["sales"]])
    completions = {
        "train:2": Completion(text="It is sales", confidence=0.5, prompt_tokens=7, completion_tokens=3),
        "train:1": Completion(text="billing", finish_reason="stop"),
    }
    frame = predictions_frame(prompt_for(SUPPORT), rows, completions)
    assert frame.schema == PREDICTIONS
    assert frame.get_column("id").to_list() == ["train:1", "train:2", "train:3"]
    assert frame.get_column("outcome").to_list() == ["correct", "off_label", "failed"]
    assert frame.get_column("lenient").to_list() == [False, True, False]
    assert frame.get_column("lenient_outcome").to_list() == ["correct", "correct", "failed"]
    assert frame.get_column("predicted").to_list() == [["billing"], [], []]
    assert frame.get_column("error").to_list() == [None, None, "was not asked"]
    assert frame.row(1)[9:12] == (0.5, 7, 3)


def test_no_rows_make_an_empty_frame() -> None:
    rows = split_rows([], [])
    assert predictions_frame(prompt_for(SUPPORT), rows, {}).schema == PREDICTIONS


def test_transport_errors_make_a_run_incomplete_and_leave_the_accuracy() -> None:
    rows = split_rows([[("user", "x")]] * 100, [["billing"]] * 100)
    completions = {row: Completion(text="billing" if index % 5 else "sales") for index, row in enumerate(rows["id"])}
    broken = {**completions, **{f"train:{line}": Completion(error="HTTP 503") for line in range(1, 101, 20)}}
    broken |= {f"train:{line}": Completion(error="HTTP 503") for line in range(2, 101, 5)}
    prompt = prompt_for(SUPPORT)
    whole = score(predictions_frame(prompt, rows, completions), SUPPORT, False)
    partial = score(predictions_frame(prompt, rows, {**completions, **broken}), SUPPORT, False)
    assert whole.complete
    assert whole.accuracy.value == 0.8
    assert not partial.complete
    assert partial.outcome("failed") == 25
    assert sum(count for _, count in partial.outcomes) == partial.rows == 100
    assert partial.accuracy.value == pytest.approx(60 / 75)

"""Extraction rules: which one is chosen, and that an answer written by a rule is read by it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fw_assets.classification.errors import InputError
from fw_assets.classification.labels.extraction import Extraction, choose_extraction, extract
from fw_assets.classification.labels.extraction_rules import RULES, find_labels, rule_matches
from fw_assets_tests.classification.frames import Pair, inspected

LABELS = ["billing", "card arrival", "Bug: crash", "+1", "A/B", "größe"]


def chosen(folder: Path, answers: list[str], forced: str | None = None) -> tuple[Extraction, list[list[str] | None]]:
    rows: list[Pair] = [(f"text {i}", answer) for i, answer in enumerate(answers)]
    frame, facts, _ = inspected(folder, rows, extraction=forced)
    return facts.extraction, extract(frame, facts.extraction).to_list()


def cycle(template: str, labels: list[str], count: int = 24) -> list[str]:
    return [template.replace("{}", labels[i % len(labels)]).replace("§", str(i)) for i in range(count)]


FORMATS = {
    "whole_message": "{}",
    "json_key:label": '{"label": "{}"}',
    "json_key:intent": '{"reason": "word § was said", "intent": "{}", "priority": "p§"}',
    "json_key:topic": '```json\n{"topic": "{}"}\n```',
    "xml_tag:label": "It says so in sentence §.\n<label>{}</label>",
    "boxed": "After thought §, the answer is \\boxed{{}}",
    "fenced_block": "Reason § led me here:\n```\n{}\n```",
    "label_prefix:Label": "Reasoning number §.\nLabel: {}",
    "label_prefix:Category": "**Category:** {}\nBecause of reason §.",
    "last_line": "The user wrote § words about it.\n\n{}",
    "first_word": "{} because the user said § words.",
}


@pytest.mark.parametrize("name", FORMATS)
def test_the_rule_is_found_from_the_answers(name: str, tmp_path: Path) -> None:
    labels = ["billing", "sales", "account"] if name == "first_word" else ["billing", "card arrival", "sales team"]
    extraction, extracted = chosen(tmp_path, cycle(FORMATS[name], labels))
    assert extraction.name == name
    assert extraction.coverage == 1.0
    assert extracted == [[labels[i % 3]] for i in range(24)]
    assert len(extraction.examples) == 10
    shown = extraction.examples[0]
    assert (shown.input, shown.label) == ("text 0", "billing")
    assert "billing" in shown.answer
    assert extraction.score is not None
    assert (extraction.score.name, extraction.score.labels) == (name, 3)


@pytest.mark.parametrize(
    ("labels", "why"),
    [
        (["card arrival", "card lost", "top up"], "the first word alone repeats more"),
        (["Bug: crash", "Bug: typo", "Feature: new"], "a colon inside labels is no prefix"),
        (["This is a billing issue.", "This is a sales question."], "a sentence can be a label"),
        (["1", "-1", "0"], "numbers are labels"),
        (["C++", "C#", "C"], "signs are part of labels"),
    ],
)
def test_plain_labels_are_taken_whole(labels: list[str], why: str, tmp_path: Path) -> None:
    extraction, extracted = chosen(tmp_path, cycle("{}", labels, 30))
    assert extraction.name == "whole_message", why
    assert extracted == [[labels[i % len(labels)]] for i in range(30)]


def test_answers_in_two_formats_are_named(tmp_path: Path) -> None:
    answers = [
        f"Label: {label}" if i % 2 else f'{{"label": "{label}"}}' for i, label in enumerate(cycle("{}", LABELS[:3], 60))
    ]
    extraction, _ = chosen(tmp_path, answers)
    assert extraction.rule == "whole_message"
    assert {score.name for score in extraction.mixed} == {"label_prefix:Label", "json_key:label"}
    plain, _ = chosen(tmp_path, cycle("{}", ["Bug: crash", "Bug: typo", "Feature: new", "Feature: old"], 60))
    assert plain.mixed == ()


@pytest.mark.parametrize("tag", ["thinking", "reasoning", "scratchpad"])
def test_reasoning_in_a_tag_of_another_name_is_no_label(tag: str, tmp_path: Path) -> None:
    template = f"<{tag}>line § was\nread</{tag}>\n\n{{}}"
    extraction, extracted = chosen(tmp_path, cycle(template, ["a b", "c d"]))
    assert extraction.name == "whole_message"
    assert extracted[:2] == [["a b"], ["c d"]]


def test_a_box_may_hold_a_text_of_its_own(tmp_path: Path) -> None:
    extraction, extracted = chosen(tmp_path, cycle(r"After thought §: \boxed{\text{{}}}", ["a b", "c d"]))
    assert extraction.name == "boxed"
    assert extracted[:2] == [["a b"], ["c d"]]


def test_thoughts_are_no_part_of_the_answer(tmp_path: Path) -> None:
    extraction, extracted = chosen(tmp_path, cycle("<think>maybe <label>x</label> § times</think>\n{}", ["a b", "c d"]))
    assert extraction.name == "whole_message"
    assert extracted[:2] == [["a b"], ["c d"]]


def test_a_key_named_like_a_label_is_preferred(tmp_path: Path) -> None:
    extraction, _ = chosen(tmp_path, cycle('{"priority": "low", "category": "{}"}', ["a", "b", "c"]))
    assert extraction.name == "json_key:category"
    assert any(score.key == "priority" for score in extraction.runners_up)


def test_ground_truth_needs_no_rule(tmp_path: Path) -> None:
    rows: list[Pair] = [("a", ["x"]), ("b", ["x", "y"]), ("c", [])]
    frame, facts, _ = inspected(tmp_path, rows)
    assert facts.extraction.name == "ground_truth"
    assert facts.extraction.ground_truth_rows == 3
    assert extract(frame, facts.extraction).to_list() == [["x"], ["x", "y"], []]


def test_ground_truth_wins_where_some_rows_have_one(tmp_path: Path) -> None:
    rows: list[Pair] = [("a", "x"), ("b", ["y"]), ("c", "x"), ("d", "x")]
    frame, facts, _ = inspected(tmp_path, rows)
    assert facts.extraction.name == "whole_message"
    assert extract(frame, facts.extraction).to_list() == [["x"], ["y"], ["x"], ["x"]]


def test_the_answers_format_is_kept_beside_a_ground_truth(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    with path.open("w") as file:
        for i in range(12):
            label = "ab"[i % 2]
            messages = [
                {"role": "user", "content": f"text {i}"},
                {"role": "assistant", "content": json.dumps({"intent": label})},
            ]
            file.write(json.dumps({"messages": messages, "ground_truth": label}) + "\n")
    from fw_assets.classification.dataset.reader import read_rows

    assert choose_extraction(read_rows(path, source="train").frame).name == "json_key:intent"


def test_lists_under_a_json_key_are_several_labels(tmp_path: Path) -> None:
    answers = ['{"labels": ["a", "b"]}', '{"labels": ["b"]}', '{"labels": []}'] * 4
    extraction, extracted = chosen(tmp_path, answers)
    assert extraction.name == "json_key:labels"
    assert extracted[:3] == [["a", "b"], ["b"], []]


def test_a_rule_can_be_forced(tmp_path: Path) -> None:
    answers = cycle("{} because of §", ["billing", "sales"])
    extraction, extracted = chosen(tmp_path, answers, forced="last_line")
    assert (extraction.name, extraction.forced) == ("last_line", True)
    assert extracted[0] == [answers[0]]


@pytest.mark.parametrize(
    ("forced", "words"), [("magic", "not an extraction rule"), ("json_key:intent", "reads no label")]
)
def test_a_forced_rule_that_cannot_be_is_an_error(forced: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=words):
        chosen(tmp_path, cycle("{}", ["a", "b"]), forced=forced)


def test_rows_the_rule_cannot_read_are_null(tmp_path: Path) -> None:
    extraction, extracted = chosen(tmp_path, [*cycle("Label: {}", ["a", "b"], 30), "no idea\nat all"])
    assert extraction.name == "label_prefix:Label"
    assert extracted[-1] is None
    assert extraction.coverage == pytest.approx(30 / 31)


RULE_KEYS = [
    (name, {"json_key": "intent", "xml_tag": "label", "label_prefix": "Label"}.get(name))
    for name in RULES
    # The first writes labels of several words that it cannot read, the second one label of a set that it does not know.
    if name not in ("first_word", "flags")
]
labels = st.text(st.characters(categories=("L", "N"), include_characters=" _-/+#&"), min_size=1, max_size=20).filter(
    lambda text: text == text.strip() and text.strip("\"'`_*") == text
)


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(RULE_KEYS), labels)
def test_a_label_that_a_rule_writes_is_found_by_it(rule_key: tuple[str, str | None], label: str) -> None:
    rule, key = rule_key
    assert find_labels(RULES[rule].write(label, key), rule, key) == (label,)


@pytest.mark.parametrize(("rule", "key"), [item for item in RULE_KEYS if item[0] not in ("json_key", "whole_message")])
def test_the_label_is_located_in_a_longer_answer(rule: str, key: str | None) -> None:
    locate = RULES[rule].locate
    assert locate is not None
    answer = f"The user asks for it.\n{RULES[rule].write('card arrival', key)}"
    assert [text.strip() for text in locate(answer, key)] == ["card arrival"]


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=80))
def test_any_answer_can_be_read(answer: str) -> None:
    for match in rule_matches(answer):
        assert find_labels(answer, match.rule, match.key) == match.labels

"""From rows to labels: what people write in answers, what is read, what is said of it, and what is asked."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fw_assets.classification.errors import InputError
from fw_assets.classification.labels.label_set import LabelSet
from fw_assets.classification.labels.resolution import resolve
from fw_assets.classification.session import Session
from fw_assets_tests.classification.frames import LABELS, Pair, inspect_in_memory, inspected, pairs

LABELLED = [(text, LABELS[i % 3]) for i, (text, _) in enumerate(pairs(200))]
Write = Callable[[list[str]], str]
OTHER_SCRIPT = str.maketrans("aceiop", "асеіор")


def read(folder: Path, answers: list[str], **session: Any) -> LabelSet:
    rows: list[Pair] = [(text, answer) for (text, _), answer in zip(pairs(len(answers)), answers, strict=True)]
    frame, facts, settings = inspected(folder, rows, **session)
    return resolve(frame, facts, settings)[1]


def sets_of_labels(count: int = 120, least: int = 1) -> list[list[str]]:
    rng = random.Random(5)
    return [sorted(rng.sample(LABELS, rng.choice([least, least, 2, 3]))) for _ in range(count)]


def said(label_set: LabelSet) -> str:
    return "\n".join(finding.message for finding in label_set.findings if finding.consequential)


LISTS: dict[str, Write] = {
    "commas": ", ".join,
    "words": lambda row: " and ".join(row),
    "pipes": "|".join,
    "lines": "\n".join,
    "bullets": lambda row: "\n".join(f"- {label}" for label in row),
    "numbers": lambda row: "\n".join(f"{i + 1}. {label}" for i, label in enumerate(row)),
    "json": json.dumps,
    "python": repr,
    "json in json": lambda row: json.dumps(json.dumps(row)),
    "tuple": lambda row: repr(tuple(row)),
    "objects": lambda row: json.dumps([{"label": label, "score": 0.5} for label in row]),
    "prefix": lambda row: f"Labels: {', '.join(row)}",
    "text under a key": lambda row: json.dumps({"labels": "; ".join(row)}),
    "list under keys": lambda row: json.dumps({"result": {"labels": row}}),
    "objects under a key": lambda row: json.dumps({"labels": [{"name": label} for label in row]}),
    "flags": lambda row: json.dumps({label: label in row for label in LABELS}),
    "ones": lambda row: json.dumps({label: int(label in row) for label in LABELS}),
    "flags under a key": lambda row: json.dumps({"labels": {label: label in row for label in LABELS}}),
    "lists where there are several": lambda row: json.dumps(row) if len(row) > 1 else row[0],
}


@pytest.mark.parametrize("form", LISTS)
def test_lists_of_labels_are_several_labels(form: str, tmp_path: Path) -> None:
    rows = sets_of_labels()
    train = tmp_path / "train.jsonl"
    write = LISTS[form]
    answers = [write(row) for row in rows]
    label_set = read(tmp_path, answers)
    assert label_set.labels == LABELS
    assert label_set.multi_label
    frame, facts = inspect_in_memory(train, None, Session())
    assert resolve(frame, facts, Session())[0]["labels"].to_list() == rows


@pytest.mark.parametrize("form", ["commas", "json", "python"])
def test_a_ground_truth_that_is_a_list_in_a_text_is_read_as_one(form: str, tmp_path: Path) -> None:
    rows: list[Pair] = [(text, [LISTS[form](row)]) for (text, _), row in zip(pairs(120), sets_of_labels(), strict=True)]
    frame, facts, settings = inspected(tmp_path, rows)
    out, label_set = resolve(frame, facts, settings)
    assert (label_set.labels, label_set.multi_label) == (LABELS, True)
    assert out["labels"].to_list() == sets_of_labels()
    assert "rows" in said(label_set)


def test_what_may_be_a_list_or_not_is_asked_and_either_answer_is_taken(tmp_path: Path) -> None:
    answers = [", ".join(row) for row in sets_of_labels(least=2)]
    with pytest.raises(InputError, match=r"is one label|are one label each") as raised:
        read(tmp_path, answers)
    assert "'billing', 'sales', 'technical'" in str(raised.value)
    assert read(tmp_path, answers, labels=LABELS).multi_label
    as_one = read(tmp_path, answers, extraction="whole_message")
    assert (as_one.multi_label, "billing, sales" in as_one.labels) == (False, True)


def test_one_flag_a_row_is_one_label(tmp_path: Path) -> None:
    label_set = read(tmp_path, [json.dumps({name: name == label for name in LABELS}) for _, label in LABELLED[:60]])
    assert (label_set.labels, label_set.multi_label, label_set.extraction.rule) == (LABELS, False, "flags")


VARIANTS: dict[str, Callable[[str], str]] = {
    "bold": lambda label: f"**{label}**",
    "zero width": lambda label: f"{label}\u200b",
    "byte order mark": lambda label: f"\ufeff{label}",
    "soft hyphen": lambda label: f"{label[:3]}\u00ad{label[3:]}",
    "end of text": lambda label: f"{label}<|im_end|>",
    "quotes": lambda label: f'"{label}"',
    "other script": lambda label: label.translate(OTHER_SCRIPT),
    "full stop": lambda label: f"{label}.",
    "heading": lambda label: f"### {label}",
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_spellings_that_look_alike_are_joined_and_said_with_their_rows(variant: str, tmp_path: Path) -> None:
    write = VARIANTS[variant]
    answers = [write(label) if i % 5 == 0 else label for i, (_, label) in enumerate(LABELLED[:90])]
    label_set = read(tmp_path, answers)
    assert label_set.labels == LABELS
    assert {label for _, label in label_set.aliases} == set(LABELS)
    assert sum(label_set.alias_rows.values()) == 18
    assert said(label_set).count("(6 rows)") == 3
    assert said(label_set).isprintable()
    if variant == "other script":
        assert "\\u0456" in said(label_set)


@pytest.mark.parametrize(
    "labels",
    [
        ('exchange "rate"', 'size 5"', "the 'other'"),
        ("lost\nor stolen", "billing", "sales"),
        ("http://example.org/a#Billing", "http://example.org/a#Sales", "http://example.org/a#Other"),
        ("acme:billing", "acme:sales", "acme:other"),
        ("Clothing", "Tools", "Clothing, Shoes & Jewelry"),
        ("a@example.org", "b@example.org", "/etc/hosts"),
        ("The customer asks about the bill. " * 4, "The customer waits for the parcel. " * 4),
        ("yes", "yes!", "no"),
        ("None", "nan", "null"),
    ],
)
def test_labels_are_taken_as_they_are(labels: tuple[str, ...], tmp_path: Path) -> None:
    label_set = read(tmp_path, [labels[i % len(labels)] for i in range(60)])
    assert set(label_set.labels) == {label.strip() for label in labels}
    assert (label_set.aliases, label_set.multi_label) == ((), False)


@pytest.mark.parametrize(
    "prefix",
    ["Label: {}", "标签：{}", "Категория: {}", "الفئة: {}", "श्रेणी: {}", "分类:{}", "category - {}", "label={}"],
)
def test_prefixes_of_any_script_are_found_and_kept(prefix: str, tmp_path: Path) -> None:
    label_set = read(tmp_path, [prefix.format(label) for _, label in LABELLED[:60]])
    assert label_set.labels == LABELS
    assert label_set.extraction.rule == "label_prefix"
    written = label_set.extraction.write("billing")
    assert written.startswith(prefix.partition("{")[0].strip(" :="))
    assert read(tmp_path, [label_set.extraction.write(label) for _, label in LABELLED[:60]]).labels == LABELS


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Category: {}", "category - {}"),
        ("Label: {}", "{}"),
        ('{{"label": "{}"}}', "{}"),
        ('{{"label": "{}"}}', '{{"category": "{}"}}'),
        ("<label>{}</label>", "Label: {}"),
    ],
)
def test_two_formats_of_one_label_are_one_label(first: str, second: str, tmp_path: Path) -> None:
    answers = [(first if i % 7 < 4 else second).format(label) for i, (_, label) in enumerate(LABELLED[:105])]
    assert read(tmp_path, answers).labels == LABELS


def test_an_option_is_one_label_by_letter_and_in_full(tmp_path: Path) -> None:
    options = {label: f"{letter}) {label}" for letter, label in zip("ABC", LABELS, strict=True)}
    answers = [options[label][: 1 if i % 2 else None] for i, (_, label) in enumerate(LABELLED[:90])]
    label_set = read(tmp_path, answers)
    assert label_set.labels == tuple(options.values())
    assert "'A' as 'A) billing' (15 rows)" in said(label_set)


def test_a_rule_that_makes_one_label_of_two_is_refused(tmp_path: Path) -> None:
    answers = ["account closed", "account opened", *[f"billing because of {i}" for i in range(3)]]
    answers = [answers[i % 5] + (f" and {i}" if i % 5 > 1 else "") for i in range(200)]
    with pytest.raises(InputError, match=r"'account closed' \(40 rows\), 'account opened' \(40 rows\) as one label"):
        read(tmp_path, answers)
    assert read(tmp_path, answers, extraction="first_word").labels == ("account", "billing")


def test_spellings_that_leave_one_label_are_named_and_can_be_told_apart(tmp_path: Path) -> None:
    answers = ["us", "US"] * 30
    with pytest.raises(InputError, match=r"'US' \(30 rows\), 'us' \(30 rows\) are read as one label"):
        read(tmp_path, answers)
    assert read(tmp_path, answers, labels=("us", "US")).labels == ("us", "US")


def test_a_class_whose_answers_are_too_long_is_said_to_be_cut(tmp_path: Path) -> None:
    long = "account " + "because the customer wrote at length about it, " * 8
    answers = [long if i % 4 == 0 else LABELS[i % 3] for i in range(120)]
    message = said(read(tmp_path, answers))
    assert "The label is cut out of the answers: the first word" in message
    assert "30 rows have an answer of more than 300 characters, which no label has" in message


def test_accents_that_are_composed_otherwise_are_shown_apart(tmp_path: Path) -> None:
    answers = [("caf\u00e9", "cafe\u0301", "tea")[i % 3] for i in range(120)]
    assert "'cafe\\u0301' as 'caf\u00e9' (40 rows)" in said(read(tmp_path, answers))


def test_a_cut_is_said(tmp_path: Path) -> None:
    label_set = read(tmp_path, [f"{label} since word {i} was said" for i, (_, label) in enumerate(LABELLED[:60])])
    assert "60 different answers become 3 labels" in said(label_set)


def test_one_row_with_two_labels_is_named(tmp_path: Path) -> None:
    rows: list[Pair] = [(text, [label]) for text, label in LABELLED[:120]]
    rows[40] = (rows[40][0], ["billing", "sales"])
    frame, facts, settings = inspected(tmp_path, rows)
    label_set = resolve(frame, facts, settings)[1]
    assert label_set.multi_label
    assert "1 of 120 rows has several labels or none (line 41 of" in said(label_set)


def test_one_number_in_two_forms_is_said_and_left(tmp_path: Path) -> None:
    forms = {"sales": ("1", "1.0"), "billing": ("2", "2.0"), "technical": ("3", "3")}
    answers = [forms[label][i % 2] for i, (_, label) in enumerate(LABELLED[:60])]
    label_set = read(tmp_path, answers)
    assert label_set.labels == ("1", "1.0", "2", "2.0", "3")
    assert "one number in two forms, left as they are: '1' and '1.0', '2' and '2.0'" in said(label_set)


def test_words_that_are_labels_are_asked_about_and_taken_as_said(tmp_path: Path) -> None:
    answers = [" ".join(row) for row in sets_of_labels()]
    with pytest.raises(InputError) as raised:
        read(tmp_path, answers)
    assert "labels: ['billing', 'sales', 'technical']" in str(raised.value)
    label_set = read(tmp_path, answers, labels=list(LABELS))
    assert (label_set.labels, label_set.multi_label) == (LABELS, True)


def test_null_is_a_label_and_said(tmp_path: Path) -> None:
    answers = [json.dumps({"label": None if label == "sales" else label}) for _, label in LABELLED[:60]]
    label_set = read(tmp_path, answers)
    assert label_set.labels == ("billing", "null", "technical")
    assert "20 rows have null as label" in said(label_set)


@pytest.mark.parametrize("write", [str, lambda label: json.dumps({"label": label}), lambda label: f"**{label}**"])
def test_a_ground_truth_against_the_answer_is_counted(write: Callable[[str], str], tmp_path: Path) -> None:
    lines = []
    for i, (text, label) in enumerate(LABELLED[:90]):
        truth = "sales" if i % 9 == 0 else label.upper()
        messages = [{"role": "user", "content": text}, {"role": "assistant", "content": write(label)}]
        lines.append(json.dumps({"messages": messages, "ground_truth": truth}))
    path = tmp_path / "train.jsonl"
    path.write_text("\n".join(lines))
    frame, facts = inspect_in_memory(path, None, Session())
    label_set = resolve(frame, facts, Session())[1]
    assert "contradicts the answer in 10 of 90 rows" in said(label_set)
    finding = next(finding for finding in label_set.findings if "contradicts" in finding.message)
    assert finding.rows[:2] == ("train:1", "train:10")


@pytest.mark.parametrize(("every", "count"), [(1, 60), (4, 45)])
def test_a_ground_truth_against_most_answers_is_counted_too(every: int, count: int, tmp_path: Path) -> None:
    lines = []
    for i, (text, label) in enumerate(LABELLED[:60]):
        truth = label if every > 1 and i % every == 0 else LABELS[(LABELS.index(label) + 1) % 3]
        messages = [{"role": "user", "content": text}, {"role": "assistant", "content": label}]
        lines.append(json.dumps({"messages": messages, "ground_truth": truth}))
    path = tmp_path / "train.jsonl"
    path.write_text("\n".join(lines))
    frame, facts = inspect_in_memory(path, None, Session())
    message = said(resolve(frame, facts, Session())[1])
    assert f"contradicts the answer in {count} of 60 rows" in message
    assert "The ground_truth is taken" in message
    assert "leave the ground_truth out" in message


def test_answers_of_another_task_contradict_nothing(tmp_path: Path) -> None:
    lines = []
    for i, (text, label) in enumerate(LABELLED[:60]):
        messages = [{"role": "user", "content": text}, {"role": "assistant", "content": f"Dear customer {i % 4}"}]
        lines.append(json.dumps({"messages": messages, "ground_truth": label}))
    path = tmp_path / "train.jsonl"
    path.write_text("\n".join(lines))
    frame, facts = inspect_in_memory(path, None, Session())
    assert "contradicts" not in said(resolve(frame, facts, Session())[1])


@pytest.mark.parametrize(
    ("written", "labels"),
    [
        (("<unk>", "billing", "sales"), ("<unk>", "billing", "sales")),
        (("<script>", "a<b", "<3"), ("<3", "<script>", "a<b")),
        (("**<unk>**", "billing", "sales"), ("<unk>", "billing", "sales")),
        (("<billing>", "<sales>", "<technical>"), ("billing", "sales", "technical")),
        (("<label>billing</label>", "<label>sales</label>", "<label>other</label>"), ("billing", "other", "sales")),
    ],
)
def test_angle_brackets_that_some_labels_alone_have_are_kept(
    written: tuple[str, ...], labels: tuple[str, ...], tmp_path: Path
) -> None:
    assert read(tmp_path, [written[i % 3] for i in range(90)]).labels == labels


def test_angle_brackets_that_a_label_has_now_and_then_are_left_out(tmp_path: Path) -> None:
    answers = [f"<{label}>" if i % 10 == 0 else label for i, (_, label) in enumerate(LABELLED[:90])]
    assert read(tmp_path, answers).labels == LABELS

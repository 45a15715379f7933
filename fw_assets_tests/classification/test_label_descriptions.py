"""Descriptions of labels in a session: as a map, as a field of their own, and their faults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fw_assets.classification.errors import InputError
from fw_assets.classification.label_descriptions import check_descriptions
from fw_assets.classification.session import Session
from fw_assets.classification.session_input import load_session, make_session


def test_labels_may_be_a_map_to_what_they_mean(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text("labels:\n  money: ' Invoices, refunds '\n  'a=b': \n  other: Anything else\n")
    session = make_session(load_session(file))
    assert session.labels == ("money", "a=b", "other")
    assert session.label_descriptions == {"money": "Invoices, refunds", "other": "Anything else"}
    assert make_session(session.model_dump(mode="json", exclude_unset=True)) == session


def test_an_option_replaces_the_descriptions_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text("labels: {a: one, b: two}\n")
    fields = load_session(file) | {"label_descriptions": {"a": "first"}}
    assert make_session(fields).label_descriptions == {"a": "first"}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"labels": {"a": 3, "b": "two"}}, "a: expected what it means as a text, found 3"),
        ({"labels": {True: "x", "b": "two"}}, "yes, no, on, off"),
        ({"labels": {"a": " ", "b": "two"}}, "a: its description is empty"),
        ({"labels": {"a": "one"}}, "labels"),
        ({"labels": {"a": "one", "b": None}, "label_descriptions": {"a": "1"}}, "both describe a"),
        ({"label_descriptions": "a"}, "label_descriptions"),
        ({"label_descriptions": {"a": "x" * 2_001}}, "a: its description has 2,001 characters, and 2,000 are the most"),
        ({"label_descriptions": {"a": "x\0"}}, "a: its description has a NUL character"),
        ({"arms": "descriptions"}, "arms: the arm descriptions needs descriptions of labels"),
        ({"arms": ["decision"], "inference": "decision"}, "inference: decision asks every model"),
        ({"arms": ["decision", "Decision"]}, "arms: named twice: decision"),
    ],
)
def test_faults_are_named(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as raised:
        make_session(fields)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a: ''", "its description is empty"),
        ("a: {description: '  '}", "its description is empty"),
        ("a: 3", "expected what it means as a text, found 3"),
        ("a: [x]", "expected what it means as a text"),
        (f"a: {'x' * 2_001}", "its description has 2,001 characters"),
        ('a: "x\\0"', "its description has a NUL character"),
    ],
)
def test_a_description_that_cannot_be_is_found_in_the_file(tmp_path: Path, line: str, message: str) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(f"models: [m]\nlabels:\n  b: two\n  {line}\n")
    with pytest.raises(InputError) as raised:
        load_session(file)
    (problem,) = raised.value.problems
    assert (problem.file, problem.line, problem.field) == (str(file), 4, "labels.a")
    assert message in problem.message


def test_a_session_without_descriptions_and_arms_keeps_its_digest() -> None:
    plain = Session(labels=("a", "b"))
    assert {"arms", "label_descriptions"}.isdisjoint(plain.digested())
    assert make_session({"labels": {"a": None, "b": None}, "arms": "zero-shot"}).digested() == plain.digested()
    assert Session(arms=("decision",)).arms == ("zero-shot", "decision")


def test_a_description_of_no_label_is_refused_by_name() -> None:
    check_descriptions({"money": "x"}, ("money", "other"))
    with pytest.raises(InputError) as raised:
        check_descriptions({"mony": "x"}, ("money", "other"))
    assert "'mony' is no label of this dataset; the labels are money, other. Did you mean money?" in str(raised.value)

"""Parents of labels: in a session file's map with the line of every fault, in a field of their own, and as a tree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fw_assets.classification.errors import InputError
from fw_assets.classification.session import Session
from fw_assets.classification.session_input import load_session, make_session
from fw_assets.classification.taxonomy.label_parents import check_parents, parent_faults
from fw_assets.classification.taxonomy.label_tree import MAX_LEVELS, label_tree

PARENTS = {"refund": "billing", "invoice": "billing", "login": "account", "delete": "account"}


def test_a_session_file_gives_descriptions_and_parents_in_one_map(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(
        "labels:\n"
        "  refund: {description: Money back, parent: billing}\n"
        "  invoice: {parent: ' billing '}\n"
        "  login: Cannot sign in\n"
        "  other:\n"
    )
    session = make_session(load_session(file))
    assert session.labels == ("refund", "invoice", "login", "other")
    assert session.label_descriptions == {"refund": "Money back", "login": "Cannot sign in"}
    assert session.label_parents == {"refund": "billing", "invoice": "billing"}
    assert make_session(session.model_dump(mode="json", exclude_unset=True)) == session
    assert "label_parents" not in Session(labels=("a", "b")).digested()


@pytest.mark.parametrize(
    ("labels", "line", "message"),
    [
        (["a: {parent: b}", "b: {parent: c}", "c: {parent: a}"], 2, "labels.a: its parents lead in a circle"),
        (["x:", "a: {parent: a}"], 3, "labels.a: its parents lead in a circle (a -> a)"),
        (
            ["a: {parent: billing}", "b: {parent: billing}", "c: {parent: biling}"],
            4,
            "labels.c: its parent 'biling' is no label, and the parent of no other label; did you mean billing?",
        ),
        (["a: {parent: x}", "b:"], 2, "a group of one says nothing, so leave its parent out"),
        (["m/a:", "m/b:", "n/c:", "d: {parent: m}", "e: {parent: m}"], 2, "labels.m/a: it is a path by '/'"),
        (["a:", "b: {parnt: x}"], 3, "labels.b: 'parnt' is not a field of a label; did you mean parent?"),
        (["a:", "b: {parent: 3}"], 3, "labels.b: expected the name of its parent as a text, found 3"),
        (["a: {parent: x}", "b: {parent: x}"], 2, "the parents leave one name at the top alone"),
    ],
)
def test_a_fault_names_file_line_and_label(tmp_path: Path, labels: list[str], line: int, message: str) -> None:
    file = tmp_path / "s.yaml"
    file.write_text("\n  ".join(["labels:", *labels]) + "\n")
    with pytest.raises(InputError) as raised:
        make_session(load_session(file))
    assert raised.value.problems[0].line == line
    assert str(raised.value).startswith(f"{file}:{line}: ")
    assert message in str(raised.value)
    assert len(raised.value.problems) == 1


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"label_parents": {"a": "b", "b": "a"}}, "circle"),
        ({"label_parents": {"a": 1}}, "expected the name of its parent as a text, found 1"),
        (
            {"labels": ["a", "b"], "label_parents": {"c": "a"}},
            "c: it has a parent and is no label; the labels are a, b",
        ),
        ({"labels": {"a": {"parent": "b"}, "b": None}, "label_parents": {"a": "b"}}, "both describe a"),
    ],
)
def test_faults_of_the_field_are_named(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as raised:
        make_session(fields)
    assert message in str(raised.value)


def test_parents_of_labels_that_the_data_has_not_are_refused_with_the_nearest() -> None:
    check_parents(PARENTS, (*PARENTS, "other"))
    with pytest.raises(InputError, match=r"label_parents\.refnd: it has a parent and is no label; did you mean refund"):
        check_parents({**PARENTS, "refnd": "billing"}, tuple(PARENTS))


def test_parents_make_a_tree_and_may_be_labels_themselves() -> None:
    tree = label_tree([*PARENTS, "billing", "late"], PARENTS | {"late": "invoice"})
    assert tree is not None
    assert tree.levels == 3
    assert [tree.above("late", level) for level in (1, 2, 3)] == ["billing", "invoice", "late"]
    assert tree.above("billing", 1) == tree.above("refund", 1) == "billing"
    assert [tree.size(level) for level in (1, 2, 3)] == [2, 5, 6]


@given(st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("abcdefxyz"), min_size=1))
def test_parents_that_pass_are_nested_levels(parents: dict[str, str]) -> None:
    labels = tuple("abcdef")
    try:
        session = Session(labels=labels, label_parents=parents)
    except ValueError:
        return
    assert not list(parent_faults(parents, labels))
    tree = label_tree(labels, session.label_parents)
    assert tree is not None
    sizes = [tree.size(level) for level in range(1, tree.levels + 1)]
    assert 2 <= tree.levels <= MAX_LEVELS
    assert sizes[0] >= 2
    assert sizes[-1] == len(labels)

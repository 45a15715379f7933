"""Labels in the rows' own turns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fw_assets.classification.errors import InputError
from fw_assets.classification.labels.resolution import resolve
from fw_assets.classification.prompting.listed_labels import check_listed, earlier_labels
from fw_assets_tests.classification.frames import Pair, inspected, pairs

LISTED = "Answer with one of: billing, sales, technical."


def check(folder: Path, rows: list[Pair], systems: list[str], **session: Any) -> None:
    frame, facts, settings = inspected(folder, rows, **session)
    split, labels = resolve(frame, facts, settings)
    check_listed(systems, split, labels, facts)


def test_a_row_outside_the_rows_own_list_is_asked_about(tmp_path: Path) -> None:
    rows = pairs(60)
    rows[7] = (rows[7][0], "biling")
    with pytest.raises(InputError, match="lists billing, sales, technical") as raised:
        check(tmp_path, rows, [LISTED])
    assert [(problem.line, problem.kind) for problem in raised.value.problems] == [(8, "unlisted-label")]
    assert "found the label 'biling'" in str(raised.value)
    assert "labels: ['biling', 'billing', 'sales', 'technical']" in str(raised.value)
    check(tmp_path, rows, [LISTED], labels=("biling", "billing", "sales", "technical"))
    check(tmp_path, rows, [LISTED], labels=("billing", "sales", "technical"), bad_rows="quarantine")


@pytest.mark.parametrize(
    "systems", [["Sort the message."], [LISTED, "Sort the message."], ["Is it billing?"], [f"{LISTED} Or other."]]
)
def test_what_is_no_list_or_a_whole_one_is_no_reason(systems: list[str], tmp_path: Path) -> None:
    check(tmp_path, [*pairs(60), ("something else", "other")], systems)


def test_a_list_that_lacks_many_rows_is_no_list_of_the_labels(tmp_path: Path) -> None:
    check(tmp_path, pairs(60, ("billing", "sales", "technical", "other")), [LISTED])


def test_earlier_answers_that_are_labels_are_counted() -> None:
    turns = [("user", "a"), ("assistant", "billing"), ("user", "b"), ("assistant", "Sales."), ("user", "c")]
    talk = [("user", "a"), ("assistant", "How can I help?"), ("user", "c"), ("assistant", "billing")]
    conversations = [
        json.dumps([{"role": role, "content": text} for role, text in row])
        for row in ([*turns, ("assistant", "billing")], turns, talk)
    ]
    assert earlier_labels(conversations, ("billing", "sales")) == 4

"""Datasets whose parts are too small are refused with the number of rows that would do, which do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from fw_assets.classification.errors import InputError
from fw_assets.classification.labels.resolution import resolve
from fw_assets.classification.plan.part_limits import check_parts
from fw_assets_tests.classification.frames import LABELS, Pair, inspected, pairs


def check(folder: Path, rows: list[Pair], evaluation: list[Pair] | None = None, **session: Any) -> None:
    frame, facts, settings = inspected(folder, rows, evaluation, **session)
    out, labels = resolve(frame, facts, settings)
    counts = dict(out["split"].value_counts().iter_rows())
    check_parts(settings, {part: counts.get(part, 0) for part in ("train", "validation", "test")}, labels)


@pytest.mark.parametrize("labels", [LABELS[:2], LABELS, (*LABELS, "account", "other")], ids=len)
@pytest.mark.parametrize("mode", ["fine-tune", "benchmark"])
def test_the_number_that_would_do_does(labels: tuple[str, ...], mode: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no validation rows, so nothing can be chosen") as raised:
        check(tmp_path, pairs(2 * len(labels), labels), mode=mode)
    enough = re.search(r"What would do: .*, (\d+) in all", str(raised.value))
    assert enough
    check(tmp_path, pairs(int(enough[1]), labels), mode=mode)


def test_two_validation_rows_are_too_few_for_a_job_alone(tmp_path: Path) -> None:
    rows = pairs(10, LABELS[:2])
    with pytest.raises(InputError, match="validation rows: 2, and a job needs at least 3"):
        check(tmp_path, rows)
    check(tmp_path, rows, mode="benchmark")


def test_copies_are_one_row(tmp_path: Path) -> None:
    rows: list[Pair] = [("the same question about it", label) for _, label in pairs(90)]
    with pytest.raises(InputError) as raised:
        check(tmp_path, rows)
    assert "there are no test rows, so nothing can be measured" in str(raised.value)
    assert "The 90 rows are 1 distinct one" in str(raised.value)


def test_evaluation_rows_are_not_counted_as_rows_to_learn_from(tmp_path: Path) -> None:
    evaluation = pairs(40)
    same: list[Pair] = [("the same question about it", label) for _, label in pairs(90)]
    with pytest.raises(InputError) as raised:
        check(tmp_path, same, evaluation)
    message = str(raised.value)
    assert "distinct ones" not in message
    assert "rows that repeat evaluation rows are left out" in message
    enough = re.search(r"What would do: .*, (\d+) in all beside the evaluation rows", message)
    assert enough
    check(tmp_path, pairs(40 + int(enough[1]))[40:], evaluation)

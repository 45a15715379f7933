"""Cautions about few rows, at their thresholds."""

from __future__ import annotations

import math

import pytest

from fw_assets.classification.intervals import wilson
from fw_assets.report.schema.dataset import SplitGroups, SplitRows
from fw_assets.report.schema.model_result import LabelResult
from fw_assets.report.schema.report import Report
from fw_assets.report.sections.caveats import caveats
from fw_assets_tests.report.samples import sample_report


def with_rows(test: int, validation: int, groups: tuple[int, int] | None = None) -> Report:
    rows = SplitRows(train=1000, validation=validation, test=test, excluded=0)
    counted = SplitGroups(train=1000, validation=groups[1], test=groups[0]) if groups else None
    return sample_report().model_copy(update={"rows": rows, "groups": counted})


@pytest.mark.parametrize("test", [1, 14, 39, 99])
def test_few_test_rows_are_said(test: int) -> None:
    (note,) = [text for text in caveats(with_rows(test, 500)) if "an accuracy on them" in text]
    assert note.startswith(f"Only {test} test row{'s' if test > 1 else ''}:")
    interval = wilson(test // 2, test)
    points = int(note.split("within ")[1].split()[0])
    assert points >= 100 * (interval.high - interval.low) / 2 - 1


def test_a_label_with_no_training_row_is_said() -> None:
    report = with_rows(500, 500)
    kept = SplitRows(train=20, validation=4, test=9)
    parts = {
        "billing": kept,
        "account": SplitRows(train=0, validation=0, test=24),
        "other": SplitRows(train=0, validation=0, test=0),
    }
    notes = caveats(report.model_copy(update={"data": report.data.model_copy(update={"label_rows": parts})}))
    assert "1 label has no training row, which no fine-tuning can learn: account, the label of 24 test rows." in notes


def test_enough_rows_are_not_said() -> None:
    assert not any(text.startswith("Only") for text in caveats(with_rows(100, 50)))
    assert not any(text.startswith("Only") for text in caveats(with_rows(5000, 5000)))


def test_distinct_rows_count() -> None:
    notes = caveats(with_rows(192, 80, groups=(24, 10)))
    assert any(note.startswith("Only 192 test rows, 24 distinct:") for note in notes)
    assert any(note.startswith("Only 80 validation rows, 10 distinct: one of them is worth 10.0%") for note in notes)


def test_groups_of_unequal_size_are_worth_fewer_rows() -> None:
    report = with_rows(400, 500, groups=(210, 500))
    assert not any("an accuracy on them" in note for note in caveats(report))
    counted = SplitGroups(train=1000, validation=500, test=210, effective_test=38.6)
    (note,) = [text for text in caveats(report.model_copy(update={"groups": counted})) if "an accuracy on them" in text]
    assert note.startswith(
        "Only 400 test rows, 210 distinct, worth at least 38 of equal weight: an accuracy on them is known to"
    )
    interval = wilson(19, 38)
    assert f"within {math.ceil(50 * (interval.high - interval.low))} points" in note


@pytest.mark.parametrize("validation", [4, 16, 49])
def test_few_validation_rows_are_said(validation: int) -> None:
    assert any(note.startswith(f"Only {validation} validation rows") for note in caveats(with_rows(500, validation)))


def test_no_validation_rows_are_said() -> None:
    assert any(note.startswith("No validation rows") for note in caveats(with_rows(500, 0)))


def test_labels_with_few_rows_are_named() -> None:
    report = sample_report()
    first = report.candidates[0]
    assert first.base is not None
    few = LabelResult(accuracy=0.5, support=9)
    repeated = LabelResult(accuracy=0.5, support=40, groups=3)
    enough = LabelResult(accuracy=0.5, support=10)
    base = first.base.model_copy(update={"per_label": {"few": few, "repeated": repeated, "enough": enough}})
    report = report.model_copy(update={"candidates": (first.model_copy(update={"base": base}),)})
    (note,) = [text for text in caveats(report) if "distinct test rows, so" in text]
    assert note.startswith("2 labels have fewer than 10 distinct test rows")
    assert "repeated (3) and few (9)" in note


def test_a_benchmark_that_chose_on_few_validation_rows_says_so() -> None:
    report = with_rows(500, 32).model_copy(update={"status": "benchmark"})
    (note,) = [text for text in caveats(report) if "validation row" in text]
    assert note.startswith("Only 32 validation rows: one of them is worth 3.1%, so that the model may have been chosen")
    alone = report.model_copy(update={"candidates": report.candidates[:1]})
    assert not any("validation row" in text for text in caveats(alone)), "nothing was chosen"

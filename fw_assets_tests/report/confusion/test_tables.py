from __future__ import annotations

from typing import Any

from fw_assets.report.confusion.axes import MAX_HARDEST, axes_of
from fw_assets.report.confusion.tables import MAX_MATRIX_LABELS, confusions, matrix
from fw_assets.report.plots.heatmap import heat_map
from fw_assets.report.rendering.html import render_html
from fw_assets.report.rendering.markdown import render_markdown
from fw_assets.report.schema.confused_cells import ConfusedCell, ConfusedRow
from fw_assets.report.schema.report import Report
from fw_assets_tests.report.samples import sample_report


def several_labels() -> Report:
    """A report of rows with several labels, whose confusion is label against label."""
    report = sample_report()
    row = ConfusedRow(id="test:1", text="both", gold=("billing", "sales"), predicted=("sales",), confidence=0.7)
    cells = (
        ConfusedCell(gold="billing", predicted=None, count=4, rows=(row,)),
        ConfusedCell(gold=None, predicted="account", count=9, rows=(row,)),
        ConfusedCell(gold="billing", predicted="technical", count=2),
        ConfusedCell(gold="sales", predicted="sales", count=30),
    )
    update: dict[str, Any] = {"confusion": (), "most_confused": (), "cells": cells}
    candidates = tuple(
        item.model_copy(
            update={
                "base": item.base and item.base.model_copy(update=update),
                "tuned": item.tuned and item.tuned.model_copy(update=update),
            }
        )
        for item in report.candidates
    )
    data = report.data.model_copy(update={"multi_label": True})
    return report.model_copy(update={"candidates": candidates, "data": data})


def test_labels_of_sets_are_held_against_each_other() -> None:
    report = several_labels()
    table = confusions(report.candidates[0])
    assert [column.name for column in table.columns[:2]] == ["Missed", "Given in its place"]
    assert [row[:4] for row in table.rows] == [
        ("none was missed", "account", "9", "9"),
        ("billing", "none in its place", "4", "4"),
        ("billing", "technical", "2", "2"),
    ]
    base = report.candidates[0].base
    assert base is not None
    shown = matrix(base, report.labels)
    assert [column.name for column in shown.columns][1:] == [*report.labels, "none in its place"]
    assert shown.rows[-1] == ("none was missed", "0", "0", "9", "0", "0")
    for text in (render_markdown(report), render_html(report)):
        assert "Given in its place" in text
        assert "none was missed" in text
    assert "No two labels" not in render_markdown(report)


def test_a_matrix_of_many_labels_has_the_most_confused_and_the_others_in_one_column() -> None:
    report = sample_report(77, 3_000)
    tuned = report.candidates[0].tuned
    assert tuned is not None
    table = matrix(tuned, report.labels)
    assert len(table.rows) == MAX_MATRIX_LABELS
    assert table.columns[-1].name == "any other label"
    for row in table.rows:
        assert sum(map(int, row[1:])) == tuned.per_label[row[0]].support


def test_of_thousands_of_labels_the_most_confused_are_drawn() -> None:
    labels = tuple(f"label number {index}" for index in range(5_000))
    report = sample_report(labels=labels, rows=2_000)
    heat = heat_map(report.candidates[0], labels)
    assert heat is not None
    assert (len(heat.axes.labels), heat.axes.left_out) == (MAX_HARDEST, 5_000 - MAX_HARDEST)
    page = render_html(report)
    assert "The matrix has the 100 most confused of 5,000 labels." in page
    confused = page.split('<section id="confusion">')[1].split("</section>")[0]
    assert len(confused) < 1_500_000


def test_reports_without_rows_behind_the_squares_are_drawn_as_before() -> None:
    report = sample_report(6)
    candidates = tuple(
        item.model_copy(
            update={
                "base": item.base and item.base.model_copy(update={"cells": ()}),
                "tuned": item.tuned and item.tuned.model_copy(update={"cells": ()}),
            }
        )
        for item in report.candidates
    )
    page = render_html(report.model_copy(update={"candidates": candidates}))
    assert 'class="grid"' in page
    assert 'class="behind"' not in page


def test_the_axes_have_a_place_for_every_cell() -> None:
    report = several_labels()
    base = report.candidates[0].base
    assert base is not None
    axes = axes_of([base], report.labels)
    assert sum(axes.counts(base).values()) == sum(cell.count for cell in base.cells)

"""What comes from a dataset into the UI stands in tables as text, and charts are images in which nothing runs."""

from __future__ import annotations

import base64
import re
from xml.etree import ElementTree

import dagster as dg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fw_assets.pipeline.ui.check_result import check_result
from fw_assets.pipeline.ui.metadata import (
    MAX_TEXT,
    TABLE_PIXELS,
    Row,
    markdown_table,
    optional_table,
    picture,
    table,
    table_width,
    tables,
)
from fw_assets.report.plots.accuracy_bars import accuracy_bars
from fw_assets.report.plots.heatmap import heat_picture
from fw_assets_tests.report.hostile import LABELS, TEXTS
from fw_assets_tests.report.samples import sample_report

UNSEEN = re.compile("[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@pytest.mark.parametrize("text", [*LABELS, *TEXTS, "very " * 1000 + "long", "javascript:alert(1)"])
def test_hostile_text_is_a_cell_of_one_line(text: str) -> None:
    found = table([{"label": text, "rows": 3}])
    (record,) = found.records
    cell = str(record.data["label"])
    assert not UNSEEN.search(cell)
    assert len(cell) <= MAX_TEXT
    assert record.data["rows"] == 3


@pytest.mark.parametrize("rows", [500, 501, 5_000])
def test_a_long_table_ends_with_how_many_rows_are_left_out(rows: int) -> None:
    found = table([{"label": f"l{number}", "rows": number, "share": None} for number in range(rows)])
    assert len(found.records) == min(rows, 501)
    assert {tuple(record.data) for record in found.records} == {("label", "rows", "share")}
    if rows > 500:
        assert found.records[-1].data["label"] == f"... and {rows - 500} more"


def test_rows_of_different_keys_are_one_table() -> None:
    found = table([{"model": "a", "cost": 1.5}, {"model": "b", "why": "not answered"}, {"cost": None}])
    assert [record.data for record in found.records] == [
        {"model": "a", "cost": 1.5, "why": ""},
        {"model": "b", "cost": "", "why": "not answered"},
        {"model": "", "cost": "", "why": ""},
    ]
    assert [(column.name, column.type) for column in found.schema.columns] == [
        ("model", "string"),
        ("cost", "float"),
        ("why", "string"),
    ]


def confusion(labels: int) -> str:
    base = sample_report(labels, 40 * labels).candidates[0].base
    assert base is not None
    return heat_picture(base)


@pytest.mark.parametrize("svg", [accuracy_bars(sample_report(3, 90)), confusion(3), confusion(30)])
def test_no_metadata_but_a_chart_is_markdown(svg: str) -> None:
    found = picture(svg)
    assert isinstance(found, dg.MarkdownMetadataValue)
    image = re.fullmatch(r"!\[chart\]\(data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)\)", found.md_str or "")
    assert image
    root = ElementTree.fromstring(base64.b64decode(image[1]))
    assert {element.tag.rpartition("}")[2] for element in root.iter()} <= {
        "svg", "style", "g", "rect", "line", "path", "text", "title", "circle", "polyline", "tspan"
    }  # fmt: skip
    assert not [name for element in root.iter() for name in element.attrib if name.startswith("on") or "href" in name]


@settings(max_examples=50)
@given(st.lists(st.lists(st.text("ab_ ", max_size=60), min_size=2, max_size=4), min_size=1, max_size=8))
def test_a_table_of_long_words_is_made_to_fit(cells: list[list[str]]) -> None:
    width = min(map(len, cells))
    shown = table([{f"c{number}": row[number] for number in range(width)} for row in cells])
    columns = [column.name for column in shown.schema.columns]
    assert table_width(columns, [record.data for record in shown.records]) <= TABLE_PIXELS


def test_a_heading_is_as_wide_as_all_its_words_which_are_not_wrapped() -> None:
    assert table_width(["label or other, and text"], []) > table_width(["label"], []) + 100
    columns = ["row", "a heading of five words"]
    shown = table([dict(zip(columns, ("train:1", "x" * 60), strict=True))])
    assert table_width(columns, [record.data for record in shown.records]) <= TABLE_PIXELS


def test_what_gives_way_is_the_middle_of_the_longest_words() -> None:
    labels = ("balance_not_updated_after_bank_transfer", "balance_not_updated_after_cheque_or_cash_deposit", "atm")
    shown = table([{"label": label, "right": "100% of 40", "F1": "0.667"} for label in labels])
    first, second, third = (str(record.data["label"]) for record in shown.records)
    assert first.startswith("balance_")
    assert first.endswith("transfer")
    assert second.endswith("deposit")
    assert third == "atm"


def test_a_document_has_the_whole_of_a_table() -> None:
    rows: list[Row] = [{"label": "a|b", "rows": 3}, {"label": "x" * 60, "rows": 2}]
    text = markdown_table(rows)
    assert "x" * 60 in text
    assert [line.replace("\\|", "").count("|") for line in text.splitlines()] == [3] * 4


def test_a_word_is_whole_where_its_parts_fit_on_lines_of_their_own() -> None:
    value = table([{"kind": "missing-messages", "problem": "x" * 200, "also": "y" * 200}])
    (record,) = value.records
    assert record.data["kind"] == "missing-messages"
    assert "…" in str(record.data["problem"])


def test_a_table_without_rows_is_no_metadata() -> None:
    assert optional_table([]) is None
    shown = tables(10, first=[{"a": 1}], second=[])
    assert list(shown) == ["first"]
    result = check_result("plan", "within_budget", True, "tickets", "nothing", found=optional_table([]), rows=3)
    assert list(result.metadata) == ["rows"]


def test_a_range_is_broken_after_its_dash_before_it_loses_its_middle() -> None:
    row = {"model": "minilm-ngram", "right": "5.8% (2.9–11.6%)", "goes on": "yes", "why": "validation " * 4}
    assert table([row]).records[0].data["right"] == row["right"]

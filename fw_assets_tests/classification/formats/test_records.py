"""JSON objects as rows of a table, and one by one: the same rows, counts and bad lines."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fw_assets.classification.dataset.row_store import RowStore
from fw_assets.classification.formats.options import ReadingOptions
from fw_assets.classification.formats.records import parse_lines
from fw_assets.classification.formats.shapes import find_shape

USUAL = [{"text": f"text {n} of some", "label": "ab"[n % 2]} for n in range(20)]
SHAPE = find_shape(USUAL, ReadingOptions(text_column="text", label_column="label"), {}, "rows.jsonl")
TEXTS = st.one_of(st.text(max_size=6), st.sampled_from(["", " ", "\u2028", '"', "\\", "é"]))
VALUES = st.one_of(TEXTS, st.none(), st.integers(0, 3), st.lists(st.sampled_from("ab"), max_size=2), st.just(0.5))
RECORDS = st.fixed_dictionaries(
    {}, optional={"text": VALUES, "label": VALUES, "user_id": st.sampled_from(["", "u1", 2]), "other": TEXTS}
)


@settings(deadline=None, max_examples=150)
@given(st.lists(st.one_of(RECORDS.map(json.dumps), st.sampled_from(["", "{", "[]", "3", '{"text": "\\ud800"}']))))
def test_rows_are_the_same_one_by_one_and_as_a_table(lines: list[str]) -> None:
    assert SHAPE is not None
    assert SHAPE.columns is not None
    written = [line.encode() for line in [*lines, json.dumps(USUAL[0])]]
    results: list[Any] = []
    for shape in (SHAPE, replace(SHAPE, columns=None)):
        row_store = RowStore()
        summary = parse_lines(written, 1, "train", row_store, shape)
        kept = (summary.lines, summary.rows, summary.blank, summary.left_out, summary.systems)
        bad = [(line.row, line.errors) for line in summary.rejected]
        left_out = [(line.row, line.errors[0].kind) for line in summary.first_left_out]
        results.append((row_store.scan().collect().rows(), kept, bad, left_out))
    assert results[0] == results[1]


@pytest.mark.parametrize("options", [{"text_template": "{text}!"}, {"label_names": ("a", "b")}, {"weight_column": "w"}])
def test_shapes_of_more_than_a_text_and_a_label_are_no_table(options: dict[str, Any]) -> None:
    records = [{**row, "w": 1} for row in USUAL]
    shape = find_shape(records, ReadingOptions(label_column="label", **options), {}, "rows.jsonl")
    assert shape is not None
    assert shape.columns is None

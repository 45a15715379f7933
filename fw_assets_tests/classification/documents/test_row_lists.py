"""Lists of rows in JSON documents, in the forms that pandas, Hugging Face's datasets and tools write."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fw_assets.classification.documents.row_lists import row_lists

ROWS = [{"text": f"text {n}", "label": "ab"[n % 2]} for n in range(6)]
CELLS = [list(row.values()) for row in ROWS]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("orient", ["records", "columns", "index", "split", "table"])
def test_what_pandas_writes(orient: Any) -> None:
    written = json.loads(pd.DataFrame(ROWS).to_json(orient=orient))
    lists = row_lists(written)
    expected = [{"index": n, **row} for n, row in enumerate(ROWS)] if orient == "table" else ROWS
    assert lists["data" if orient == "table" else ""] == expected


@pytest.mark.parametrize(
    ("document", "lists"),
    [
        ({"data": {"rows": ROWS}, "version": 1}, {"data.rows": ROWS}),
        ({"data": ROWS, "meta": {"people": [{"name": "Ann"}]}}, {"data": ROWS}),
        ({"train": ROWS, "test": ROWS[:2]}, {"train": ROWS, "test": ROWS[:2]}),
        ({"train": CELLS, "val": CELLS[:3]}, None),
        ([["text", "label"], *CELLS], {"": ROWS}),
        ({"text": [row["text"] for row in ROWS], "label": [row["label"] for row in ROWS]}, {"": ROWS}),
        ({"messages": ROWS}, {}),
        ({"request": {"messages": ROWS}}, {}),
        ({"text": "one", "tags": ["a", "b", "c"]}, {}),
        ({"a": ["x", "y"], "b": ["x", "y"]}, {}),
        ("text", {}),
    ],
)
def test_lists_of_rows(document: Any, lists: Any) -> None:
    found = row_lists(document)
    if lists is None:
        assert list(found) == ["train", "val"]
        assert found["train"][0] == {"column_1": "text 0", "column_2": "a"}
    else:
        assert found == lists


@given(JSON)
def test_rows_are_objects_whatever_the_document(document: Any) -> None:
    assert all(isinstance(row, dict) for rows in row_lists(document).values() for row in rows)

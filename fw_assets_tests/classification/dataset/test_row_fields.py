from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fw_assets.classification.dataset.columns import FIELDS
from fw_assets.classification.dataset.parallel import parse_in_processes
from fw_assets.classification.dataset.reader import read_rows
from fw_assets.classification.dataset.row_fields import MAX_TEXT, field_names, field_values
from fw_assets.classification.dataset.row_store import RowStore
from fw_assets_tests.classification.frames import chat_line

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()


@given(st.dictionaries(st.text(min_size=1).filter(lambda name: "." not in name), scalars, min_size=1))
def test_a_value_is_read_back_as_it_was_written(fields: dict[str, Any]) -> None:
    names = list(fields)
    values = field_values(json.dumps(fields).encode(), names)
    for name, value in zip(names, values, strict=True):
        text = fields[name]
        if text is None or text == "":
            assert value is None
        elif isinstance(text, str) and len(text) > MAX_TEXT:
            assert value is not None
            assert json.loads(value) == f"{text[: MAX_TEXT - 1]}…"
        else:
            assert value is not None
            assert json.loads(value) == text


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ('{"meta": {"region": "EU"}}', "meta.region", '"EU"'),
        ('{"meta.region": "here", "meta": {"region": "there"}}', "meta.region", '"here"'),
        ('{"a": {"b": {"c": 1}}}', "a.b.c", "1"),
        ('{"a": [{"b": 1}]}', "a.b", None),
        ('{"a": 1}', "a.b", None),
        ('{"a": {"b": 1}}', "a", "{}"),
        ('{"a": ["b"]}', "a", "[]"),
        ('{"a": 123456789012345678901234567890}', "a", "123456789012345678901234567890"),
        ('{"a": "\\ud800"}', "a", '"?"'),
        ('{"a": "x\\u00e9"}', "a", '"xé"'),
        ('{"a": null}', "a", None),
        ('{"other": 1}', "a", None),
    ],
)
def test_nested_and_odd_values(line: str, name: str, value: str | None) -> None:
    assert field_values(line.encode(), [name]) == [value]


def test_names_of_a_row_that_is_none() -> None:
    assert field_names(b"[1") == ()
    assert field_names(b'{"messages": [], "tier": 1, "b": 2}') == ("tier", "b")


@pytest.mark.parametrize("parallel", [False, True])
def test_fields_are_read_beside_the_rows_that_have_them(parallel: bool, tmp_path: Path) -> None:
    lines = [chat_line(f"text {i}", "abc"[i % 3], **({"tier": i} if i % 4 == 0 else {})) for i in range(60)]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    store = RowStore(tmp_path / "rows" if parallel else None, fields=("tier", "none"))
    if parallel:
        (tmp_path / "rows").mkdir()
        parse_in_processes(path, 1, "train", store, segment_bytes=1_000, workers=2)
    else:
        read_rows(path, source="train", row_store=store)
    frame = store.scan().collect()
    assert frame["row"].to_list() == list(range(1, 61))
    tiers = [None if values is None else values[0] for values in frame[FIELDS].to_list()]
    assert tiers == [str(i) if i % 4 == 0 else None for i in range(60)]

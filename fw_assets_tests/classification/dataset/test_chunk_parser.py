"""Parsing a chunk: the regular expression and the row parser read the same rows and reject the same lines."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import astuple

from fw_assets.classification.dataset.chunk_parser import parse_chunk
from fw_assets.classification.dataset.reader import read_rows
from fw_assets.classification.dataset.regex_parser import match_rows, mostly_common
from fw_assets.classification.dataset.row_parser import Row, parse_row
from fw_assets_tests.classification.dataset.malformed import CASES

U, A = '{"role": "user", "content": "hi"}', '{"role":"assistant","content":"x"}'
GOOD = [
    f'{{"messages": [{U}, {A}]}}',
    f'{{"messages": [{{"role":"system","content":"s"}},{U},{A}], "ground_truth": "b"}}',
    f'{{"messages": [{U}], "ground_truth": ["b", "a", "b"], "weight": 2, "user_id": 7}}',
    f'{{"messages": [{U}, {A}], "ground_truth": null, "weight": null}}',
    f'{{"messages": [{U}, {{"role":"assistant","tool_calls":[{{"id":"1"}}]}}, {{"role":"tool","content":"4"}}, {A}]}}',
    f'{{"messages": [{{"role":"user","content":[{{"type":"text","text":"p"}}]}}, {A}], "group": "g"}}',
    f'{{"messages": [{U}, {{"role":"assistant","content":"\\u00a0"}}], "ground_truth": "\\u00a0x"}}',
    f'{{"messages": [{U}, {{"role":"assistant","content":"x","weight":1}}], "ground_truth": []}}',
]
TEXT = st.text(st.characters(codec="utf-8"), max_size=8) | st.sampled_from(["", " ", "\x1c", "a\\b", '"x":', "é\u2028"])
COMMON_LINES = [
    GOOD[0],
    GOOD[1],
    f'{{"messages":[{U.replace("hi", "a b")},{A}],"ground_truth":"b"}}',
    GOOD[0].replace("hi", r"caf\u00e9 \\ \n").replace('"x"', r'"\ud83d\ude00"'),
    f'{{"messages": [{U}, {A.replace(": ", ":").replace("x", "é")}]}}',
]


@st.composite
def common(draw: st.DrawFn) -> bytes:
    """A line of the common form or nearly so, with texts of all kinds, written in several ways."""
    roles = draw(st.sampled_from([["user", "assistant"], ["system", "user", "assistant"], ["user"], ["tool", "user"]]))
    row: dict[str, object] = {"messages": [{"role": role, "content": draw(TEXT)} for role in roles]}
    if draw(st.booleans()):
        row["ground_truth"] = draw(TEXT | st.none())
    separators = draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,", " : ")]))
    text = json.dumps(row, ensure_ascii=draw(st.booleans()), separators=separators)
    return (text.replace("/", "\\/") + draw(st.sampled_from(["", "", "\r", " ", ",", "x"]))).encode()


BAD = [line for case in CASES for line in case.content.split(b"\n") if line.strip()]


@settings(deadline=None, max_examples=150)
@given(
    st.lists(
        st.one_of(st.sampled_from([*(line.encode() for line in GOOD), *BAD, b"", b" \r"]), common()),
        min_size=1,
        max_size=80,
    ),
    st.booleans(),
)
def test_a_chunk_has_the_rows_of_its_lines(lines: list[bytes], mostly: bool) -> None:
    # Among enough common rows, the regular expression is tried on all lines.
    lines = [*lines, *[GOOD[0].encode()] * 2 * len(lines)] if mostly else lines
    frame, summary = parse_chunk(b"\n".join(lines) + b"\n", 7, "eval")
    one_by_one = [(number, parse_row(line.removesuffix(b"\r"))) for number, line in enumerate(lines, 7) if line.strip()]
    good = [(number, row) for number, row in one_by_one if isinstance(row, Row)]
    fields = frame.select("row", *(name for name in Row.__struct_fields__ if name != "system"))
    assert fields.rows() == [(number, *astuple(row)[:-1]) for number, row in good]
    assert frame["id"].to_list() == [f"eval:{number}" for number, _ in good]
    assert [(line.row, line.errors) for line in summary.rejected] == [
        (number, row) for number, row in one_by_one if not isinstance(row, Row)
    ]
    assert (summary.lines, summary.rows, summary.blank) == (len(lines), len(good), len(lines) - len(one_by_one))
    assert len(summary.systems) == len({row.system for _, row in good} - {None})
    assert summary.weighted == sum(row.weight is not None for _, row in good)


@pytest.mark.parametrize("line", GOOD)
def test_a_repeated_key_is_found_beside_rows_without_it(line: str) -> None:
    twice = f'{{"ground_truth": "a", "ground_truth": "b", "messages": [{U}, {A}]}}'
    _, summary = parse_chunk("\n".join([line, twice, line]).encode(), 1, "train")
    assert [rejected.row for rejected in summary.rejected] == [2]


@pytest.mark.parametrize("line", COMMON_LINES)
def test_a_common_line_needs_no_parser(line: str) -> None:
    assert mostly_common(pl.Series([line]))
    frame, is_common = match_rows(1, pl.Series([line]))
    assert is_common.to_list() == [True]
    row = parse_row(line.encode())
    assert isinstance(row, Row)
    assert frame.rows() == [(1, *astuple(row))]


@pytest.mark.parametrize(
    ("bad", "kind"), [(GOOD[0].encode().replace(b"hi", b"\xff"), "encoding"), (rb"\ud800", None), (b"\t", "json")]
)
def test_one_bad_line_among_common_ones_is_found(bad: bytes, kind: str | None, tmp_path: Path) -> None:
    lines = [GOOD[0].encode()] * 50
    lines[30] = bad if bad.startswith(b"{") else lines[30].replace(b"hi", bad)
    path = tmp_path / "data.jsonl"
    path.write_bytes(b"\n".join(lines))
    read = read_rows(path, source="train", bad_rows="quarantine")
    errors = parse_row(lines[30])
    assert isinstance(errors, list)
    assert [(p.line, p.kind, p.message) for p in read.rejected] == [(31, error.kind, error.message) for error in errors]
    assert kind is None or errors[0].kind == kind
    assert read.frame["row"].to_list() == [*range(1, 31), *range(32, 51)]

"""Rows parsed in blocks are the rows parsed one by one, on disk and by several processes as well."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fw_assets.classification import segments
from fw_assets.classification.row_blocks import Columns
from fw_assets.classification.row_parser import Row, parse_row
from fw_assets.classification.rows import read_rows
from fw_assets.classification.spool import Spool
from fw_assets_tests.classification.malformed import CASES

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
BAD = [line for case in CASES for line in case.content.split(b"\n") if line.strip()]
LINES = st.lists(st.sampled_from([*(line.encode() for line in GOOD), *BAD]), min_size=1, max_size=80)


@settings(deadline=None, max_examples=150)
@given(LINES)
def test_blocks_and_lines_agree(lines: list[bytes]) -> None:
    columns = Columns()
    columns.add(range(1, len(lines) + 1), lines)
    one_by_one = [(number, parse_row(line)) for number, line in enumerate(lines, 1)]
    assert list(zip(columns.numbers, columns.rows, strict=True)) == [
        (number, row) for number, row in one_by_one if isinstance(row, Row)
    ]
    assert [(number, faults) for number, _, faults in columns.refused] == [
        (number, row) for number, row in one_by_one if not isinstance(row, Row)
    ]


@pytest.mark.parametrize("line", GOOD)
def test_a_repeated_key_is_found_beside_rows_without_it(line: str) -> None:
    twice = f'{{"ground_truth": "a", "ground_truth": "b", "messages": [{U}, {A}]}}'.encode()
    columns = Columns()
    columns.add([1, 2, 3], [line.encode(), twice, line.encode()])
    assert [number for number, _, _ in columns.refused] == [2]


def test_several_processes_read_what_one_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "data.jsonl"
    lines = [GOOD[index % 4].replace("hi", f"hi {index}") for index in range(3000)]
    lines[1234] = "{}"
    lines[2000] = ""
    path.write_text("\ufeff" + "\n".join(lines), "utf-8")
    alone = read_rows(path, source="train", bad_rows="quarantine")
    monkeypatch.setattr(segments, "WORTH_WORKERS", 1)
    monkeypatch.setattr(segments, "SEGMENT", 50_000)
    monkeypatch.setattr(segments, "cores", lambda: 2)
    folder = tmp_path / "spool"
    folder.mkdir()
    together = read_rows(path, source="train", bad_rows="quarantine", spool=Spool(folder))
    assert len(list(folder.iterdir())) > 3
    assert together.frame.equals(alone.frame)
    assert together.files == alone.files
    assert together.rejected_lines == alone.rejected_lines

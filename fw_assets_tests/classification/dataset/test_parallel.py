"""Rows parsed in blocks are the rows parsed one by one, on disk and by several processes as well."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fw_assets.classification.dataset import chunk_parser, parallel
from fw_assets.classification.dataset.columns import Columns
from fw_assets.classification.dataset.parallel_worker import Worker
from fw_assets.classification.dataset.reader import read_rows
from fw_assets.classification.dataset.regex_parser import match_rows, mostly_common
from fw_assets.classification.dataset.row_parser import Row, parse_row
from fw_assets.classification.dataset.row_store import Spool
from fw_assets.classification.errors import InputError
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
USUAL_LINES = [
    GOOD[0],
    GOOD[1],
    f'{{"messages":[{U.replace("hi", "a b")},{A}],"ground_truth":"b"}}',
    GOOD[0].replace("hi", r"caf\u00e9 \\ \n").replace('"x"', r'"\ud83d\ude00"'),
    f'{{"messages": [{U}, {A.replace(": ", ":").replace("x", "é")}]}}',
]


@st.composite
def usual(draw: st.DrawFn) -> bytes:
    """A line of the usual form or nearly so, with texts of all kinds, written in several ways."""
    roles = draw(st.sampled_from([["user", "assistant"], ["system", "user", "assistant"], ["user"], ["tool", "user"]]))
    row: dict[str, object] = {"messages": [{"role": role, "content": draw(TEXT)} for role in roles]}
    if draw(st.booleans()):
        row["ground_truth"] = draw(TEXT | st.none())
    separators = draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,", " : ")]))
    text = json.dumps(row, ensure_ascii=draw(st.booleans()), separators=separators)
    return (text.replace("/", "\\/") + draw(st.sampled_from(["", "", "\r", " ", ",", "x"]))).encode()


BAD = [line for case in CASES for line in case.content.split(b"\n") if line.strip()]
LINES = st.lists(st.sampled_from([*(line.encode() for line in GOOD), *BAD]), min_size=1, max_size=80)


@settings(deadline=None, max_examples=150)
@given(LINES)
def test_blocks_and_lines_agree(lines: list[bytes]) -> None:
    columns = Columns()
    columns.add(range(1, len(lines) + 1), lines)
    one_by_one = [(number, parse_row(line)) for number, line in enumerate(lines, 1)]
    assert list(zip(columns.numbers, map(Row._make, zip(*columns.values, strict=True)), strict=True)) == [
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


@settings(deadline=None, max_examples=100)
@given(
    st.lists(st.one_of(st.sampled_from([*(line.encode() for line in GOOD), *BAD, b"", b" \r"]), usual()), min_size=1)
)
def test_the_expression_and_the_parser_agree(lines: list[bytes]) -> None:
    spool = Spool()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunk_parser, "mostly_common", lambda _: True)
        parsed = chunk_parser.parse_pieces([b"\n".join(lines) + b"\n"], 1, "train", spool)
    one_by_one = [(number, parse_row(line)) for number, line in enumerate(lines, 1) if line.strip()]
    fields = spool.scan().select("row", *(name for name in Row._fields if name != "system")).collect()
    assert fields.rows() == [(number, *row[:-1]) for number, row in one_by_one if isinstance(row, Row)]
    assert [(number, faults) for number, _, faults in parsed.refused] == [
        (number, row) for number, row in one_by_one if not isinstance(row, Row)
    ]
    assert (parsed.lines, parsed.blank) == (len(lines), len(lines) - len(one_by_one))
    assert len(parsed.systems) == len({row.system for _, row in one_by_one if isinstance(row, Row)} - {None})


@pytest.mark.parametrize("line", USUAL_LINES)
def test_a_usual_line_needs_no_parser(line: str) -> None:
    assert mostly_common([line.encode()])
    frame, usual = match_rows(1, pl.Series([line]))
    assert usual.to_list() == [True]
    row = parse_row(line.encode())
    assert isinstance(row, Row)
    assert frame.rows() == [(1, *row)]


@pytest.mark.parametrize(
    ("bad", "kind"), [(GOOD[0].encode().replace(b"hi", b"\xff"), "encoding"), (rb"\ud800", None), (b"\t", "json")]
)
def test_one_bad_line_among_usual_ones_is_found(bad: bytes, kind: str | None, tmp_path: Path) -> None:
    lines = [GOOD[0].encode()] * 50
    lines[30] = bad if bad.startswith(b"{") else lines[30].replace(b"hi", bad)
    path = tmp_path / "data.jsonl"
    path.write_bytes(b"\n".join(lines))
    read = read_rows(path, source="train", bad_rows="quarantine")
    found = parse_row(lines[30])
    assert isinstance(found, list)
    assert [(p.line, p.kind, p.message) for p in read.rejected] == [(31, fault.kind, fault.message) for fault in found]
    assert kind is None or found[0].kind == kind
    assert read.frame["row"].to_list() == [*range(1, 31), *range(32, 51)]


def test_several_processes_read_what_one_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "data.jsonl"
    lines = [GOOD[index % 4].replace("hi", f"hi {index}") for index in range(3000)]
    lines[1234] = "{}"
    lines[2000] = ""
    path.write_text("\ufeff" + "\n".join(lines), "utf-8")
    alone = read_rows(path, source="train", bad_rows="quarantine")
    monkeypatch.setattr(parallel, "MIN_PARALLEL_BYTES", 1)
    monkeypatch.setattr(parallel, "SEGMENT", 50_000)
    monkeypatch.setattr(parallel, "cores", lambda: 2)
    folder = tmp_path / "spool"
    folder.mkdir()
    together = read_rows(path, source="train", bad_rows="quarantine", spool=Spool(folder))
    assert len(list(folder.iterdir())) > 3
    assert together.frame.equals(alone.frame)
    assert together.files == alone.files
    assert together.rejected_lines == alone.rejected_lines


def test_a_lost_process_is_named_and_none_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text("".join(GOOD[0].replace("hi", f"hi {index}") + "\n" for index in range(2000)), "utf-8")
    monkeypatch.setattr(parallel, "MIN_PARALLEL_BYTES", 1)
    monkeypatch.setattr(parallel, "SEGMENT", 5_000)
    monkeypatch.setattr(parallel, "cores", lambda: 2)
    started: list[Worker] = []

    class Doomed(Worker):
        def __init__(self) -> None:
            super().__init__()
            started.append(self)
            if len(started) == 2:
                os.kill(self.process.pid, signal.SIGKILL)

    monkeypatch.setattr(parallel, "Worker", Doomed)
    folder = tmp_path / "spool"
    folder.mkdir()
    with pytest.raises(InputError, match="a reading process was killed") as raised:
        read_rows(path, source="train", spool=Spool(folder))
    assert str(path) in str(raised.value)
    assert [worker.process.poll() is not None for worker in started] == [True, True]


def test_a_process_ends_when_its_starter_is_gone() -> None:
    with Worker() as worker:
        assert worker.process.stdin is not None
        worker.process.stdin.close()
        assert worker.process.wait(60) == 0


def test_what_a_process_fails_with_is_raised_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text(f"{GOOD[0]}\n" * 10, "utf-8")
    monkeypatch.setattr(parallel, "MIN_PARALLEL_BYTES", 1)
    monkeypatch.setattr(parallel, "cores", lambda: 2)
    with pytest.raises(InputError, match="No such file or directory"):
        read_rows(path, source="train", spool=Spool(tmp_path / "nowhere"))

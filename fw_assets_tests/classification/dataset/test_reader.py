"""Reading chat JSONL: good rows of every legal form, and every bad one named with its place."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from fw_assets.classification.dataset.reader import ROW_COLUMNS, read_rows, rejected_jsonl
from fw_assets.classification.dataset.row_errors import explain
from fw_assets.classification.dataset.row_parser import Row, parse_row
from fw_assets.classification.dataset.schema import check_frame
from fw_assets.classification.errors import InputError
from fw_assets_tests.classification.dataset.malformed import CASES, GOOD, Case


def write(folder: Path, content: bytes, name: str = "data.jsonl") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def lines(*rows: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def chat(text: str = "hi", label: str | None = "greeting", **rest: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": text}]
    if label is not None:
        messages.append({"role": "assistant", "content": label})
    return {"messages": messages, **rest}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_bad_file_is_named_with_its_place(case: Case, tmp_path: Path) -> None:
    path = write(tmp_path, case.content)
    with pytest.raises(InputError) as raised:
        read_rows(path, source="train")
    problem = raised.value.problems[0]
    assert (problem.kind, problem.file, problem.line, problem.field) == (
        case.kind,
        str(path),
        case.line,
        case.field,
    )
    assert case.words in problem.message
    assert str(path) in str(raised.value)


@pytest.mark.parametrize("case", [case for case in CASES if case.line == 3], ids=lambda case: case.name)
def test_quarantine_leaves_out_the_bad_line_alone(case: Case, tmp_path: Path) -> None:
    read = read_rows(write(tmp_path, case.content), source="train", bad_rows="quarantine")
    assert read.frame["row"].to_list() == [1, 2, 4, 5]
    assert [row.line for row in read.rejected_lines] == [3]
    assert (read.files[0].lines, read.files[0].rows, read.files[0].rejected) == (5, 4, 1)
    (written,) = rejected_jsonl(read.rejected_lines)
    assert json.loads(written)["problems"][0]["kind"] == case.kind


def test_all_problems_are_counted_and_the_first_twenty_shown(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD + b"oops\n" * 30 + b"{}\n" * 5)
    with pytest.raises(InputError) as raised:
        read_rows(path, source="train")
    assert raised.value.total == 35
    assert len(raised.value.problems) == 20
    assert raised.value.counts == {"json": 30, "missing-messages": 5}
    assert "15 more" in str(raised.value)


def test_several_faults_of_one_line_are_all_named(tmp_path: Path) -> None:
    line = b'{"messages":[{"role":"User","content":3}],"ground_truth":7,"weight":"x"}\n'
    with pytest.raises(InputError) as raised:
        read_rows(write(tmp_path, GOOD * 3 + line), source="train")
    assert [problem.field for problem in raised.value.problems] == [
        "ground_truth",
        "weight",
        "messages[0].role",
        "messages[0].content",
    ]


LEGAL: dict[str, dict[str, Any]] = {
    "plain": chat(),
    "system first": {"messages": [{"role": "system", "content": "s"}, *chat()["messages"]]},
    "parts": chat([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]),  # type: ignore[arg-type]
    "many turns": {"messages": chat()["messages"] * 3},
    "tool turns": {
        "messages": [
            {"role": "user", "content": "what is it"},
            {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "type": "function"}]},
            {"role": "tool", "content": "42", "tool_call_id": "1"},
            {"role": "tool", "content": "43", "tool_call_id": "2"},
            {"role": "assistant", "content": "number"},
        ]
    },
    "truth without answer": chat(label=None, ground_truth="greeting"),
    "truth as a list": chat(label=None, ground_truth=["a", "b"]),
    "truth empty list": chat(label=None, ground_truth=[]),
    "truth null": chat(ground_truth=None),
    "truth beside a call": {
        "messages": [
            {"role": "user", "content": "x"},
            {"role": "assistant", "tool_calls": [{"id": "1"}]},
        ],
        "ground_truth": "a",
    },
    "name and weights": {
        "messages": [
            {"role": "user", "content": "x", "name": "Ann"},
            {"role": "assistant", "content": "a", "weight": 0},
            {"role": "user", "content": "y"},
            {"role": "assistant", "content": "b", "weight": 1.0},
        ]
    },
    "unknown fields": chat(id=7, metadata={"a": [1, {"b": None}]}, tools=[]),
    "U+2028 and emoji": chat("a\u2028b\u2029c 😀\x85"),
    "a word that looks like a key": chat('say "role": "content"'),
    "escaped NUL": chat("a\x00b"),
    "an empty earlier answer": {
        "messages": [
            {"role": "user", "content": "x"},
            {"role": "assistant", "content": ""},
            {"role": "user", "content": "y"},
            {"role": "assistant", "content": "b"},
        ]
    },
    "a huge integer beside": chat(id=10**30),
}


@pytest.mark.parametrize("name", LEGAL)
@pytest.mark.parametrize("ascii_only", [True, False])
def test_legal_row_is_read(name: str, ascii_only: bool) -> None:
    line = json.dumps(LEGAL[name], ensure_ascii=ascii_only).encode()
    row = parse_row(line)
    assert isinstance(row, Row)
    assert explain(line) == []
    assert json.loads(row.messages) == LEGAL[name]["messages"]


def test_columns_of_a_row(tmp_path: Path) -> None:
    data = lines(
        {
            "messages": [
                {"role": "system", "content": "route"},
                {"role": "user", "content": "card lost"},
                {"role": "assistant", "content": "which?"},
                {
                    "role": "user",
                    "content": [{"type": "text", "text": "the "}, {"type": "text", "text": "blue"}],
                },
                {"role": "assistant", "content": "lost_card"},
            ],
            "ground_truth": ["a", "b", "a"],
            "weight": 2,
            "conversation_id": "c1",
        },
        chat(weight=1.5, user_id=7),
        chat(weight=0),
    )
    frame = read_rows(write(tmp_path, data), source="eval").frame
    assert frame.schema == pl.Schema(ROW_COLUMNS)
    first = frame.row(0, named=True)
    assert first["id"] == "eval:1"
    assert first["text"] == "card lost\nwhich?\nthe blue"
    assert first["answer"] == "lost_card"
    assert first["ground_truth"] == ["a", "b"]
    assert first["shape"] == "suaua"
    assert frame["weight"].to_list() == [2.0, 1.5, 0.0]
    assert frame["group_key"].to_list() == ["conversation_id=c1", "user_id=7", None]
    assert frame["ground_truth"].to_list()[1:] == [None, None]


def test_digest_is_of_content_not_of_spelling() -> None:
    def digest(line: str) -> str:
        row = parse_row(line.encode())
        assert isinstance(row, Row)
        return row.digest

    one = '{"messages":[{"role":"user","content":"é"},{"role":"assistant","content":"a"}]}'
    parts = '{"content":[{"type":"text","text":"\\u00e9"}],"role":"user"}'
    same = f'{{"id":1,"messages" : [{parts}, {{"role":"assistant","content":"a"}}]}}'
    assert digest(one) == digest(same)
    assert digest(one) != digest(one.replace('"a"', '"b"'))
    assert digest(one) != digest(one.replace("é", "e"))


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("last", [b"", b"\n", b"\r\n\r\n  \t\n"])
def test_line_ends_bom_and_blank_lines(end: bytes, bom: bytes, last: bytes, tmp_path: Path) -> None:
    data = bom + end.join([GOOD.strip(), b"", GOOD.strip(), GOOD.strip()]) + last
    read = read_rows(write(tmp_path, data), source="train")
    assert read.frame["row"].to_list() == [1, 3, 4]
    assert read.files[0].blank == read.files[0].lines - 3


def test_compressed_files_and_folders_hold_the_same_rows(tmp_path: Path) -> None:
    data = lines(*(chat(f"text {i}") for i in range(9)))
    plain = read_rows(write(tmp_path, data), source="train").frame
    packed = gzip.compress(data[:100]) + gzip.compress(data[100:])
    assert read_rows(write(tmp_path, packed, "a.jsonl.gz"), source="train").frame.equals(plain)
    frames = zstandard.compress(data[:100]) + zstandard.compress(data[100:])
    assert read_rows(write(tmp_path, frames, "a.jsonl.zst"), source="train").frame.equals(plain)
    folder = tmp_path / "folder"
    folder.mkdir()
    cut = data.index(b"text 4") - len(b'{"messages": [{"role": "user", "content": "')
    write(folder, data[:cut], "1.jsonl")
    write(folder, zstandard.compress(data[cut:]), "2.jsonl.zst")
    write(folder, b"not data", "notes.txt")
    read = read_rows(folder, source="train")
    assert read.frame.equals(plain)
    assert [facts.first_row for facts in read.files] == [1, 5]


def test_problem_in_a_folder_names_the_file_and_its_own_line(tmp_path: Path) -> None:
    write(tmp_path, GOOD * 3, "1.jsonl")
    second = write(tmp_path, GOOD + b"{}\n", "2.jsonl")
    with pytest.raises(InputError) as raised:
        read_rows(tmp_path, source="train")
    assert (raised.value.problems[0].file, raised.value.problems[0].line) == (str(second), 2)


def test_a_line_longer_than_a_block(tmp_path: Path) -> None:
    data = lines(chat("x" * 9_000_000)) + GOOD * 2
    frame = read_rows(write(tmp_path, data), source="train").frame
    assert frame["text"].str.len_chars().to_list() == [9_000_000, 2, 2]


@pytest.mark.parametrize("name", ["absent.jsonl", "."])
def test_nothing_to_read(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as raised:
        read_rows(tmp_path / name, source="train")
    assert raised.value.problems[0].kind == "missing-file"


def test_rows_without_weight_among_weighted_ones_are_at_fault(tmp_path: Path) -> None:
    data = lines(chat(weight=1), chat(weight=1), chat(weight=1), chat())
    read = read_rows(write(tmp_path, data), source="train", bad_rows="quarantine")
    assert [row.line for row in read.rejected_lines] == [4]
    assert read.files[0].rejected == 1
    assert read.frame.height == 3


def test_schema_agrees_with_the_reader_and_names_what_breaks_it(tmp_path: Path) -> None:
    path = write(tmp_path, lines(*(row for row in LEGAL.values())))
    read = read_rows(path, source="train")
    check_frame(read.frame, read.files)
    broken = read.frame.with_columns(
        pl.when(pl.col("row") == 4).then(pl.lit("xyz")).otherwise("digest").alias("digest"),
        pl.when(pl.col("row") == 6).then(pl.lit(" ")).otherwise("text").alias("text"),
    )
    with pytest.raises(InputError) as raised:
        check_frame(broken, read.files)
    found = {(problem.file, problem.line, problem.field) for problem in raised.value.problems}
    assert found == {(str(path), 4, "digest"), (str(path), 6, "text")}


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
message = st.fixed_dictionaries(
    {},
    optional={
        "role": st.sampled_from(["system", "user", "assistant", "tool", "User"]) | anything,
        "content": st.sampled_from(["hi", " ", ""])
        | st.lists(st.fixed_dictionaries({"type": st.just("text"), "text": st.sampled_from(["a", ""])}), max_size=2)
        | anything,
        "weight": st.sampled_from([0, 1, 0.5, True]),
        "name": st.sampled_from(["n", None, 3]),
        "tool_calls": st.sampled_from([[{"id": "1"}], [], None, {}]),
    },
)
some_row = st.fixed_dictionaries(
    {},
    optional={
        "messages": st.lists(message, max_size=5) | anything,
        "ground_truth": st.sampled_from(["a", "", ["a"], [], None, 3]),
        "weight": st.sampled_from([0, 1.5, -1, True, None, "x"]),
    },
)


@settings(deadline=None, max_examples=400)
@given(some_row)
def test_reader_and_explanation_agree(row: dict[str, Any]) -> None:
    line = json.dumps(row).encode()
    parsed = parse_row(line)
    faults = explain(line)
    assert isinstance(parsed, Row) == (not faults)
    if not isinstance(parsed, Row):
        assert parsed == faults


well_formed = st.lists(
    st.tuples(
        st.sampled_from([["user"], ["system", "user"], ["user", "assistant", "user"]]),
        st.text(min_size=1, max_size=20).filter(str.strip),
        st.none() | st.text(min_size=1, max_size=5).filter(str.strip),
    ),
    min_size=3,
    max_size=6,
)


@settings(deadline=None, max_examples=100)
@given(well_formed)
def test_any_well_formed_row_is_read_unchanged(rows: list[tuple[list[str], str, str | None]]) -> None:
    for roles, text, truth in rows:
        messages = [{"role": role, "content": text} for role in [*roles, "assistant"]]
        line = json.dumps({"messages": messages, "ground_truth": truth}, ensure_ascii=False).encode()
        row = parse_row(line)
        assert isinstance(row, Row)
        assert json.loads(row.messages) == messages
        assert row.answer == text
        assert row.ground_truth == (None if truth is None else [truth])


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_bytes_are_read_or_explained(line: bytes) -> None:
    parsed = parse_row(line)
    assert isinstance(parsed, Row) or (parsed and all(fault.message for fault in parsed))

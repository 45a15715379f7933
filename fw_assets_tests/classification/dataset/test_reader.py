"""Reading chat JSONL: good rows of every legal form, and every bad one named with its place."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import zstandard

from fw_assets.classification.dataset.columns import ROW_COLUMNS
from fw_assets.classification.dataset.files import CHUNK_BYTES, read_chunks
from fw_assets.classification.dataset.read_result import rejected_jsonl
from fw_assets.classification.dataset.reader import read_rows
from fw_assets.classification.dataset.row_store import RowStore
from fw_assets.classification.errors import InputError
from fw_assets_tests.classification.dataset.legal_rows import chat, lines, write_file
from fw_assets_tests.classification.dataset.malformed import CASES, GOOD, Case


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_bad_file_is_named_with_its_place(case: Case, tmp_path: Path) -> None:
    path = write_file(tmp_path, case.content)
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
    read = read_rows(write_file(tmp_path, case.content), source="train", bad_rows="quarantine")
    assert read.frame["row"].to_list() == [1, 2, 4, 5]
    assert [row.line for row in read.rejected_lines] == [3]
    assert (read.files[0].lines, read.files[0].rows, read.files[0].rejected) == (5, 4, 1)
    (written,) = rejected_jsonl(read.rejected_lines)
    assert json.loads(written)["problems"][0]["kind"] == case.kind


def test_all_problems_are_counted_and_the_first_twenty_shown(tmp_path: Path) -> None:
    path = write_file(tmp_path, GOOD * 40 + b"oops\n" * 30 + b"{}\n" * 5)
    with pytest.raises(InputError) as raised:
        read_rows(path, source="train")
    assert raised.value.total == 35
    assert len(raised.value.problems) == 20
    assert raised.value.counts == {"json": 30, "missing-messages": 5}
    assert "15 more" in str(raised.value)


def test_several_faults_of_one_line_are_all_named(tmp_path: Path) -> None:
    line = b'{"messages":[{"role":"User","content":3}],"ground_truth":7,"weight":"x"}\n'
    with pytest.raises(InputError) as raised:
        read_rows(write_file(tmp_path, GOOD * 3 + line), source="train")
    assert [problem.field for problem in raised.value.problems] == [
        "ground_truth",
        "weight",
        "messages[0].role",
        "messages[0].content",
    ]


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
    frame = read_rows(write_file(tmp_path, data), source="eval").frame
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


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("last", [b"", b"\n", b"\r\n\r\n  \t\n"])
def test_line_ends_bom_and_blank_lines(end: bytes, bom: bytes, last: bytes, tmp_path: Path) -> None:
    data = bom + end.join([GOOD.strip(), b"", GOOD.strip(), GOOD.strip()]) + last
    read = read_rows(write_file(tmp_path, data), source="train")
    assert read.frame["row"].to_list() == [1, 3, 4]
    assert read.files[0].blank == read.files[0].lines - 3


def test_compressed_files_and_folders_hold_the_same_rows(tmp_path: Path) -> None:
    data = lines(*(chat(f"text {i}") for i in range(9)))
    plain = read_rows(write_file(tmp_path, data), source="train").frame
    packed = gzip.compress(data[:100]) + gzip.compress(data[100:])
    assert read_rows(write_file(tmp_path, packed, "a.jsonl.gz"), source="train").frame.equals(plain)
    frames = zstandard.compress(data[:100]) + zstandard.compress(data[100:])
    assert read_rows(write_file(tmp_path, frames, "a.jsonl.zst"), source="train").frame.equals(plain)
    folder = tmp_path / "folder"
    folder.mkdir()
    cut = data.index(b"text 4") - len(b'{"messages": [{"role": "user", "content": "')
    write_file(folder, data[:cut], "1.jsonl")
    write_file(folder, zstandard.compress(data[cut:]), "2.jsonl.zst")
    write_file(folder, b"not data", "notes.txt")
    read = read_rows(folder, source="train")
    assert read.frame.equals(plain)
    assert [facts.first_row for facts in read.files] == [1, 5]


def test_problem_in_a_folder_names_the_file_and_its_own_line(tmp_path: Path) -> None:
    write_file(tmp_path, GOOD * 3, "1.jsonl")
    second = write_file(tmp_path, GOOD + b"{}\n", "2.jsonl")
    with pytest.raises(InputError) as raised:
        read_rows(tmp_path, source="train")
    assert (raised.value.problems[0].file, raised.value.problems[0].line) == (str(second), 2)


def test_a_line_longer_than_a_block(tmp_path: Path) -> None:
    data = lines(chat("x" * 9_000_000)) + GOOD * 2
    frame = read_rows(write_file(tmp_path, data), source="train").frame
    assert frame["text"].str.len_chars().to_list() == [9_000_000, 2, 2]


@pytest.mark.parametrize("name", ["absent.jsonl", "."])
def test_nothing_to_read(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as raised:
        read_rows(tmp_path / name, source="train")
    assert raised.value.problems[0].kind == "missing-file"


def test_rows_without_weight_among_weighted_ones_are_at_fault(tmp_path: Path) -> None:
    data = lines(chat(weight=1), chat(weight=1), chat(weight=1), chat())
    read = read_rows(write_file(tmp_path, data), source="train", bad_rows="quarantine")
    assert [row.line for row in read.rejected_lines] == [4]
    assert read.files[0].rejected == 1
    assert read.frame.height == 3


def test_a_row_store_that_cannot_be_written_is_an_error_of_the_file(tmp_path: Path) -> None:
    path = write_file(tmp_path, GOOD * 3)
    with pytest.raises(InputError, match="No such file or directory"):
        read_rows(path, source="train", row_store=RowStore(tmp_path / "nowhere"))


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_a_small_file_of_very_many_blank_lines_is_read_in_parts(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    blank_lines = 20 << 20
    path = tmp_path / "blank.jsonl.gz"
    path.write_bytes(pack(b"\n" * blank_lines))
    chunks = [len(chunk) for chunk in read_chunks(path)]
    assert (sum(chunks), max(chunks) <= 2 * CHUNK_BYTES) == (blank_lines, True)
    with path.open("ab") as file:
        file.write(pack(b'\n{"broken": \n'))
    with pytest.raises(InputError, match=f":{blank_lines + 2}: "):
        read_rows(path, source="train")


def test_too_few_rows_are_said_with_why_the_others_were_left_out(tmp_path: Path) -> None:
    rows = [
        {"messages": [{"role": "user", "content": f"text {n}"}, {"role": "assistant", "content": "a", "weight": 0}]}
        for n in range(5)
    ]
    path = write_file(tmp_path, lines(*rows) + b"no row\n")
    with pytest.raises(InputError) as raised:
        read_rows(path, source="train", bad_rows="quarantine")
    message = str(raised.value)
    assert (
        "holds 0 rows (6 more were left out; weight 0 on the answer: 5; bad lines: 1), expected at least 3" in message
    )
    assert "Correct these rows, or give a dataset of that size" in message


def test_the_only_file_of_a_folder_is_named_if_it_is_empty(tmp_path: Path) -> None:
    (tmp_path / "test.jsonl").touch()
    with pytest.raises(InputError) as raised:
        read_rows(tmp_path, source="eval")
    assert raised.value.problems[0].file == str(tmp_path / "test.jsonl")

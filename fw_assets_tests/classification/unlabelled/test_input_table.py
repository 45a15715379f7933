from __future__ import annotations

import gzip
import io
import json
import zipfile
from pathlib import Path

import polars as pl
import pytest

from fw_assets.classification.dataset.chat import Turn
from fw_assets.classification.errors import InputError
from fw_assets.classification.formats.options import ReadingOptions
from fw_assets.classification.unlabelled.input_table import MESSAGES, InputTable, read_input
from fw_assets_tests.classification.formats.files import spreadsheet

TEXTS = ("I was charged twice, again", "où est mon colis ?", "the app crashes")
CSV = 'id,text\n01,"I was charged twice, again"\n02,où est mon colis ?\n03,the app crashes\n'


def converse(text: str, system: str | None) -> list[Turn]:
    return [*([{"role": "system", "content": system}] if system else []), {"role": "user", "content": text}]


def read(path: Path, **options: str) -> InputTable:
    folder = path.parent / "parts"
    folder.mkdir(exist_ok=True)
    return read_input(path, ReadingOptions(**options), ReadingOptions(), converse, folder)


def texts(table: InputTable) -> list[str | None]:
    """The last turn of each conversation."""
    held = table.frame.collect()[MESSAGES]
    return [None if messages is None else json.loads(messages)[-1]["content"] for messages in held]


def columns() -> pl.DataFrame:
    return pl.DataFrame({"id": ["01", "02", "03"], "text": TEXTS})


def written(kind: str) -> bytes:
    if kind == "parquet":
        sink = io.BytesIO()
        columns().write_parquet(sink)
        return sink.getvalue()
    if kind == "arrow":
        sink = io.BytesIO()
        columns().write_ipc(sink)
        return sink.getvalue()
    if kind == "xlsx":
        return spreadsheet(("id", "text"), *columns().iter_rows())
    if kind == "zip":
        sink = io.BytesIO()
        with zipfile.ZipFile(sink, "w") as archive:
            archive.writestr("rows.csv", CSV)
        return sink.getvalue()
    rows = columns().to_dicts()
    return {
        "csv": CSV.encode(),
        "tsv": "\n".join("\t".join(row) for row in [("id", "text"), *columns().iter_rows()]).encode(),
        "csv.gz": gzip.compress(CSV.encode()),
        "utf16.csv": CSV.encode("utf-16"),
        "cp1252.csv": CSV.encode("cp1252"),
        "old.csv": CSV.replace("\n", "\r").encode(),
        "jsonl": "".join(json.dumps(row) + "\n" for row in rows).encode(),
        "json": json.dumps(rows).encode(),
        "wrapped.json": json.dumps({"rows": rows}).encode(),
        "studio.json": json.dumps([{"id": 1, "data": {"text": text}} for text in TEXTS]).encode(),
        "txt": "\n".join(TEXTS).encode(),
    }[kind]


@pytest.mark.parametrize(
    "kind",
    [
        *("csv", "tsv", "csv.gz", "utf16.csv", "cp1252.csv", "old.csv", "jsonl", "json", "wrapped.json"),
        *("studio.json", "parquet", "arrow", "xlsx", "zip", "txt"),
    ],
)
def test_every_form_of_a_dataset_is_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"rows.{kind}"
    path.write_bytes(written(kind))
    table = read(path)
    assert tuple(texts(table)) == TEXTS
    assert (table.rows, table.empty) == (3, 0)
    if kind not in ("studio.json", "txt"):
        assert table.names == ("id", "text")
        assert table.frame.collect()["c0"].to_list() == ["01", "02", "03"]


def test_chats_are_asked_as_they_are(tmp_path: Path) -> None:
    chats = [
        {"messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "a"}]},
        {"messages": [{"role": "user", "content": "b"}, {"role": "assistant", "content": "old answer"}]},
        {"messages": [{"role": "user", "content": " "}, {"role": "assistant", "content": "x"}]},
    ]
    path = tmp_path / "chats.jsonl"
    path.write_text("".join(json.dumps(chat) + "\n" for chat in chats[:2]))
    first, second = map(json.loads, read(path).frame.collect()[MESSAGES])
    assert first == chats[0]["messages"]
    assert second == chats[1]["messages"]
    path.write_text("".join(json.dumps({"conversations": [{"from": "human", "value": t}]}) + "\n" for t in TEXTS))
    assert tuple(texts(read(path))) == TEXTS
    path.write_text(json.dumps({"messages": [{"role": "robot", "content": "a"}]}) + "\n")
    with pytest.raises(InputError, match=r"chats.jsonl:1: messages\[0\].role"):
        read(path)


def test_the_text_is_where_the_dataset_has_it_else_where_it_is_found(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("note,body,label\nsome long remark,first text of all,a\nanother long remark,second text of all,b\n")
    usual = ReadingOptions(text_column="note", label_column="label")
    (tmp_path / "parts").mkdir()
    assert texts(read_input(path, ReadingOptions(), usual, converse, tmp_path / "parts"))[0] == "some long remark"
    other = ReadingOptions(text_column="elsewhere", label_column="verdict")
    assert texts(read_input(path, ReadingOptions(), other, converse, tmp_path / "parts"))[0] == "first text of all"
    assert texts(read(path, text_template="{note}: {body}"))[1] == "another long remark: second text of all"
    path.write_text("one,two\nsome long remark,first text of all\nanother long remark,second text of all\n")
    with pytest.raises(InputError, match=r"(?s)two columns may be the text.*--text-column one"):
        read(path)


def test_text_of_one_column_has_or_lacks_a_header(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text('remark\n"a, b"\nc d\n""\n')
    assert texts(read(path)) == ["a, b", "c d", None]
    path = tmp_path / "rows.txt"
    path.write_text("first, with a comma\nsecond, with two, commas\n\nthird\n")
    assert texts(read(path)) == ["first, with a comma", "second, with two, commas", "third"]


def test_columns_of_objects_keep_one_kind_or_hold_json(tmp_path: Path) -> None:
    rows = [
        {"text": "a b c", "whole": 1, "mixed": 1, "flag": True, "none": None, "big": 2**64},
        {"text": "d e f", "whole": 2.5, "mixed": "x", "flag": False, "deep": {"a": [1]}},
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    table = read(path)
    assert table.json_columns == {"mixed", "big", "deep"}
    frame = table.frame.collect().drop(MESSAGES)
    frame.columns = list(table.names)
    assert frame["whole"].to_list() == [1.0, 2.5]
    assert frame["flag"].to_list() == [True, False]
    assert frame["none"].to_list() == [None, None]
    assert frame["mixed"].to_list() == ["1", '"x"']
    assert frame["deep"].to_list() == [None, '{"a":[1]}']


def test_a_row_whose_quotation_mark_is_not_closed_is_named(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    rows = [f"{n},the app crashed {n} times" for n in range(60)]
    rows[10], rows[30] = '10,"the app crashed', '30,"Hello there"'
    path.write_text("\n".join(["id,text", *rows]) + "\n")
    with pytest.raises(InputError, match=r"rows\.csv:12: the row is of 21 lines and has a quotation mark in the wrong"):
        read(path)

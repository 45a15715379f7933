"""Workbooks whose sheets are the parts of a dataset, and those of which one sheet is to be chosen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fw_assets.classification.dataset.files import file_sha256
from fw_assets.classification.dataset.row_store import RowStore
from fw_assets.classification.errors import InputError
from fw_assets.classification.formats.dataset import read_dataset
from fw_assets.classification.formats.options import ReadingOptions
from fw_assets_tests.classification.formats.files import ROWS, workbook

HEADER = ("text", "label")
TRAIN, VALIDATION, TEST = ROWS[:24], ROWS[24:30], ROWS[30:]


def book(folder: Path, **sheets: tuple[tuple[object, ...], ...]) -> Path:
    path = folder / "tickets.xlsx"
    path.write_bytes(workbook({name.replace("_", " "): rows for name, rows in sheets.items()}))
    return path


def test_sheets_are_parts_and_the_others_are_named(tmp_path: Path) -> None:
    path = book(
        tmp_path,
        Notes=(("made by hand",), ("in May",)),
        train=(HEADER, *TRAIN),
        Validation=(HEADER, *VALIDATION),
        Test_set=(HEADER, *TEST),
        Prices=(HEADER, ("a", "b"), ("c", "d")),
        Empty=(),
    )
    reads, passed_over = read_dataset(RowStore(), path, None, "fail", ReadingOptions())
    assert passed_over == ("sheet 'Notes'", "sheet 'Prices'")
    files = [file for read in reads for file in read.files]
    assert [(file.path_name, file.part, file.source, file.rows) for file in files] == [
        (str(path / "train"), "train", "train", 24),
        (str(path / "Validation"), "validation", "train", 6),
        (str(path / "Test set"), "test", "eval", 6),
    ]
    assert {file.read_as for file in files} >= {"sheet 'train', `text` and `label`"}
    assert [read.sha256 for read in reads] == [file_sha256(path)] * 2
    train, test = (read.frame.sort("row") for read in reads)
    assert train["text"].to_list() == [text for text, _ in (*TRAIN, *VALIDATION)]
    assert test["answer"].to_list() == [label for _, label in TEST]
    assert train["row"].to_list() == [*range(2, 26), *range(27, 33)]


def test_a_sheet_of_parts_is_named_in_errors(tmp_path: Path) -> None:
    path = book(tmp_path, train=(HEADER, *TRAIN), test=(("text", "topic", "queue"), *((t, k, k) for t, k in TEST)))
    with pytest.raises(InputError, match=r"tickets\.xlsx/test: label_column: two columns may be the label"):
        read_dataset(RowStore(), path, None, "fail", ReadingOptions())


def test_other_sheets_with_rows_are_a_choice(tmp_path: Path) -> None:
    path = book(tmp_path, train_delays=(HEADER, *TRAIN), bus_delays=(HEADER, *TEST))
    with pytest.raises(InputError, match="found 2") as caught:
        read_dataset(RowStore(), path, None, "fail", ReadingOptions())
    question = caught.value.question
    assert question is not None
    assert [(reading.field, reading.value) for reading in question.readings] == [
        ("sheet", "train delays"),
        ("sheet", "bus delays"),
    ]
    reads, passed_over = read_dataset(RowStore(), path, None, "fail", ReadingOptions(sheet="bus delays"))
    assert reads[0].files[0].rows == len(TEST)
    assert passed_over == ("sheet 'train delays'",)


def test_an_evaluation_workbook_gives_its_test_sheet(tmp_path: Path) -> None:
    path = book(tmp_path, train=(HEADER, *TRAIN), test=(HEADER, *TEST))
    training = tmp_path / "rows.csv"
    training.write_text("text,label\n" + "".join(f"row number {n},{label}\n" for n, (_, label) in enumerate(ROWS)))
    reads, passed_over = read_dataset(RowStore(), training, path, "fail", ReadingOptions())
    assert [file.path_name for read in reads for file in read.files] == [str(training), str(path / "test")]
    assert passed_over == ("train",)


@pytest.mark.parametrize("cells", [False, True])
def test_lists_of_a_json_document_are_parts_too(cells: bool, tmp_path: Path) -> None:
    path = tmp_path / "intents.json"
    rows = ROWS if cells else tuple({"text": text, "intent": label} for text, label in ROWS)
    # The rows of `oos_train` have one label, so that its columns are those of the list before.
    parts = {"train": rows[:20], "oos_train": rows[20:29:3], "val": rows[24:30], "test": rows[30:], "people": rows[:3]}
    path.write_text(json.dumps(parts))
    reads, passed_over = read_dataset(RowStore(), path, None, "fail", ReadingOptions())
    assert passed_over == ("sheet 'people'",)
    assert [(file.path_name, file.part, file.rows) for read in reads for file in read.files] == [
        (str(path / "train"), "train", 20),
        (str(path / "oos_train"), "train", 3),
        (str(path / "val"), "validation", 6),
        (str(path / "test"), "test", 6),
    ]
    assert reads[0].frame.sort("row")["text"].to_list() == [
        text for text, _ in (*ROWS[:20], *ROWS[20:29:3], *ROWS[24:30])
    ]
    assert [read.sha256 for read in reads] == [file_sha256(path)] * 2

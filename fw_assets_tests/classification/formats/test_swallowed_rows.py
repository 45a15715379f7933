from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from fw_assets.classification.dataset.row_store import RowStore
from fw_assets.classification.errors import InputError
from fw_assets.classification.formats.dataset import read_dataset
from fw_assets.classification.formats.options import ReadingOptions

LABELS = ("billing", "sales", "other")
ROWS = [f"{n},message {n} about thing {n * 7 % 13},{LABELS[n % 3]},web" for n in range(60)]
OPEN = '10,"message 10,sales,web'


def read(folder: Path, lines: Mapping[int, str], columns: tuple[int, ...] = (0, 1, 2, 3), end: str = "\n") -> list[str]:
    """The texts of a file, some lines of which are others."""
    rows = [*ROWS]
    for at, line in lines.items():
        rows[at] = line
    rows = ["id,text,label,channel", *rows]
    if columns != (0, 1, 2, 3):
        rows = [",".join(row.split(",")[at] for at in columns) for row in rows]
    path = folder / "tickets.csv"
    path.write_text("".join(f"{row}{end}" for row in rows), newline="")
    ((result,), _) = read_dataset(RowStore(), path, None, "fail", ReadingOptions())
    return list(result.frame.sort("row")["text"])


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("columns", [(0, 1, 2, 3), (1, 2), (2, 1), (2, 0, 1)])
def test_rows_up_to_a_later_quotation_mark_are_named(columns: tuple[int, ...], end: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"tickets\.csv:12: text: the cell holds 21 lines.*quotation mark not closed"):
        read(tmp_path, {10: OPEN, 30: '30,a pipe of 5",sales,web'}, columns, end)


@pytest.mark.parametrize("text", ["Hello you", "Hello, you"])
@pytest.mark.parametrize("end", [11, 12, 30])
def test_rows_up_to_a_quoted_text_are_named(end: int, text: str, tmp_path: Path) -> None:
    lines = f"the row is of {end - 9} lines and has a quotation mark in the wrong place; is a quotation mark not closed"
    with pytest.raises(InputError, match=rf"tickets\.csv:12: {lines}"):
        read(tmp_path, {10: OPEN, end: f'30,"{text}",sales,web'})


def test_words_after_a_quoted_text_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r":12: the line has a quotation mark in the wrong place"):
        read(tmp_path, {10: '10,"so-called" message,sales,web'})


@pytest.mark.parametrize(
    "text",
    [
        "Dear team, I need:\n- two chairs, sales\n- an invoice, billing\n- a call, other\nThanks",
        "press 1, billing\npress 2, sales\npress 3, other\nthanks",
        "my list:\n1,tea,other,web\n2,cake,sales,web\n3,ham,sales,web",
        "Roses are red,\nviolets are blue,\nsugar is sweet,\nand so are you",
    ],
)
def test_lists_that_people_write_are_texts(text: str, tmp_path: Path) -> None:
    row = f'20,"{text}",sales,web'
    assert read(tmp_path, {7: "7,no label,,web", 20: row})[19] == text


def test_tables_of_figures_are_texts_beside_labels_that_are_numbers(tmp_path: Path) -> None:
    table = "these are my figures\n1,0\n2,1\n3,1\n4,0"
    rows = [f"a message of words {n},{n % 2}\n" for n in range(60)] + [f'"{table}",1\n']
    path = tmp_path / "figures.csv"
    path.write_text("text,label\n" + "".join(rows))
    ((result,), _) = read_dataset(RowStore(), path, None, "fail", ReadingOptions())
    assert table in result.frame["text"].to_list()

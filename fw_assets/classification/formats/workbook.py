"""Workbook: a spreadsheet as a table, and its sheets as the parts of a dataset, as the files of a folder are.

So are the lists of rows in a JSON document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from fw_assets.classification.dataset.folder import Listing, Part, part_of
from fw_assets.classification.errors import InputError, Problem
from fw_assets.classification.formats.batches import BATCH_ROWS, Table, columnar_table
from fw_assets.classification.formats.content import Content, open_content, refusals
from fw_assets.classification.formats.dialect import SAMPLE_RECORDS
from fw_assets.classification.formats.recognised_file import recognise_format
from fw_assets.classification.formats.recognition import Format, is_spreadsheet
from fw_assets.classification.formats.records import MAX_DOCUMENT_BYTES, document_lists, several_sheets
from fw_assets.classification.formats.tables import ROW

_NAMED_LIST = re.compile(rb'"[\w -]*(?:train|valid|val|dev|test|eval)[\w -]*"\s*:\s*[\[{]', re.IGNORECASE)
_NOTHING = "Nothing was started."
_SLASH = "/"
"""In no name of Excel's; a sheet is named as a file in the workbook."""


def binary_table(path: Path, kind: Format, first_row: int, sheet: str | None = None) -> Table:
    """The table of a Parquet or Arrow file or of a spreadsheet.

    Args:
        sheet: the name of the one that is read, of a spreadsheet with several.

    Raises:
        InputError: it is damaged, or a spreadsheet with several sheets of rows.
    """
    return _sheet_table(path, first_row, sheet) if kind == "spreadsheet" else columnar_table(path, kind, first_row)


def list_sheets(path: Path, sheet: str | None) -> Listing:
    """A file as the files of a dataset: itself, or the sheets of a workbook that are named as its parts.

    The lists of rows in a JSON document are taken as sheets. Those that are not read are passed over, unless they are
    empty. Where their names tell no parts, the file is the one entry; that it has several with rows is an error of its
    table.

    Args:
        sheet: the only one that is read.

    Raises:
        InputError: it is damaged.
        OSError: it cannot be read.
    """
    content = open_content(path)
    if not content.member and is_spreadsheet(content.head):
        sheets = _sheets(path)
        filled = [name for name, cells in sheets.items() if cells.height]
        tables = [name for name in filled if _has_rows(sheets[name])]
    elif _may_have_parts(content) and recognise_format(path).kind == "JSON":
        filled = tables = list(document_lists(path, b"".join(content.blocks())))
    else:
        return Listing((path,), ("train",))
    if sheet is not None:
        return Listing((path,), ("train",), tuple(map(_shown, _others(filled, [sheet]))))
    parts = {name: part for name in tables if (part := part_of(name)) is not None and _SLASH not in name}
    if "train" not in parts.values() or len(set(parts.values())) == 1:
        return Listing((path,), ("train",), tuple(map(_shown, _others(filled, tables))))
    kept: tuple[Part, ...] = tuple(parts.values())
    return Listing(tuple(path / name for name in parts), kept, tuple(map(_shown, _others(filled, list(parts)))))


def _may_have_parts(content: Content) -> bool:
    """Whether a file may be a JSON document with lists that are named as parts, by its beginning."""
    small = content.file.stat().st_size <= MAX_DOCUMENT_BYTES
    return small and len(_NAMED_LIST.findall(content.head)) > 1


def _others(filled: Sequence[str], read: Sequence[str]) -> list[str]:
    return [name for name in filled if name not in read]


def _shown(sheet: str) -> str:
    return f"sheet {sheet!r}"


def _sheets(path: Path, wanted: str | None = None) -> dict[str, pl.DataFrame]:
    """The cells of each sheet as text, or of the wanted one alone, if there is such a one."""
    import fastexcel

    with refusals(path, "a spreadsheet"):
        workbook = fastexcel.read_excel(str(path))
        names = [wanted] if wanted in workbook.sheet_names else workbook.sheet_names
        return {name: workbook.load_sheet(name, header_row=None, dtypes="string").to_polars() for name in names}


def _has_rows(cells: pl.DataFrame) -> bool:
    return cells.height > 1 and cells.width > 1


def _sheet_table(path: Path, first_row: int, wanted: str | None) -> Table:
    sheets = {name: cells for name, cells in _sheets(path, wanted).items() if _has_rows(cells)}
    names = ", ".join(map(repr, sheets)) or "none"
    if wanted is not None and wanted not in sheets:
        message = f"there is no sheet {wanted!r} with rows; the sheets with rows are {names}"
        raise InputError([Problem(kind="sheet", file=str(path), field="sheet", message=message)], advice=_NOTHING)
    if len(sheets) != 1:
        message = f"expected one sheet with rows, found {len(sheets)} ({names})"
        raise several_sheets(path, message, {name: cells.height for name, cells in sheets.items()}, _shown)
    ((name, cells),) = sheets.items()
    filled = cells.select(pl.any_horizontal(pl.all().is_not_null())).to_series().arg_true()
    header_at = int(filled[0])
    header = [
        str(value).strip() if value is not None else f"column_{i + 1}" for i, value in enumerate(cells.row(header_at))
    ]
    columns = [name if name not in header[:i] else f"{name}_{i + 1}" for i, name in enumerate(header)]
    cells.columns = columns
    numbers = pl.int_range(first_row, first_row + cells.height, dtype=pl.UInt32, eager=True).alias(ROW)
    table = cells.with_columns(numbers).slice(header_at + 1)

    def parts(columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        yield from table.select(ROW, *columns).iter_slices(BATCH_ROWS)

    return Table(_shown(name), table.head(SAMPLE_RECORDS).drop(ROW), parts, lead=header_at + 1)

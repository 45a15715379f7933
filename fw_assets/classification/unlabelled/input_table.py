"""Input table: the rows of one file, every column as it is, each row with the conversation that a model is asked."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from fw_assets.classification.dataset.json_errors import RowError
from fw_assets.classification.dataset.regex_parser import NOT_BLANK
from fw_assets.classification.errors import InputError, Problem
from fw_assets.classification.formats.batches import (
    MalformedLineError,
    Table,
    delimited_table,
    json_lines,
    without_escapes,
    without_malformed_lines,
)
from fw_assets.classification.formats.column_names import LABEL_NAMES, TEXT_NAMES, normal_name
from fw_assets.classification.formats.dialect import SAMPLE_RECORDS, find_dialect
from fw_assets.classification.formats.options import ReadingOptions
from fw_assets.classification.formats.profiles import profiles
from fw_assets.classification.formats.recognised_file import RecognisedFile, recognise_format
from fw_assets.classification.formats.records import decoded
from fw_assets.classification.formats.shapes import is_nested
from fw_assets.classification.formats.tables import ROW, text_expression
from fw_assets.classification.formats.workbook import binary_table
from fw_assets.classification.unlabelled.conversations import Conversations, Converse, faulty_rows
from fw_assets.classification.unlabelled.json_table import json_table

MESSAGES = "messages"
"""Column of the conversation as JSON; null where the text is empty. The columns of the file are `column(0)` and on."""


def column(position: int) -> str:
    """The name of a column of the file in the parts, where no two are alike and none is `MESSAGES`."""
    return f"c{position}"


@dataclass(frozen=True)
class InputTable:
    """The rows of a file, in parts on the disk.

    Attributes:
        names: of the file's columns, in order.
        json_columns: those that hold JSON as text, since their values are objects, or of several kinds.
        rows: how many there are; empty: how many have no text.
        read_as: the file's format and its text column, in words.
    """

    names: tuple[str, ...]
    json_columns: frozenset[str]
    rows: int
    empty: int
    read_as: str
    files: tuple[Path, ...]

    @property
    def frame(self) -> pl.LazyFrame:
        return pl.scan_parquet(list(self.files), glob=False)


def read_input(
    path: Path, options: ReadingOptions, usual: ReadingOptions, converse: Converse, folder: Path
) -> InputTable:
    """The rows of a file of any form that datasets have.

    Args:
        options: the text's column or template; left out, `usual` holds if the file has its columns, and else the text
            is found by its name or its values.
        usual: those of the dataset.
        converse: makes the conversation of a text and its own system message, if any.
        folder: for the parts.

    Raises:
        InputError: it is nothing that is read, lines are at fault, or the text is not clear.
        OSError: it cannot be read.
    """
    file = recognise_format(path, one_column=True)
    content, plain = file.content, path
    if file.encoding is not None or file.old_lines:
        plain = content.written_to(folder / "text", file.encoding or "utf-8")
    elif content.packed:
        plain = content.written_to(folder / f"unpacked{path.suffix}")
    conversations = Conversations(path, options, usual, converse)
    if file.kind in ("JSON", "JSONL"):
        read_as = "JSONL" if file.kind == "JSONL" else "a JSON list"
        json_columns, parts = json_table(path, plain, file.kind, conversations)
    else:
        table = _table(path, plain, file, folder, options.sheet)
        read_as, json_columns, parts = table.read_as, frozenset(), _table_parts(path, table, conversations)
    return _written(path, read_as, json_columns, parts, conversations, folder)


def _written(
    path: Path,
    read_as: str,
    json_columns: frozenset[str],
    parts: Iterator[tuple[pl.DataFrame, pl.Series]],
    conversations: Conversations,
    folder: Path,
) -> InputTable:
    files, names, rows, empty = list[Path](), tuple[str, ...](), 0, 0
    for frame, messages in parts:
        names = tuple(frame.columns)
        frame.columns = [column(position) for position in range(frame.width)]
        files.append(folder / f"rows-{len(files):06d}.parquet")
        frame.with_columns(messages.alias(MESSAGES)).write_parquet(files[-1], compression="lz4", statistics=False)
        rows, empty = rows + frame.height, empty + messages.null_count()
    if conversations.faults:
        raise faulty_rows(path, conversations.faults)
    if not rows:
        problem = Problem(kind="too-few-rows", file=str(path), message="has no rows")
        raise InputError([problem], advice="Give a file with rows; nothing was asked.")
    shown = f"{read_as}, {conversations.read_as}"
    return InputTable(names, json_columns, rows, empty, shown, tuple(files))


def _table(path: Path, plain: Path, file: RecognisedFile, folder: Path, sheet: str | None) -> Table:
    if file.kind != "CSV":
        return binary_table(plain, file.kind, 1, sheet)
    dialect = find_dialect(file.text.replace("\r", "\n") if "\n" not in file.text else file.text, path.name)
    if dialect is None:
        return _one_column(path, plain)
    plain = without_escapes(plain, dialect, folder)
    try:
        table = delimited_table(plain, dialect, 1)
        for _ in table.parts(dialect.columns[:1]):
            pass  # a line that is too long is said before anything is asked
    except MalformedLineError:
        faults, _ = without_malformed_lines(plain, dialect, 1, folder / "mended")
        raise faulty_rows(path, [(line.row, error) for line in faults for error in line.errors]) from None
    return table


def _one_column(path: Path, plain: Path) -> Table:
    """Text of one column: a line each, or cells in quotation marks that may have several."""
    with plain.open(encoding="utf-8-sig", errors="replace", newline="") as source:
        records = list(csv.reader(source))
    delimited = path.suffix.lower() in (".csv", ".tsv", ".tab")
    if delimited and records and len(records[0]) > 1:
        width = len(records[0])
        faults = [
            (number, RowError("columns", None, f"the line has {len(record)} fields, expected {width} as in the header"))
            for number, record in enumerate(records, 1)
            if record and len(record) != width
        ]
        raise faulty_rows(path, faults)
    if any(len(record) > 1 for record in records):
        cells = [line for line in plain.read_text("utf-8-sig", "replace").split("\n") if line.strip()]
    else:
        cells = [record[0] for record in records if record]
    first = cells[0].strip() if cells else ""
    named = normal_name(first) in TEXT_NAMES | LABEL_NAMES or delimited
    name, values = (first or "text", cells[1:]) if named else ("text", cells)
    numbers = pl.int_range(1 + named, 1 + named + len(values), dtype=pl.UInt32, eager=True)
    frame = pl.DataFrame({ROW: numbers, name: pl.Series(values, dtype=pl.String)})

    def parts(columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        yield frame.select(ROW, *columns)

    return Table("text of one column", frame.head(SAMPLE_RECORDS).drop(ROW), parts, lead=int(named))


def _table_parts(path: Path, table: Table, conversations: Conversations) -> Iterator[tuple[pl.DataFrame, pl.Series]]:
    sample = table.sample.to_dicts()
    if not sample:
        return
    if is_nested(sample):
        conversations.find(sample)
        for part in table.parts(table.sample.columns):
            records = [decoded(line) or {} for line in json_lines(part)]
            yield part.drop(ROW), conversations.of_records(records, part[ROW].to_list())
        return
    kinds = profiles(sample)
    text, system = conversations.choose(kinds)
    _refuse_lists(path, table.sample, text)
    make = conversations.of_texts
    for part in table.parts(table.sample.columns):
        rows = part.filter(~pl.all_horizontal(pl.exclude(ROW).is_null())) if table.lead else part
        texts = rows.select(
            text=pl.when(text_expression(text).str.contains(NOT_BLANK)).then(text_expression(text)),
            system=pl.col(system).cast(pl.String) if system else pl.lit(None, pl.String),
        )
        yield rows.drop(ROW), make(texts["text"], texts["system"])


def _refuse_lists(path: Path, sample: pl.DataFrame, text: Sequence[tuple[str, str | None]]) -> None:
    for _, name in text:
        if name is not None and sample.schema[name].is_nested():
            message = f"holds {sample.schema[name]}, expected text"
            raise InputError([Problem(kind="column", file=str(path), field=name, message=message)])

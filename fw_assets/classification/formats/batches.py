"""Tables in parts: delimited text, Parquet and Arrow, each row with its number."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from fw_assets.classification.dataset.chunk_parser import EXCERPT_BYTES, RejectedLine
from fw_assets.classification.dataset.json_errors import RowError
from fw_assets.classification.errors import InputError, Problem
from fw_assets.classification.formats.content import refusals
from fw_assets.classification.formats.dialect import SAMPLE_RECORDS, Dialect, unescaped
from fw_assets.classification.formats.recognition import Format
from fw_assets.classification.formats.swallowed_rows import UNCLOSED
from fw_assets.classification.formats.tables import ROW

BATCH_ROWS = 50_000
_STREAM_ROWS = 3_000_001
"""Of Arrow streams, which are read as a whole; more than a dataset may have."""


class MalformedLineError(InputError):
    """A line of delimited text has more fields than there are columns, or a quotation mark in the wrong place."""

    def __init__(self, message: str) -> None:
        super().__init__([Problem(kind="columns", message=message)])


@dataclass(frozen=True)
class Table:
    """A table that is read in parts.

    Attributes:
        read_as: its format in words.
        sample: its first rows.
        parts: makes the parts, with the column `ROW` and the columns that are asked for.
        metadata: of the file.
        lead: lines before its first row.
        dialect: of delimited text.
    """

    read_as: str
    sample: pl.DataFrame
    parts: Callable[[Sequence[str]], Iterator[pl.DataFrame]]
    metadata: Mapping[str, str] = field(default_factory=dict)
    lead: int = 0
    dialect: Dialect | None = None


def without_escapes(path: Path, dialect: Dialect, folder: Path) -> Path:
    """Delimited text in which quotation marks are written twice: the file itself, or a copy of it."""
    if not dialect.escape:
        return path
    target = folder / "unescaped"
    with (
        path.open(encoding="utf-8", errors="replace", newline="") as source,
        target.open("w", encoding="utf-8", newline="") as sink,
    ):
        for line in source:  # a backslash before a line's end is no escape
            sink.write(unescaped(line))
    return target


def delimited_table(path: Path, dialect: Dialect, first_row: int) -> Table:
    """The table of delimited text in UTF-8; the header is line 1.

    Args:
        first_row: the number of the file's first line.

    Raises:
        MalformedLineError: a line has more fields than the header, or a quotation mark in the wrong place.
        InputError: it cannot be read.
    """
    options: dict[str, Any] = {
        "separator": dialect.delimiter,
        "quote_char": dialect.quote,
        "has_header": dialect.header is not None,
        "new_columns": list(dialect.columns),
        "infer_schema": False,
        "glob": False,
        "row_index_name": ROW,
        "row_index_offset": first_row + dialect.skip + (dialect.header is not None),
        "skip_lines": dialect.skip,
    }
    with refusals(path, dialect.shown):
        try:
            sample = pl.scan_csv(path, **options).head(SAMPLE_RECORDS).collect()
        except pl.exceptions.ComputeError as error:
            raise _of_line(error) from None

    def parts(columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        yield from _batches(pl.scan_csv(path, **options).select(ROW, *columns), path, dialect.shown)

    lead = dialect.skip + (dialect.header is not None)
    return Table(dialect.shown, sample.drop(ROW), parts, lead=lead, dialect=dialect)


def without_malformed_lines(
    path: Path, dialect: Dialect, first_row: int, target: Path
) -> tuple[list[RejectedLine], int]:
    """Copy delimited text without its malformed lines (`MalformedLineError`), which leave a blank line.

    Returns:
        Those lines, and the number of other rows.
    """
    quoting: dict[str, Any] = {"quotechar": dialect.quote} if dialect.quote else {"quoting": csv.QUOTE_NONE}
    csv.field_size_limit(sys.maxsize)
    width = len(dialect.columns)
    faults: list[RejectedLine] = []
    others = -1 if dialect.header is not None else 0
    with (
        path.open(encoding="utf-8-sig", errors="replace", newline="") as source,
        target.open("w", encoding="utf-8", newline="") as sink,
    ):
        written: dict[str, Any] = (
            {"quotechar": "\x00", "escapechar": "\x00", **quoting} if not dialect.quote else quoting
        )
        writer = csv.writer(sink, delimiter=dialect.delimiter, lineterminator="\n", **written)
        records = _records(source, delimiter=dialect.delimiter, **quoting)
        for number, record in enumerate(records, first_row):
            if isinstance(record, list) and len(record) <= width:
                writer.writerow(record)
                others += bool(record) and number >= first_row + dialect.skip
                continue
            writer.writerow([])
            if isinstance(record, list):
                advice = f"a text with {dialect.delimiter!r} in it has to be quoted"
                message = f"the line has {len(record)} fields, expected {width} as in the header; {advice}"
                excerpt = dialect.delimiter.join(record).encode()[:EXCERPT_BYTES]
                faults.append(RejectedLine(number, excerpt, [RowError("columns", None, message)]))
            else:
                height = len(record.splitlines())
                lines = f"the row is of {height:,} lines and" if height > 1 else "the line"
                message = f"{lines} has a quotation mark in the wrong place; {UNCLOSED}"
                faults.append(
                    RejectedLine(number, record.encode()[:EXCERPT_BYTES], [RowError("quotation", None, message)])
                )
    return faults, others


def _records(lines: Iterable[str], **dialect: Any) -> Iterator[list[str] | str]:
    """The records of delimited text; of one with a quotation mark in the wrong place, the text."""
    held: list[str] = []

    def read() -> Iterator[str]:
        for line in lines:
            held.append(line)
            yield line

    reader = csv.reader(read(), strict=True, **dialect)
    while True:
        held.clear()
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield "".join(held)


def columnar_table(path: Path, kind: Format, first_row: int) -> Table:
    """The table of a Parquet or Arrow file.

    Raises:
        InputError: it is damaged.
    """
    metadata: dict[str, str] = {}
    with refusals(path, kind):
        if kind == "Parquet":
            metadata = dict(pl.read_parquet_metadata(path))
            rows = pl.scan_parquet(path, glob=False, row_index_name=ROW, row_index_offset=first_row)
        elif kind == "Arrow":
            rows = pl.scan_ipc(path, glob=False, row_index_name=ROW, row_index_offset=first_row)
        else:
            frame = pl.read_ipc_stream(path, n_rows=_STREAM_ROWS, row_index_name=ROW, row_index_offset=first_row)
            rows = frame.lazy()
        sample = rows.head(SAMPLE_RECORDS).collect()

    def parts(columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        yield from _batches(rows.select(ROW, *columns), path, kind)

    return Table(kind.removesuffix(" stream"), sample.drop(ROW), parts, metadata)


def _batches(rows: pl.LazyFrame, path: Path, what: str) -> Iterator[pl.DataFrame]:
    with refusals(path, what):
        try:
            yield from rows.collect_batches(chunk_size=BATCH_ROWS, maintain_order=True)
        except pl.exceptions.ComputeError as error:
            raise _of_line(error) from None


def _of_line(error: pl.exceptions.ComputeError) -> Exception:
    """What polars says of a line that is not of the table's form, as an error of its own."""
    is_of_line = any(words in str(error) for words in ("more fields", "CSV malformed", "could not parse"))
    return MalformedLineError(str(error)) if is_of_line else error


def json_lines(part: pl.DataFrame) -> list[bytes]:
    """The rows of a part as JSON objects; their number apart."""
    sink = io.BytesIO()
    part.drop(ROW).write_ndjson(sink)
    return sink.getvalue().removesuffix(b"\n").split(b"\n")

"""JSON objects, one a line or in one document, as lines of chat JSONL with the same numbers."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import msgspec
import polars as pl

from fw_assets.classification.dataset.chunk_parser import (
    EXCERPT_BYTES,
    MAX_LEFT_OUT_LISTED,
    ParseSummary,
    RejectedLine,
    parse_chunk,
)
from fw_assets.classification.dataset.files import unreadable
from fw_assets.classification.dataset.json_errors import RowError, describe
from fw_assets.classification.dataset.row_errors import LEFT_OUT, find_errors
from fw_assets.classification.dataset.row_parser import GROUP_KEYS
from fw_assets.classification.dataset.row_store import RowStore
from fw_assets.classification.documents.row_lists import row_lists
from fw_assets.classification.errors import InputError, Problem, Reading
from fw_assets.classification.formats.column_choice import ColumnChoice
from fw_assets.classification.formats.recognition import not_rows
from fw_assets.classification.formats.shapes import Record, Shape
from fw_assets.classification.formats.tables import ROW, parse_table

MAX_DOCUMENT_BYTES = 2 << 30
"""Of a JSON document, which is read as a whole."""
PART_RECORDS = 10_000

_GROUPS = frozenset(GROUP_KEYS)
_decode_raw_list = msgspec.json.Decoder(list[msgspec.Raw]).decode


def decoded(line: bytes | str) -> Record | None:
    """The object of a line, None where it is none."""
    try:
        value = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def document_records(path: Path, content: bytes, name: str | None = None) -> list[bytes]:
    """The rows of one JSON document as objects: of its one list of rows, or of that with the name.

    Raises:
        InputError: it is damaged, or holds no such list or several.
    """
    lists = document_lists(path, content)
    names = ", ".join(map(repr, lists))
    if name is not None and name in lists:
        return lists[name]
    if name is not None and list(lists) != [""]:
        problem = Problem(kind="sheet", file=str(path), field="sheet", message=f"there is no list {name!r}: {names}")
        raise InputError([problem], advice="Nothing was started.")
    if len(lists) > 1:
        message = f"is a JSON object with several lists of rows ({names})"
        raise several_sheets(path, message, {item: len(rows) for item, rows in lists.items()})
    return next(iter(lists.values()))


def several_sheets(path: Path, message: str, rows: Mapping[str, int], shown: Callable[[str], str] = str) -> InputError:
    """The error of a file with several tables, of which a person names one.

    Args:
        rows: of each table, by its name.
        shown: what a table is called beside its number of rows.
    """
    options = ", or ".join(f"--sheet {shlex.quote(name)}" for name in rows)
    choose = f"Choose one: {options} (`sheet` in a session). " if rows else ""
    return InputError(
        [Problem(kind="several-sheets", file=str(path), message=message)],
        advice=f"{choose}Nothing was started.",
        readings=[Reading(f"{shown(name)} ({count:,} rows)", "sheet", name) for name, count in rows.items()],
    )


def document_lists(path: Path, content: bytes) -> dict[str, list[bytes]]:
    """The lists of rows in one JSON document by their names, at least one (`documents.row_lists`).

    Raises:
        InputError: it is damaged, or holds none.
    """
    try:
        content = content.removeprefix(b"\xef\xbb\xbf")
        if content.lstrip()[:1] == b"[":
            items = [bytes(item) for item in _decode_raw_list(content)]
            if not items or not all(item.startswith(b"[") for item in items):
                return {"": items}
        document = msgspec.json.decode(content)
    except msgspec.DecodeError as error:
        at = re.search(r"byte (\d+)", str(error))
        line = content[: int(at[1])].count(b"\n") + 1 if at else None
        reason = str(error).removeprefix("JSON is malformed: ")
        place = f" (line {line})" if line else ""
        raise unreadable(path, "json", f"is no whole JSON document: {reason}{place}") from None
    except (RecursionError, UnicodeDecodeError):
        raise unreadable(path, "json", "is no JSON document that can be read; save it as UTF-8") from None
    encode = msgspec.json.Encoder().encode
    lists = {name: [encode(row) for row in rows] for name, rows in row_lists(document).items()}
    if lists:
        return lists
    if isinstance(document, list):
        return {"": [encode(item) for item in document]}
    names = ", ".join(list(document)[:8]) if isinstance(document, dict) else ""
    raise not_rows(path, f"is one JSON object ({names or 'empty'}): expected a list of objects, or one object a line")


def parse_lines(
    lines: Sequence[bytes], first_row: int, source: str, row_store: RowStore, shape: Shape | None
) -> ParseSummary:
    """Parse JSON objects, one a line or list item, into the store.

    Args:
        shape: None where they are chat rows.
    """
    convert = shape.convert if shape else None
    table = _TableRows(shape.columns) if shape and shape.columns and not row_store.names else None
    chat_lines: list[bytes] = []
    rejected: list[RejectedLine] = []
    left_out: list[RejectedLine] = []
    encode, heads = msgspec.json.Encoder().encode, _heads(row_store.names)
    for number, line in enumerate(lines, first_row):
        record = decoded(line)
        if record is None or convert is None:
            chat_lines.append(msgspec.json.format(line, indent=-1) if record is not None else b"")
            if record is None and line.strip():
                rejected.append(RejectedLine(number, line[:EXCERPT_BYTES], line_errors(line)))
            continue
        if table is not None and table.takes(number, record):
            chat_lines.append(b"")
            continue
        converted = convert(record)
        if isinstance(converted, dict):
            extra = {name: record[name] for name in heads if name in record}
            chat_lines.append(encode({**extra, **converted}))
            continue
        chat_lines.append(b"")
        if isinstance(converted, str):
            left_out.append(RejectedLine(number, line[:EXCERPT_BYTES], [_left_out(converted)]))
        else:
            rejected.append(RejectedLine(number, line[:EXCERPT_BYTES], [converted]))
    rows, summary = parse_chunk(
        b"\n".join(chat_lines) + b"\n", first_row, source, row_store.fields, row_store.group_field
    )
    summary.blank -= len(rejected) + len(left_out)
    summary.left_out += Counter(line.errors[0].kind for line in left_out)
    if table is not None and table.numbers:
        more, part = table.parse(source)
        rows = pl.concat([rows, more]).sort("row")
        summary.rows += part.rows
        summary.blank -= part.lines
        summary.systems |= part.systems
        summary.left_out += part.left_out
        left_out = sorted([*left_out, *part.first_left_out])
    row_store.add(rows)
    summary.rejected = sorted(summary.rejected + rejected)
    summary.first_left_out = (summary.first_left_out + left_out)[:MAX_LEFT_OUT_LISTED]
    return summary


class _TableRows:
    """Objects with nothing but a text and a label that are texts, which a table's expressions read faster."""

    def __init__(self, columns: ColumnChoice) -> None:
        self.columns = columns
        (self.text,), self.label = columns.text_columns, columns.label
        self.numbers: list[int] = []
        self.texts: list[str] = []
        self.labels: list[str] = []

    def takes(self, number: int, record: Record) -> bool:
        text, label = record.get(self.text), record.get(self.label)
        if not isinstance(text, str) or not isinstance(label, str) or not _GROUPS.isdisjoint(record):
            return False
        self.numbers.append(number)
        self.texts.append(text)
        self.labels.append(label)
        return True

    def parse(self, source: str) -> tuple[pl.DataFrame, ParseSummary]:
        columns = {self.text: self.texts, self.label: self.labels}
        table = pl.DataFrame(
            {ROW: self.numbers, **columns}, schema={ROW: pl.UInt32, **dict.fromkeys(columns, pl.String)}
        )
        return parse_table(table, self.columns, source, (), None)


def _heads(fields: Iterable[str]) -> list[str]:
    return list(dict.fromkeys([*fields, *(name.partition(".")[0] for name in fields)]))


def line_errors(line: bytes) -> list[RowError]:
    """The errors of a line that is no object."""
    try:
        value = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return find_errors(line) or [RowError("json", None, "not JSON")]
    return [RowError("not-an-object", None, f"found {describe(value)}, expected an object with named fields")]


def _left_out(kind: str) -> RowError:
    return RowError(kind, None, f"{LEFT_OUT[kind]}: the row is left out")


def line_jobs(
    chunks: Iterable[bytes], first_row: int, source: str, row_store: RowStore, shape: Shape | None
) -> Iterator[Callable[[], ParseSummary]]:
    """Jobs that parse chunks of lines."""
    for chunk in chunks:
        lines = chunk.removesuffix(b"\n").split(b"\n")
        yield partial(parse_lines, lines, first_row, source, row_store, shape)
        first_row += len(lines)


def item_jobs(
    items: Sequence[bytes], first_row: int, source: str, row_store: RowStore, shape: Shape | None
) -> Iterator[Callable[[], ParseSummary]]:
    """Jobs that parse the items of a document; their numbers are those of lines."""
    for start in range(0, len(items), PART_RECORDS):
        part = items[start : start + PART_RECORDS]
        yield partial(parse_lines, part, first_row + start, source, row_store, shape)

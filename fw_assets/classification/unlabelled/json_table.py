"""JSON objects as a table: columns of one kind keep it, all others hold JSON as text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec
import polars as pl

from fw_assets.classification.dataset.files import read_chunks
from fw_assets.classification.dataset.json_errors import RowError
from fw_assets.classification.formats.dialect import SAMPLE_RECORDS
from fw_assets.classification.formats.records import PART_RECORDS, decoded, document_records, line_errors
from fw_assets.classification.formats.shapes import Record
from fw_assets.classification.unlabelled.conversations import Conversations, faulty_rows

Kind = Literal["null", "boolean", "integer", "number", "text", "json"]
_TYPES: dict[Kind, pl.DataType] = {
    "null": pl.String(),
    "boolean": pl.Boolean(),
    "integer": pl.Int64(),
    "number": pl.Float64(),
    "text": pl.String(),
    "json": pl.String(),
}
_LARGEST = 2**63


def json_table(
    path: Path, plain: Path, form: str, conversations: Conversations
) -> tuple[frozenset[str], Iterator[tuple[pl.DataFrame, pl.Series]]]:
    """The columns of JSON in a file of JSON objects, and its parts with their conversations.

    Raises:
        InputError: lines are no objects, or the text is not clear.
    """
    items = document_records(path, plain.read_bytes(), conversations.options.sheet) if form == "JSON" else None
    kinds, sample, faults = dict[str, Kind](), list[Record](), list[tuple[int, RowError]]()
    for number, line in _lines(plain, items):
        record = decoded(line)
        if record is None:
            faults += [(number, error) for error in line_errors(line)]
            continue
        if len(sample) < SAMPLE_RECORDS:
            sample.append(record)
        for name, value in record.items():
            kinds[name] = _together(kinds.get(name, "null"), _kind(value))
    if faults:
        raise faulty_rows(path, faults)
    if sample:
        conversations.find(sample)
    json_columns = frozenset(name for name, kind in kinds.items() if kind == "json")

    def parts() -> Iterator[tuple[pl.DataFrame, pl.Series]]:
        numbers, records = list[int](), list[Record]()
        for number, line in _lines(plain, items):
            numbers.append(number)
            records.append(decoded(line) or {})
            if len(records) == PART_RECORDS:
                yield _frame(records, kinds), conversations.of_records(records, numbers)
                numbers, records = [], []
        if records:
            yield _frame(records, kinds), conversations.of_records(records, numbers)

    return json_columns, parts()


def _lines(plain: Path, items: Sequence[bytes] | None) -> Iterator[tuple[int, bytes]]:
    """The lines that are not blank, or the items of a document, with their numbers."""
    lines: Iterable[bytes] = (
        items
        if items is not None
        else (line for chunk in read_chunks(plain) for line in chunk.removesuffix(b"\n").split(b"\n"))
    )
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield number, line


def _kind(value: Any) -> Kind:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer" if -_LARGEST <= value < _LARGEST else "json"
    if isinstance(value, float):
        return "number"
    return "text" if isinstance(value, str) else "json"


def _together(first: Kind, second: Kind) -> Kind:
    if first == second or second == "null":
        return first
    if first == "null":
        return second
    return "number" if {first, second} == {"integer", "number"} else "json"


def _frame(records: Sequence[Record], kinds: dict[str, Kind]) -> pl.DataFrame:
    columns = {}
    for name, kind in kinds.items():
        values = [record.get(name) for record in records]
        if kind == "json":
            values = [None if value is None else msgspec.json.encode(value).decode() for value in values]
        columns[name] = pl.Series(values, dtype=_TYPES[kind], strict=False)
    return pl.DataFrame(columns)

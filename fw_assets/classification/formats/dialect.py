"""Dialect of delimited text: delimiter, quotation, header, and what stands above it."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from fw_assets.classification.formats.column_names import LABEL_NAMES, TEXT_NAMES, normal_name

_DELIMITERS = {
    ",": "commas",
    ";": "semicolons",
    "\t": "tabs",
    "|": "bars",
    "^": "carets",
    "~": "tildes",
    "\x01": "control characters U+0001",
    "\x1f": "unit separators",
}
_QUOTES = {'"': 2, "'": 1, None: 0}
"""Quotation marks, and how readily each is taken."""
_MAX_TITLE_LINES = 5
_DIALECT_CHARACTERS = 100_000
"""Of the beginning of a file, by which its dialect is found."""
SAMPLE_RECORDS = 1_000


@dataclass(frozen=True)
class Dialect:
    """How a file of delimited text is written."""

    delimiter: str = ","
    quote: str | None = '"'
    header: tuple[str, ...] | None = None
    """Names of the columns as the first line has them; None where it has none."""
    columns: tuple[str, ...] = ()
    skip: int = 0
    """Lines above the header: a title, or Excel's `sep=;`."""
    escape: bool = False
    """Whether a quotation mark inside a cell has a backslash before it, and is not written twice."""

    @property
    def shown(self) -> str:
        if self.delimiter == "\t":
            return "TSV"
        return "CSV" if self.delimiter == "," else f"CSV with {_DELIMITERS[self.delimiter]}"


def find_dialect(text: str, name: str) -> Dialect | None:
    """The dialect of delimited text: that under which most lines have equally many columns, two at least."""
    return _find_dialect(text[:_DIALECT_CHARACTERS], name)


@lru_cache(maxsize=4)  # recognition and reading ask the same
def _find_dialect(text: str, name: str) -> Dialect | None:
    if "\n" in text:
        text = text[: text.rindex("\n") + 1]
    if '\\"' in text:
        plain = unescaped(text)
        found = find_dialect(plain, name) if '\\"' not in plain else None
        if found and found.quote == '"' and _is_strict(plain, found) and not _is_strict(text, found):
            return replace(found, escape=True)
    best: tuple[tuple[Any, ...], Dialect] | None = None
    # Excel's own way to say the delimiter, which other programs show as a row.
    said = re.match(r"\ufeff?sep=([,;\t|^~])\n", text)
    if said:
        rest = find_dialect(text[said.end() :], name)
        return replace(rest, skip=rest.skip + 1) if rest else None
    marks = [quote for quote in _QUOTES if quote is None or quote == '"' or quote in text]
    for delimiter in (mark for mark in _DELIMITERS if mark in text):
        for quote in marks:
            records = _records(text, delimiter, quote)
            widths = Counter(map(len, records))
            if not widths:
                continue
            width, count = max(widths.items(), key=lambda item: (item[1], item[0]))
            share = count / len(records)
            if width < 2 or share < 0.8:
                continue
            first = 0 if _is_header(records[0]) else next(at for at, r in enumerate(records) if len(r) == width)
            if first > _MAX_TITLE_LINES:
                continue
            records = records[first:]
            header = tuple(cell.strip().lstrip("\ufeff") for cell in records[0])
            known = _known(header)
            suits = delimiter == "\t" and name.lower().split(".")[-1] in ("tsv", "tab")
            rank = (known, suits, round(share, 2), _QUOTES[quote], width)
            if best is None or rank > best[0]:
                skip = _lines_before(text, first)
                best = (rank, _with_header(Dialect(delimiter, quote, skip=skip), records, header, width))
    return best[1] if best else None


def _known(cells: Sequence[str]) -> int:
    return sum(normal_name(cell) in TEXT_NAMES | LABEL_NAMES for cell in cells)


def _is_header(cells: Sequence[str]) -> bool:
    return len(cells) > 1 and _known(cells) > 0


def _lines_before(text: str, records: int) -> int:
    """The lines of a title of so many records; each is of one line, and blank ones are none."""
    for at, line in enumerate(text.split("\n")):
        if line.strip():
            if not records:
                return at
            records -= 1
    return 0


def _with_header(dialect: Dialect, records: list[list[str]], header: tuple[str, ...], width: int) -> Dialect:
    body = [record for record in records[1:] if len(record) == width]
    known = _known(header)
    occurs = [cell for i, cell in enumerate(header[:width]) if cell and cell in {record[i].strip() for record in body}]
    filled = [cell for cell in header if cell]
    if not known and (occurs or len(set(filled)) < len(filled)):
        columns = tuple(f"column_{i + 1}" for i in range(width))
        return replace(dialect, columns=columns)
    names: list[str] = []
    for i, cell in enumerate(header):
        cell = cell or f"column_{i + 1}"
        names.append(cell if cell not in names else f"{cell}_{i + 1}")
    return replace(dialect, header=header, columns=tuple(names))


def unescaped(text: str) -> str:
    """Text whose quotation marks inside cells are written twice, as CSV has them, in place of a backslash before."""
    return re.sub(r'\\(["\\])', lambda match: '""' if match[1] == '"' else "\\", text)


def _is_strict(text: str, dialect: Dialect) -> bool:
    """Whether every quotation mark stands where CSV has them; the last cell may be cut off."""
    try:
        for _ in csv.reader(io.StringIO(text, newline=""), delimiter=dialect.delimiter, strict=True):
            pass
    except csv.Error as error:
        return "unexpected end" in str(error)
    return True


def _records(text: str, delimiter: str, quote: str | None) -> list[list[str]]:
    quoting: dict[str, Any] = {"quotechar": quote} if quote else {"quoting": csv.QUOTE_NONE}
    records: list[list[str]] = []
    try:
        for record in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, **quoting):
            if record:
                records.append(record)
            if len(records) >= SAMPLE_RECORDS:
                break
    except csv.Error:
        return []
    return records

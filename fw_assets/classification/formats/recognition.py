"""Recognition of a file's format by its first bytes and lines, or what it is instead, with the way out."""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any, Literal

import msgspec

from fw_assets.classification.documents.row_lists import MIN_ROWS, row_lists
from fw_assets.classification.errors import InputError, Problem
from fw_assets.classification.formats.content import ZIP_MAGIC
from fw_assets.classification.formats.dialect import find_dialect

Format = Literal["JSONL", "JSON", "CSV", "Parquet", "Arrow", "Arrow stream", "spreadsheet"]

_MAGIC: tuple[tuple[bytes, Format], ...] = (
    (b"PAR1", "Parquet"),
    (b"ARROW1", "Arrow"),
    (b"\xff\xff\xff\xff", "Arrow stream"),
    (ZIP_MAGIC, "spreadsheet"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "spreadsheet"),
)
_OTHERS = (
    (b"SQLite format 3\0", "an SQLite database", "give a query: 'sqlite:///FILE?query=SELECT text, label FROM TABLE'"),
    (b"BZh", "a bzip2 file", "`bunzip2 FILE` unpacks it"),
    (b"\xfd7zXZ\0", "an xz file", "`unxz FILE` unpacks it"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it"),
    (b"\x89PNG", "an image", "give the rows themselves"),
    (b"\xff\xd8\xff", "an image", "give the rows themselves"),
    (b"%PDF", "a PDF document", "give the rows themselves"),
    (b"\x80\x04\x95", "a Python pickle", "it could run any code and is not read: save it as Parquet or CSV"),
)
_MAX_LINES = 50


def binary_format(path: Path, head: bytes) -> Format | None:
    """The format of a file that is no text.

    Raises:
        InputError: it is of a kind that holds no rows.
    """
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    for magic, what, advice in _OTHERS:
        if head.startswith(magic):
            raise not_rows(path, f"is {what}: {advice}")
    return None


def is_spreadsheet(head: bytes) -> bool:
    """Whether the first bytes are those of a spreadsheet, or of another archive of its kind."""
    return any(head.startswith(magic) for magic, name in _MAGIC if name == "spreadsheet")


def text_format(path: Path, text: str, *, whole: bool, one_column: bool = False) -> Format:
    """The format of a text file by its beginning.

    Args:
        whole: whether the text is all of it.
        one_column: take text of one column too, as rows without a label are.

    Raises:
        InputError: it is recognised as something else, or damaged in a way that holds for most of it.
    """
    start = text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff \t\n")
    if start.startswith("version https://git-lfs.github.com/"):
        raise not_rows(path, "is a pointer of Git LFS, not the file itself: `git lfs pull` fetches it")
    if whole and re.fullmatch(r"(\.{0,2}/)?[^\s{\[\"]+/[^\s{\[\"]+\s*", start):
        raise not_rows(path, f"holds a path and nothing else ({start.strip()[:80]!r}): a link that was copied as text")
    if start[:1] == "<":
        kind = "an HTML page" if "<html" in start[:1000].lower() or "<!doctype html" in start[:100].lower() else "XML"
        raise not_rows(path, f"is {kind}: give the rows themselves, e.g. as CSV or JSONL")
    lines = [line.strip() for line in start.split("\n", _MAX_LINES)[:_MAX_LINES] if line.strip()]
    if not whole and len(lines) > 1:
        lines = lines[:-1] if len(start.split("\n", _MAX_LINES)) <= _MAX_LINES else lines
    objects = [isinstance(_decoded(line), dict) for line in lines]
    if whole and len(lines) == 1 and objects[0] and _is_wrapper(_decoded(lines[0])):
        return "JSON"
    if lines and 2 * sum(objects) >= len(lines):
        return "JSONL"
    if start[:1] in ("{", "["):
        if start[:1] == "{":
            _refuse_damaged(path, lines)
        return _document(path, start, lines, whole=whole)
    if lines and 2 * sum(line.startswith("__label__") for line in lines) > len(lines):
        script = r"s/^__label__([^ ]+) +(.*)/\1\t\2/; 1s/^/label\ttext\n/"
        raise not_rows(
            path, f"is in fastText's form: `sed -E '{script}' {_quoted(path)} > rows.tsv` makes a table of it"
        )
    if len(lines) > 1 and re.fullmatch(r"\|?(\s*:?-{3,}:?\s*\|)+(\s*:?-{3,}:?\s*)?", lines[1]):
        script = r"2d; s/^ *\| *//; s/ *\| *$//; s/ *\| */\t/g"
        raise not_rows(path, f"is a table of Markdown: `sed -E '{script}' {_quoted(path)} > rows.tsv` makes TSV of it")
    if lines and find_dialect(text, path.name) is not None:
        return "CSV"
    if any(objects) or path.name.lower().split(".")[1:2] in (["jsonl"], ["ndjson"], ["json"]) or not lines:
        return "JSONL"
    if one_column:
        return "CSV"
    raise not_rows(
        path,
        f"is text of one column (line 1 is {lines[0][:40]!r}): expected CSV, TSV or JSON with a text and a label a row",
    )


def _is_wrapper(value: dict[str, Any]) -> bool:
    """Whether an object holds rows, rather than being one."""
    return "messages" not in value and any(len(rows) >= MIN_ROWS for rows in row_lists(value).values())


def _document(path: Path, start: str, lines: list[str], *, whole: bool) -> Format:
    if start[:1] == "[" and len(lines) > 1 and all(isinstance(_decoded(line), list) for line in lines[:10]):
        command = f"jq -c '{{text: .[0], label: .[1]}}' {_quoted(path)} > fixed.jsonl"
        raise not_rows(path, f"has a JSON list on each line: `{command}` names the first two values, if they are these")
    if start[:1] == "{" and whole:
        # Several objects, each spread over lines.
        try:
            _, end = json.JSONDecoder().raw_decode(start)
        except (ValueError, RecursionError):
            return "JSON" if len(lines) > 1 and len(lines[0]) < 3 else "JSONL"
        rest = start[end:].lstrip()
        if rest.startswith(("{", ",")):
            raise _jq(path, "has several JSON objects that are not one a line")
    return "JSON"


def _refuse_damaged(path: Path, lines: list[str]) -> None:
    """Name the faults that all lines share, each with the command that mends it."""
    most = Counter(filter(None, map(_line_fault, lines))).most_common(1)
    if not most or 2 * most[0][1] < len(lines):
        return
    fault = most[0][0]
    file = _quoted(path)
    if fault == "comma":
        raise not_rows(
            path,
            f"has one JSON object a line, each with a comma behind: `sed 's/,[[:space:]]*$//' {file} > fixed.jsonl`",
        )
    if fault == "joined":
        raise _jq(path, "has several JSON objects on a line")
    script = "import ast,json,sys; [print(json.dumps(ast.literal_eval(line))) for line in sys.stdin if line.strip()]"
    raise not_rows(path, f'has Python dictionaries in place of JSON: `python3 -c "{script}" < {file} > fixed.jsonl`')


def _line_fault(line: str) -> str | None:
    if line.endswith(",") and isinstance(_decoded(line.rstrip(", \t")), dict):
        return "comma"
    if not line.startswith("{") or isinstance(_decoded(line), dict):
        return None
    try:
        _, end = json.JSONDecoder(parse_int=str).raw_decode(line)
        return "joined" if line[end:].lstrip().startswith("{") else None
    except (ValueError, RecursionError):
        pass
    if not line.startswith("{'"):
        return None
    try:
        return "python" if isinstance(ast.literal_eval(line), dict) else None
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None


def not_rows(path: Path, message: str) -> InputError:
    """The error of a file that is recognised, and not read."""
    message = message.replace("FILE", _quoted(path))
    return InputError([Problem(kind="file-type", file=str(path), message=message)], advice="Nothing was started.")


def _jq(path: Path, what: str) -> InputError:
    return not_rows(path, f"{what}: `jq -c . {_quoted(path)} > fixed.jsonl` writes one a line")


def _quoted(path: Path) -> str:
    text = str(path)
    return text if all(c.isalnum() or c in "/._-" for c in text) else "'" + text.replace("'", "'\\''") + "'"


def _decoded(line: str) -> Any:
    try:
        return msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return None

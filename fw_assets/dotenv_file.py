"""Key and account for the service in a `.env` file, as a shell and python-dotenv read them alike."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from fw_assets.classification.errors import InputError, Problem

DOTENV_NAMES = ("FIREWORKS_API_KEY", "FIREWORKS_AGENT_API_KEY", "FIREWORKS_ACCOUNT_ID")
"""What is read from `.env` in the current folder, which the vendor's instructions have users `source`."""
_OURS = re.compile(rf"(?<!\w)({'|'.join(DOTENV_NAMES)})(?!\w)")
_ASSIGNED = re.compile(rf"{_OURS.pattern}[ \t]*[=:]")
_EXPORT = re.compile(r"export[ \t]+")
_NAME = re.compile(r"(\w+)([ \t]*)=([ \t]*)")
_PIECE = re.compile(r""""((?:[^"\\]|\\.)*)"|'([^']*)'|([^\s"']+)""")
_VALUE = re.compile(r"""(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^\s"'])*""")
_SHELL = "a shell would have to work it out"
_SPELLING = "write it in quotes, with nothing after them but a comment"


class _Line(NamedTuple):
    """The assignments of a line, as written, and what is left of it that is none."""

    assignments: tuple[tuple[str, str], ...]
    rest: str


def read_dotenv(path: Path) -> dict[str, str]:
    """Key and account for the service; empty where there is no such file.

    Nothing else is read: a file that came with a folder must not say where a key is sent to.

    Raises:
        InputError: a line that sets one of them is read by a shell and by python-dotenv in different ways, or the file
            cannot be read; names file, line and variable, and never the value.
    """
    try:
        content = path.read_bytes()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError, ValueError):
        return {}
    except OSError as error:
        unreadable = Problem(kind="setting", file=str(path), message=f"cannot be read: {error.strerror}")
        raise InputError([unreadable], advice="Make it readable, or move it away.") from error
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    values, problems = dict[str, str](), list[Problem]()
    for number, text in enumerate(re.split(r"\r\n|\n|\r", content.decode(encoding, errors="replace")), 1):
        line = _parse_line(text)
        for name, written in line.assignments:
            if name in DOTENV_NAMES:
                value, reason = _value(written)
                values[name] = value
                if reason:
                    problems.append(_problem(path, number, name, reason))
        if name := _name_in(line):
            problems.append(_problem(path, number, name, f"this is no assignment that can be read; {_SPELLING}"))
    if problems:
        raise InputError(problems, advice="Write NAME=value, one a line, or set the variable in the environment.")
    return {name: value for name, value in values.items() if value}


def _problem(path: Path, line: int, name: str, reason: str) -> Problem:
    return Problem(kind="setting", file=str(path), line=line, field=name, message=reason)


def _parse_line(text: str) -> _Line:
    stripped = text.strip()
    rest = _EXPORT.sub("", stripped, count=1) if _EXPORT.match(stripped) else stripped
    if rest != stripped and re.fullmatch(r"[A-Z_0-9 \t]+", rest):
        return _Line((), "")  # variables that were set before, passed on
    assignments = list[tuple[str, str]]()
    while rest and not rest.startswith("#"):
        name = _NAME.match(rest)
        if name is None:
            break
        after = rest[name.end() :]
        # A shell ends a value at the blank behind `=`, which python-dotenv leaves out.
        empty = name[3] and (after.startswith("#") or (not name[2] and re.match(r"\w+=", after)))
        value = _VALUE.match(after)
        written = "" if empty or value is None else value[0]
        assignments.append((name[1], written))
        tail = after[len(written) :]
        if tail[:1].strip() and not empty:
            return _Line(tuple(assignments), tail)  # a quote that is not closed
        rest = tail.lstrip()
    return _Line(tuple(assignments), "" if rest.startswith("#") else rest)


def _name_in(line: _Line) -> str:
    """The variable of ours that the rest of a line is about; empty where it is about none."""
    if not line.rest:
        return ""
    if line.assignments and line.assignments[-1][0] in DOTENV_NAMES:
        return line.assignments[-1][0]
    name = _ASSIGNED.search(line.rest) or (None if line.assignments else _OURS.match(line.rest))
    return name[1] if name else ""


def _value(written: str) -> tuple[str, str]:
    """The value, and why it cannot be told; empty where it can."""
    if "\N{REPLACEMENT CHARACTER}" in written or not written.isprintable():
        return "", "it has bytes that are no text"
    parts = list[str]()
    for part, reason in _pieces(written):
        if reason:
            return "", reason
        parts.append(part)
    return "".join(parts), ""


def _pieces(written: str) -> Iterator[tuple[str, str]]:
    quoted = False
    for piece in _PIECE.finditer(written):
        double, single, plain = piece.groups()
        if double is not None:
            bare = re.sub(r"\\.", "", double)
            yield re.sub(r'\\(["\\$`])', r"\1", double), _SHELL if set(bare) & set("$`") else ""
        elif single is not None:
            yield single, ""
        else:
            odd = bool(set(plain) & set("\\;&|<>()")) or (quoted and plain.startswith("#"))
            yield plain, _SHELL if set(plain) & set("$`") else _SPELLING if odd else ""
        quoted = plain is None

"""Python source of plain data, broken over lines; no invisible character can disguise what the code does."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

_WIDTH = 100


class Name(str):
    """A bare Python name inside a literal."""

    __slots__ = ()


def literal(value: Any, depth: int = 0) -> str:
    """`value` as Python source, broken over lines where it is wider than a screen."""
    flat = one_line(value)
    if len(flat) + 4 * depth <= _WIDTH - 20:
        return flat
    inner, outer = "    " * (depth + 1), "    " * depth
    if isinstance(value, Mapping):
        body = "".join(f"{inner}{one_line(key)}: {literal(item, depth + 1)},\n" for key, item in value.items())
        return f"{{\n{body}{outer}}}"
    if isinstance(value, list | tuple):
        if all(isinstance(item, str) for item in value):
            return "[\n" + "".join(f"{inner}{line}\n" for line in _packed(value)) + f"{outer}]"
        return "[\n" + "".join(f"{inner}{literal(item, depth + 1)},\n" for item in value) + f"{outer}]"
    if isinstance(value, str) and not isinstance(value, Name):
        return "(\n" + "".join(f"{inner}{one_line(part)}\n" for part in _pieces(value)) + f"{outer})"
    return flat


def _packed(items: Sequence[str]) -> list[str]:
    """The items of a list, as many per line as fit."""
    lines = [""]
    for item in (f"{one_line(item)}," for item in items):
        if lines[-1] and len(lines[-1]) + len(item) > _WIDTH - 40:
            lines.append("")
        lines[-1] += f" {item}" if lines[-1] else item
    return lines


def _pieces(text: str) -> list[str]:
    """`text` cut after line ends, else after spaces, into pieces that fit a line; joined they are `text` again."""
    pieces, rest, width = [], text, _WIDTH - 30
    while len(rest) > width:
        cut = rest.rfind("\n", 0, width) + 1 or rest.rfind(" ", 0, width) + 1 or width
        pieces.append(rest[:cut])
        rest = rest[cut:]
    return [*pieces, rest] if rest else pieces


def one_line(value: Any) -> str:
    """`value` as Python source on one line; strings in whichever quotes need no escapes."""
    if isinstance(value, Name):
        return str(value)
    if isinstance(value, str):
        source = printable(json.dumps(value, ensure_ascii=False), _python_escape)
        if '"' in value and "'" not in value:
            source = "'" + re.sub(r"\\(.)", lambda m: '"' if m[1] == '"' else m[0], source[1:-1]) + "'"
        return source
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{one_line(key)}: {one_line(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(one_line(item) for item in value) + "]"
    return repr(value)


def printable(source: str, escape: Callable[[str], str]) -> str:
    """`source` with invisible characters escaped: no direction override can disguise what the code does."""
    return "".join(c if c == "\n" or c.isprintable() else escape(c) for c in source)


def _python_escape(character: str) -> str:
    point = ord(character)
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"

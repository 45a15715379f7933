"""Fields of a row beside those that a chat row has, such as a customer's tier: read where a session names them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

MAX_TEXT = 100
"""Characters of a value; a longer one is cut."""
OBJECT, LIST = "{}", "[]"
"""All that is kept of a nested value."""

_decode_row = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def field_values(line: bytes, names: Sequence[str]) -> list[str | None]:
    """The value of each name as JSON text, None where the row has none, or null, or an empty text.

    A name with a point is also looked for inside: `customer.tier` is `tier` of the object `customer`.

    Args:
        line: a good row.
    """
    fields = _fields(line)
    return [_text(_find(fields, name)) for name in names]


def group_of(line: bytes, name: str) -> str | None:
    """The group of a row by the field of that name; None where it has none, or an object or a list.

    Args:
        line: a good row.
    """
    value = _text(_find(_fields(line), name))
    if value is None or value in (OBJECT, LIST):
        return None
    text = json.loads(value) if value.startswith('"') else value
    return f"{name}={text}"


def field_names(line: bytes) -> tuple[str, ...]:
    """The names of a row's fields beside its messages; none where the line is no row."""
    return tuple(name for name in _fields(line) if name != "messages")


def json_text(value: Any) -> str | None:
    """A value of a table as `field_values` has it."""
    return None if value is None else _text(json.dumps(value, default=str).encode())


def nested_values(line: bytes) -> Iterator[tuple[str, bytes]]:
    """The plain values of a row as JSON, with their names: `id`, and `customer.id` of an object `customer`."""
    for name, value in _fields(line).items():
        raw = bytes(value).strip()
        if raw[:1] == b"{":
            for inner, part in _fields(raw).items():
                text = bytes(part).strip()
                if text[:1] not in (b"{", b"[") and _text(text) is not None:
                    yield f"{name}.{inner}", text
        elif raw[:1] != b"[" and _text(raw) is not None:
            yield name, raw


def _fields(line: bytes | msgspec.Raw) -> Mapping[str, bytes | msgspec.Raw]:
    try:
        return _decode_row(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass
    try:
        # Half of a surrogate pair is legal in JSON, and no Unicode text.
        row = json.loads(bytes(line))
    except (ValueError, RecursionError):
        return {}
    return {name: json.dumps(value).encode() for name, value in row.items()} if isinstance(row, dict) else {}


def _find(fields: Mapping[str, bytes | msgspec.Raw], name: str) -> bytes | None:
    if name in fields:
        return bytes(fields[name]).strip()
    head, point, rest = name.partition(".")
    if not point or head not in fields or not bytes(fields[head]).lstrip().startswith(b"{"):
        return None
    return _find(_fields(fields[head]), rest)


def _text(value: bytes | None) -> str | None:
    if value is None or value in (b"null", b'""'):
        return None
    if value[:1] in (b"{", b"["):
        return OBJECT if value[:1] == b"{" else LIST
    if value[:1] != b'"':
        return value.decode("ascii")
    text = json.loads(value).encode("utf-8", "replace").decode("utf-8")
    return json.dumps(text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - 1]}…", ensure_ascii=False)

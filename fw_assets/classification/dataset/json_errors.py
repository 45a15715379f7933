"""JSON errors of one line, in words that say what was found and what was expected."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

_KEYS_READ = frozenset(("messages", "ground_truth", "weight", "role", "content", "text", "name", "type"))


class RowError(NamedTuple):
    """One thing wrong with one line; `field` is a path inside the row, None when the line itself is wrong."""

    kind: str
    field: str | None
    message: str


def syntax_error(text: str, reason: str) -> RowError:
    """The error of a text that is not JSON, given the decoder's reason ("... (byte 17)")."""
    offset = re.search(r"byte (\d+)", reason)
    where = f" at byte {int(offset[1]) + 1}" if offset else ""
    if text.startswith(("[", "{")) and len(text.strip()) == 1:
        message = "one JSON document is spread over lines, expected one object a line (`jq -c` writes that)"
        return RowError("not-jsonl", None, message)
    if text.startswith("\ufeff"):
        message = "a byte order mark (BOM) inside the file, expected one in front of it at most; were files joined?"
        return RowError("json", None, message)
    if not text.lstrip().startswith(("{", "[", '"')):
        return RowError("json", None, f'found {excerpt(text)}, expected a JSON object {{"messages": [...]}}')
    if "truncated" in reason:
        return RowError("cut-off", None, f"the line is cut off after {excerpt(text[-30:])}, expected the object's end")
    try:
        # Integers stay text: Python refuses to convert very long ones.
        _, end = json.JSONDecoder(strict=True, parse_constant=_refuse, parse_int=str).raw_decode(text.lstrip())
    except _Constant as error:
        return RowError("json", None, f"found {error}, which JSON does not have; expected a number or null")
    except json.JSONDecodeError as error:
        if "control character" in error.msg:
            message = f"a raw control character in a string{where}; write it as an escape such as \\t"
        elif text.lstrip().startswith("{'"):
            message = "text in single quotes, as Python prints it; JSON wants double quotes (json.dumps)"
        elif re.search(r",\s*[}\]]", text[max(0, error.pos - 2) : error.pos + 2]):
            message = f"a comma before a closing bracket{where}"
        else:
            message = f"not JSON: {error.msg}{where}, near {excerpt(text[error.pos : error.pos + 30])}"
        return RowError("json", None, message)
    except RecursionError:
        return RowError("nesting", None, "objects or lists are nested too deeply to be a chat row")
    rest = text.lstrip()[end:].lstrip()
    if rest.startswith(("{", ",")):
        return RowError("two-objects", None, "more than one object on the line, expected one object a line")
    if rest:
        return RowError("json", None, f"found {excerpt(rest)} after the object's end, expected nothing")
    return RowError("json", None, f"not JSON: {reason.removeprefix('JSON is malformed: ')}")


class _Constant(ValueError):
    """NaN or an infinity, which Python reads and JSON does not have."""


def _refuse(name: str) -> Any:
    raise _Constant(name)


def repeated_keys(text: str) -> list[RowError]:
    """An error for each field that one object has twice, of those that are used: readers differ in which one counts."""
    repeated: list[str] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in items]
        repeated.extend(key for key in dict.fromkeys(keys) if keys.count(key) > 1)
        return dict(items)

    json.loads(text, object_pairs_hook=pairs, parse_int=str)
    return [
        RowError("duplicate-key", key, f"the field {key!r} is written twice in one object, expected once")
        for key in dict.fromkeys(repeated)
        if key in _KEYS_READ
    ]


def describe(value: Any) -> str:
    """A JSON value in words: "a list", "the number 3"."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"the boolean {str(value).lower()}"
    if isinstance(value, int | float):
        return f"the number {str(value) if abs(value) < 10**40 else 'of more than 40 digits'}"
    if isinstance(value, str):
        return f"the text {excerpt(value)}"
    return "a list" if isinstance(value, list) else "an object"


def excerpt(text: str, width: int = 40) -> str:
    """The text quoted, cut to `width` characters."""
    return repr(text if len(text) <= width else text[: width - 1] + "…")

"""Why a line is not one JSON object: what was found there, in a person's words."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

# Integers are left as text wherever only the structure counts: Python refuses to convert very long ones.
KEYS_READ = frozenset(("messages", "ground_truth", "weight", "role", "content", "text", "name", "type"))


class Fault(NamedTuple):
    """One thing wrong with one line; `field` is a path inside the row, None when the line itself is wrong."""

    kind: str
    field: str | None
    message: str


def not_json(text: str, reason: str) -> Fault:
    """Why the text is not JSON, given the decoder's reason ("... (byte 17)")."""
    place = re.search(r"byte (\d+)", reason)
    where = f" at byte {int(place[1]) + 1}" if place else ""
    if text.startswith(("[", "{")) and len(text.strip()) == 1:
        message = "one JSON document is spread over lines, expected one object a line (`jq -c` writes that)"
        return Fault("not-jsonl", None, message)
    if text.startswith("\ufeff"):
        message = "a byte order mark (BOM) inside the file, expected one in front of it at most; were files joined?"
        return Fault("json", None, message)
    if not text.lstrip().startswith(("{", "[", '"')):
        return Fault("json", None, f'found {excerpt(text)}, expected a JSON object {{"messages": [...]}}')
    if "truncated" in reason:
        return Fault("cut-off", None, f"the line is cut off after {excerpt(text[-30:])}, expected the object's end")
    try:
        _, end = json.JSONDecoder(strict=True, parse_constant=_refuse, parse_int=str).raw_decode(text.lstrip())
    except _Constant as error:
        return Fault("json", None, f"found {error}, which JSON does not have; expected a number or null")
    except json.JSONDecodeError as error:
        if "control character" in error.msg:
            message = f"a raw control character in a string{where}; write it as an escape such as \\t"
        elif text.lstrip().startswith("{'"):
            message = "text in single quotes, as Python prints it; JSON wants double quotes (json.dumps)"
        elif re.search(r",\s*[}\]]", text[max(0, error.pos - 2) : error.pos + 2]):
            message = f"a comma before a closing bracket{where}"
        else:
            message = f"not JSON: {error.msg}{where}, near {excerpt(text[error.pos : error.pos + 30])}"
        return Fault("json", None, message)
    except RecursionError:
        return Fault("nesting", None, "objects or lists are nested too deeply to be a chat row")
    rest = text.lstrip()[end:].lstrip()
    if rest.startswith(("{", ",")):
        return Fault("two-objects", None, "more than one object on the line, expected one object a line")
    if rest:
        return Fault("json", None, f"found {excerpt(rest)} after the object's end, expected nothing")
    return Fault("json", None, f"not JSON: {reason.removeprefix('JSON is malformed: ')}")


class _Constant(ValueError):
    pass


def _refuse(name: str) -> Any:
    raise _Constant(name)


def repeated_keys(text: str) -> list[Fault]:
    """Fields that are read and written twice in one object: readers differ in which one they take."""
    repeated: list[str] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in items]
        repeated.extend(key for key in dict.fromkeys(keys) if keys.count(key) > 1)
        return dict(items)

    json.loads(text, object_pairs_hook=pairs, parse_int=str)
    return [
        Fault("duplicate-key", key, f"the field {key!r} is written twice in one object, expected once")
        for key in dict.fromkeys(repeated)
        if key in KEYS_READ
    ]


def name_of(value: Any) -> str:
    """A JSON value as it is named in a message: "a list", "the number 3"."""
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

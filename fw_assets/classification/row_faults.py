"""Why a line is not a usable row: field, what was found, what was expected.

The reader accepts good rows on a fast path; only what that path refuses is explained here, so these
checks may be slow and thorough.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

ROLES = ("system", "user", "assistant", "tool")


class Fault(NamedTuple):
    """One thing wrong with one line; `field` is a path inside the row, None when the line itself is wrong."""

    kind: str
    field: str | None
    message: str


def explain(line: bytes) -> list[Fault]:
    """Everything that is wrong with the line; empty for a good row."""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        message = (
            f"byte {error.start + 1} is not UTF-8 (found 0x{line[error.start]:02x}); save the file as UTF-8"
        )
        return [Fault("encoding", None, message)]
    try:
        row = msgspec.json.decode(line)
    except RecursionError:
        return [Fault("nesting", None, "objects or lists are nested too deeply to be a chat row")]
    except msgspec.DecodeError as error:
        return [_not_json(text, str(error))]
    if not isinstance(row, dict):
        return [Fault("not-an-object", None, f'found {_name(row)}, expected an object {{"messages": [...]}}')]
    return [*_repeated_keys(text), *_row_faults(row)]


def _row_faults(row: dict[str, Any]) -> Iterator[Fault]:
    truth = row.get("ground_truth")
    if truth is not None:
        yield from _ground_truth_faults(truth)
    weight = row.get("weight")
    if weight is not None and not (_is_number(weight) and weight >= 0 and math.isfinite(weight)):
        yield Fault("row-weight", "weight", f"found {_name(weight)}, expected a number of at least 0")
    if "messages" not in row:
        keys = ", ".join(list(row)[:8]) or "none"
        message = f'the row has no "messages" (its fields: {keys}), expected a list of {{"role", "content"}} objects'
        yield Fault("missing-messages", "messages", message)
    elif not isinstance(row["messages"], list):
        message = f"found {_name(row['messages'])}, expected a list of messages"
        yield Fault("messages-type", "messages", message)
    elif not row["messages"]:
        yield Fault(
            "empty-messages", "messages", "the list is empty, expected a user and an assistant message"
        )
    else:
        yield from _message_list_faults(row["messages"], has_truth=truth is not None)


def _message_list_faults(messages: list[Any], *, has_truth: bool) -> Iterator[Fault]:
    shaped = True
    for index, message in enumerate(messages):
        faults = list(
            _message_faults(message, f"messages[{index}]", last=index == len(messages) - 1, truth=has_truth)
        )
        shaped = shaped and not any(f.kind in {"message-type", "missing-role", "role"} for f in faults)
        yield from faults
    if shaped:
        yield from order_faults(
            [m["role"] for m in messages], [bool(m.get("tool_calls")) for m in messages], has_truth
        )
        if not any(m["role"] == "user" and content_text(m.get("content")).strip() for m in messages):
            if any(m["role"] == "user" and m.get("content") is not None for m in messages):
                index = max(i for i, m in enumerate(messages) if m["role"] == "user")
                yield Fault("empty-content", f"messages[{index}].content", "no user message has any text")


def order_faults(roles: list[str], calls: list[bool], has_truth: bool) -> Iterator[Fault]:
    """Turns out of order; `calls` says which messages carry tool calls. The first fault only, then the last turn's."""
    start = 1 if roles[0] == "system" else 0
    previous = ""
    for index in range(start, len(roles)):
        role, expected = roles[index], ""
        if role == "system":
            expected = "the system message only as the first message"
        elif index == start and role != "user":
            expected = "the first message after the system message to be the user's"
        elif role == "user" and previous not in ("", "assistant"):
            expected = "an assistant message"
        elif role == "assistant" and previous not in ("user", "tool"):
            expected = "a user message"
        elif role == "tool" and not (previous == "tool" or (previous == "assistant" and calls[index - 1])):
            expected = "a tool message only after an assistant message with tool_calls"
        if expected:
            after = f" after {previous!r}" if previous else ""
            yield Fault(
                "role-order", f"messages[{index}].role", f"found {role!r}{after}, expected {expected}"
            )
            return
        previous = role
    if not previous:
        yield Fault("role-order", "messages", "only a system message, expected a user message after it")
    elif previous != "assistant" and not has_truth:
        message = (
            f'found {previous!r} as the last turn, expected the assistant\'s answer (or a "ground_truth")'
        )
        yield Fault("final-turn", f"messages[{len(roles) - 1}].role", message)


def _message_faults(message: Any, field: str, *, last: bool, truth: bool) -> Iterator[Fault]:
    if not isinstance(message, dict):
        yield Fault(
            "message-type", field, f'found {_name(message)}, expected an object {{"role", "content"}}'
        )
        return
    role = message.get("role")
    if "role" not in message:
        yield Fault("missing-role", f"{field}.role", f"is missing, expected one of {', '.join(ROLES)}")
    elif role not in ROLES:
        found = repr(role) if isinstance(role, str) else _name(role)
        hint = {"developer": " (write it as system)", "function": " (write it as tool)"}.get(str(role), "")
        yield Fault("role", f"{field}.role", f"found {found}, expected one of {', '.join(ROLES)}{hint}")
    content = message.get("content")
    if content is None:
        if "content" not in message or role != "assistant":
            if not (role == "assistant" and message.get("tool_calls")):
                found = "null" if "content" in message else "nothing"
                yield Fault("content", f"{field}.content", f"found {found}, expected text")
        elif last and not truth:
            yield Fault(
                "content", f"{field}.content", "found null in the last turn, expected the label's text"
            )
        elif not message.get("tool_calls"):
            yield Fault("content", f"{field}.content", "found null without tool_calls, expected text")
    elif isinstance(content, list):
        yield from _part_faults(content, f"{field}.content")
    elif not isinstance(content, str):
        yield Fault(
            "content", f"{field}.content", f"found {_name(content)}, expected text or a list of text parts"
        )
    if (
        last
        and not truth
        and role == "assistant"
        and isinstance(content, str | list)
        and not content_text(content).strip()
    ):
        yield Fault("empty-answer", f"{field}.content", "the answer is empty, expected the label's text")
    if last and not truth and role == "assistant" and "content" not in message and message.get("tool_calls"):
        yield Fault(
            "content", f"{field}.content", "found only tool_calls in the last turn, expected the label's text"
        )
    name = message.get("name")
    if name is not None and not isinstance(name, str):
        yield Fault("name", f"{field}.name", f"found {_name(name)}, expected text")
    weight = message.get("weight")
    if weight is not None and not (_is_number(weight) and weight in (0, 1)):
        found = repr(weight) if _is_number(weight) else _name(weight)
        yield Fault("message-weight", f"{field}.weight", f"found {found}, expected 0 or 1")
    calls = message.get("tool_calls")
    if calls is not None and not (isinstance(calls, list) and all(isinstance(call, dict) for call in calls)):
        yield Fault("tool-calls", f"{field}.tool_calls", f"found {_name(calls)}, expected a list of objects")


def _part_faults(parts: list[Any], field: str) -> Iterator[Fault]:
    if not parts:
        yield Fault("content-part", field, 'the list is empty, expected {"type": "text", "text": ...} parts')
    for index, part in enumerate(parts):
        place = f"{field}[{index}]"
        if not isinstance(part, dict):
            yield Fault(
                "content-part", place, f'found {_name(part)}, expected {{"type": "text", "text": ...}}'
            )
        elif part.get("type") != "text":
            yield Fault("content-part", f"{place}.type", f'found {part.get("type")!r}, expected "text"')
        elif not isinstance(part.get("text"), str):
            yield Fault("content-part", f"{place}.text", f"found {_name(part.get('text'))}, expected text")


def _ground_truth_faults(truth: Any) -> Iterator[Fault]:
    if isinstance(truth, list):
        for index, label in enumerate(truth):
            if not isinstance(label, str):
                yield Fault(
                    "ground-truth",
                    f"ground_truth[{index}]",
                    f"found {_name(label)}, expected a label as text",
                )
            elif not label.strip():
                yield Fault("ground-truth", f"ground_truth[{index}]", "the label is empty")
    elif not isinstance(truth, str):
        yield Fault(
            "ground-truth",
            "ground_truth",
            f"found {_name(truth)}, expected a label as text or a list of labels",
        )
    elif not truth.strip():
        yield Fault("ground-truth", "ground_truth", "the label is empty; leave the field out or write null")


def _not_json(text: str, reason: str) -> Fault:
    place = re.search(r"byte (\d+)", reason)
    where = f" at byte {int(place[1]) + 1}" if place else ""
    if text.startswith(("[", "{")) and len(text.strip()) == 1:
        message = "the file is one JSON document spread over lines; expected one object a line (`jq -c` writes that)"
        return Fault("not-jsonl", None, message)
    if not text.lstrip().startswith(("{", "[", '"')):
        return Fault("json", None, f'found {_excerpt(text)}, expected a JSON object {{"messages": [...]}}')
    if "truncated" in reason:
        return Fault(
            "cut-off", None, f"the line is cut off after {_excerpt(text[-30:])}, expected the object's end"
        )
    try:
        _, end = json.JSONDecoder(strict=True, parse_constant=_refuse).raw_decode(text.lstrip())
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
            message = f"not JSON: {error.msg}{where}, near {_excerpt(text[error.pos : error.pos + 30])}"
        return Fault("json", None, message)
    except RecursionError:
        return Fault("nesting", None, "objects or lists are nested too deeply to be a chat row")
    rest = text.lstrip()[end:].lstrip()
    if rest.startswith(("{", ",")):
        return Fault("two-objects", None, "more than one object on the line, expected one object a line")
    if rest:
        return Fault("json", None, f"found {_excerpt(rest)} after the object's end, expected nothing")
    return Fault("json", None, f"not JSON: {reason.removeprefix('JSON is malformed: ')}")


class _Constant(ValueError):
    pass


def _refuse(name: str) -> Any:
    raise _Constant(name)


def _repeated_keys(text: str) -> list[Fault]:
    repeated: list[str] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in items]
        repeated.extend(key for key in dict.fromkeys(keys) if keys.count(key) > 1)
        return dict(items)

    json.loads(text, object_pairs_hook=pairs)
    return [
        Fault("duplicate-key", key, f"the field {key!r} is written twice in one object, expected once")
        for key in dict.fromkeys(repeated)
        if key in KEYS_READ
    ]


KEYS_READ = frozenset(("messages", "ground_truth", "weight", "role", "content", "text", "name", "type"))


def content_text(content: Any) -> str:
    """The text of a message's content: itself, or its parts joined; "" for null."""
    if isinstance(content, list):
        return "".join(
            part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str)
        )
    return content if isinstance(content, str) else ""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _name(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"the boolean {str(value).lower()}"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        return f"the text {_excerpt(value)}"
    return "a list" if isinstance(value, list) else "an object"


def _excerpt(text: str, width: int = 40) -> str:
    return repr(text if len(text) <= width else text[: width - 1] + "…")

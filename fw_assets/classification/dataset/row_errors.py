"""Why a line is not a usable row: field, what was found, what was expected.

The reader accepts good rows on a fast path; only what that path refuses is explained here, so these
checks may be slow and thorough.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import msgspec

from fw_assets.classification.dataset.chat import content_text
from fw_assets.classification.dataset.json_errors import Fault, name_of, not_json, repeated_keys

ROLES = ("system", "user", "assistant", "tool")


def explain(line: bytes) -> list[Fault]:
    """Everything that is wrong with the line; empty for a good row."""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"byte {error.start + 1} is not UTF-8 (found 0x{line[error.start]:02x}); save the file as UTF-8"
        return [Fault("encoding", None, message)]
    try:
        row = msgspec.json.decode(line)
    except RecursionError:
        return [Fault("nesting", None, "objects or lists are nested too deeply to be a chat row")]
    except msgspec.DecodeError as error:
        return [not_json(text, str(error))]
    if not isinstance(row, dict):
        return [Fault("not-an-object", None, f'found {name_of(row)}, expected an object {{"messages": [...]}}')]
    return [*repeated_keys(text), *_row_faults(row)]


def _row_faults(row: dict[str, Any]) -> Iterator[Fault]:
    truth = row.get("ground_truth")
    if truth is not None:
        yield from _ground_truth_faults(truth)
    weight = row.get("weight")
    if weight is not None and not is_weight(weight):
        yield Fault("row-weight", "weight", f"found {name_of(weight)}, expected a number of at least 0")
    if "messages" not in row:
        keys = ", ".join(list(row)[:8]) or "none"
        message = f'is missing (the row has: {keys}), expected a list of {{"role", "content"}} objects'
        yield Fault("missing-messages", "messages", message)
    elif not isinstance(row["messages"], list):
        message = f"found {name_of(row['messages'])}, expected a list of messages"
        yield Fault("messages-type", "messages", message)
    elif not row["messages"]:
        yield Fault("empty-messages", "messages", "the list is empty, expected a user and an assistant message")
    else:
        yield from _message_list_faults(row["messages"], has_truth=truth is not None)


def _message_list_faults(messages: list[Any], *, has_truth: bool) -> Iterator[Fault]:
    shaped = True
    for index, message in enumerate(messages):
        faults = list(_message_faults(message, f"messages[{index}]", last=index == len(messages) - 1, truth=has_truth))
        shaped = shaped and not any(f.kind in {"message-type", "missing-role", "role"} for f in faults)
        yield from faults
    if shaped:
        yield from order_faults([m["role"] for m in messages], [bool(m.get("tool_calls")) for m in messages], has_truth)
        users = [i for i, m in enumerate(messages) if m["role"] == "user" and m.get("content") is not None]
        if users and not any(content_text(messages[i]["content"]).strip() for i in users):
            yield Fault("empty-content", f"messages[{users[-1]}].content", "no user message has any text")


def order_faults(roles: list[str], calls: list[bool], has_truth: bool) -> Iterator[Fault]:
    """The first turn out of order, or else a wrong last one; `calls` says which messages have tool calls."""
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
            yield Fault("role-order", f"messages[{index}].role", f"found {role!r}{after}, expected {expected}")
            return
        previous = role
    if not previous:
        yield Fault("role-order", "messages", "only a system message, expected a user message after it")
    elif previous != "assistant" and not has_truth:
        message = f'found {previous!r} as the last turn, expected the assistant\'s answer (or a "ground_truth")'
        yield Fault("final-turn", f"messages[{len(roles) - 1}].role", message)


def _message_faults(message: Any, field: str, *, last: bool, truth: bool) -> Iterator[Fault]:
    if not isinstance(message, dict):
        yield Fault("message-type", field, f'found {name_of(message)}, expected an object {{"role", "content"}}')
        return
    role = message.get("role")
    if "role" not in message:
        yield Fault("missing-role", f"{field}.role", f"is missing, expected one of {', '.join(ROLES)}")
    elif role not in ROLES:
        found = repr(role) if isinstance(role, str) else name_of(role)
        hint = {"developer": " (write it as system)", "function": " (write it as tool)"}.get(str(role), "")
        yield Fault("role", f"{field}.role", f"found {found}, expected one of {', '.join(ROLES)}{hint}")
    yield from _content_faults(message, f"{field}.content", answer=last and not truth and role == "assistant")
    name = message.get("name")
    if name is not None and not isinstance(name, str):
        yield Fault("name", f"{field}.name", f"found {name_of(name)}, expected text")
    weight = message.get("weight")
    if weight is not None and not (_is_number(weight) and weight in (0, 1)):
        found = repr(weight) if _is_number(weight) else name_of(weight)
        yield Fault("message-weight", f"{field}.weight", f"found {found}, expected 0 or 1")
    calls = message.get("tool_calls")
    if calls is not None and not (isinstance(calls, list) and all(isinstance(call, dict) for call in calls)):
        yield Fault("tool-calls", f"{field}.tool_calls", f"found {name_of(calls)}, expected a list of objects")


def _content_faults(message: dict[str, Any], field: str, *, answer: bool) -> Iterator[Fault]:
    content = message.get("content")
    if content is None:
        found = "null" if "content" in message else "nothing"
        if not (message.get("role") == "assistant" and message.get("tool_calls")):
            yield Fault("content", field, f"found {found}, expected text")
        elif answer:
            yield Fault("content", field, f"found {found} in the last turn, expected the label's text")
    elif isinstance(content, list):
        yield from _part_faults(content, field)
    elif not isinstance(content, str):
        yield Fault("content", field, f"found {name_of(content)}, expected text or a list of text parts")
    if answer and isinstance(content, str | list) and content != [] and not content_text(content).strip():
        yield Fault("empty-answer", field, "the answer is empty, expected the label's text")


def _part_faults(parts: list[Any], field: str) -> Iterator[Fault]:
    if not parts:
        yield Fault("content-part", field, 'the list is empty, expected {"type": "text", "text": ...} parts')
    for index, part in enumerate(parts):
        place = f"{field}[{index}]"
        if not isinstance(part, dict):
            yield Fault("content-part", place, f'found {name_of(part)}, expected {{"type": "text", "text": ...}}')
        elif part.get("type") != "text":
            yield Fault("content-part", f"{place}.type", f'found {part.get("type")!r}, expected "text"')
        elif not isinstance(part.get("text"), str):
            yield Fault("content-part", f"{place}.text", f"found {name_of(part.get('text'))}, expected text")


def _ground_truth_faults(truth: Any) -> Iterator[Fault]:
    if isinstance(truth, list):
        for index, label in enumerate(truth):
            if not isinstance(label, str):
                yield Fault(
                    "ground-truth",
                    f"ground_truth[{index}]",
                    f"found {name_of(label)}, expected a label as text",
                )
            elif not label.strip():
                yield Fault("ground-truth", f"ground_truth[{index}]", "the label is empty")
    elif not isinstance(truth, str):
        yield Fault(
            "ground-truth",
            "ground_truth",
            f"found {name_of(truth)}, expected a label as text or a list of labels",
        )
    elif not truth.strip():
        yield Fault("ground-truth", "ground_truth", "the label is empty; leave the field out or write null")


def is_weight(value: Any) -> bool:
    """Whether a row's weight is a finite number of at least 0."""
    try:
        return _is_number(value) and value >= 0 and math.isfinite(value)
    except OverflowError:
        return False


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)

"""Errors of one line as a chat row: field, what was found, what was expected.

`row_parser` accepts good rows without these checks, which may therefore be slow and thorough.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from fw_assets.classification.dataset.chat import ROLE_LETTERS, call_text, content_text
from fw_assets.classification.dataset.json_errors import RowError, describe, repeated_keys, syntax_error

UNLEARNED = "weight-0"
LEFT_OUT = {
    UNLEARNED: "weight 0 on the answer",
    "empty-label": "empty label",
    "empty-text": "empty text",
    "unannotated": "not annotated",
    "skipped": "rejected or skipped by the annotator",
    "disagreement": "annotators disagree",
}
"""Kinds of rows that are no faults and are left out, as they say themselves, and why in words."""

MEANT_ROLES = {
    **dict.fromkeys(("human", "customer"), "user"),
    **dict.fromkeys(("gpt", "ai", "bot", "model", "chatbot", "agent"), "assistant"),
    **{role: role for role in ("system", "user", "assistant", "tool")},
    "function": "tool",
}
"""Other programs' words for the roles."""

# A tuple, since what stands where a role belongs need not be hashable.
_ROLES = tuple(ROLE_LETTERS)


def find_errors(line: bytes) -> list[RowError]:
    """Everything that is wrong with the line; empty for a good row."""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"byte {error.start + 1} is not UTF-8 (found 0x{line[error.start]:02x}); save the file as UTF-8"
        return [RowError("encoding", None, message)]
    try:
        row = msgspec.json.decode(line)
    except RecursionError:
        return [RowError("nesting", None, "objects or lists are nested too deeply to be a chat row")]
    except msgspec.DecodeError as error:
        return [syntax_error(text, str(error))]
    if not isinstance(row, dict):
        return [RowError("not-an-object", None, f'found {describe(row)}, expected an object {{"messages": [...]}}')]
    return [*repeated_keys(text), *_row_errors(row)]


def _row_errors(row: dict[str, Any]) -> Iterator[RowError]:
    truth = row.get("ground_truth")
    if truth is not None:
        yield from _ground_truth_errors(truth)
    weight = row.get("weight")
    if weight is not None and not is_weight(weight):
        yield RowError("row-weight", "weight", f"found {describe(weight)}, expected a number of at least 0")
    if "messages" not in row:
        keys = ", ".join(list(row)[:8]) or "none"
        message = f'is missing (the row has: {keys}), expected a list of {{"role", "content"}} objects'
        yield RowError("missing-messages", "messages", message)
    elif not isinstance(row["messages"], list):
        message = f"found {describe(row['messages'])}, expected a list of messages"
        yield RowError("messages-type", "messages", message)
    elif not row["messages"]:
        yield RowError("empty-messages", "messages", "the list is empty, expected a user and an assistant message")
    else:
        yield from _message_list_errors(row["messages"], has_truth=truth is not None)


def _message_list_errors(messages: list[Any], *, has_truth: bool) -> Iterator[RowError]:
    if unlearned(
        *((messages[-1].get("role"), messages[-1].get("weight")) if isinstance(messages[-1], dict) else (0, 0))
    ):
        message = "is 0 on the answer, which says not to learn from it: the row is left out"
        yield RowError(UNLEARNED, f"messages[{len(messages) - 1}].weight", message)
    shaped = True
    for index, message in enumerate(messages):
        errors = list(_message_errors(message, f"messages[{index}]", last=index == len(messages) - 1, truth=has_truth))
        shaped = shaped and not any(error.kind in {"message-type", "missing-role", "role"} for error in errors)
        yield from errors
    if shaped:
        roles = ["system" if m["role"] == "developer" else m["role"] for m in messages]
        yield from order_errors(roles, [bool(m.get("tool_calls")) for m in messages], has_truth)
        users = [i for i, m in enumerate(messages) if m["role"] == "user" and m.get("content") is not None]
        if users and not any(content_text(messages[i]["content"]).strip() for i in users):
            yield RowError("empty-content", f"messages[{users[-1]}].content", "no user message has any text")


def order_errors(roles: Sequence[str], calls: Sequence[bool], has_truth: bool) -> Iterator[RowError]:
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
            yield RowError("role-order", f"messages[{index}].role", f"found {role!r}{after}, expected {expected}")
            return
        previous = role
    if not previous:
        yield RowError("role-order", "messages", "only a system message, expected a user message after it")
    elif previous != "assistant" and not has_truth:
        message = f'found {previous!r} as the last turn, expected the assistant\'s answer (or a "ground_truth")'
        if previous == "tool":
            message += "; where the label is in the tool call before it, leave the turns after that call out"
        yield RowError("final-turn", f"messages[{len(roles) - 1}].role", message)


def _message_errors(message: Any, field: str, *, last: bool, truth: bool) -> Iterator[RowError]:
    if not isinstance(message, dict):
        yield RowError("message-type", field, f'found {describe(message)}, expected an object {{"role", "content"}}')
        return
    role = message.get("role")
    if "role" not in message:
        yield RowError("missing-role", f"{field}.role", f"is missing, expected one of {', '.join(_ROLES)}")
    elif role not in _ROLES:
        described = repr(role) if isinstance(role, str) else describe(role)
        meant = MEANT_ROLES.get(role.lower()) if isinstance(role, str) else None
        hint = f" (write it as {meant})" if meant else ""
        yield RowError("role", f"{field}.role", f"found {described}, expected one of {', '.join(_ROLES)}{hint}")
    yield from _content_errors(message, f"{field}.content", answer=last and not truth and role == "assistant")
    name = message.get("name")
    if name is not None and not isinstance(name, str):
        yield RowError("name", f"{field}.name", f"found {describe(name)}, expected text")
    weight = message.get("weight")
    if weight is not None and not (_is_number(weight) and weight in (0, 1)):
        described = repr(weight) if _is_number(weight) else describe(weight)
        yield RowError("message-weight", f"{field}.weight", f"found {described}, expected 0 or 1")
    calls = message.get("tool_calls")
    if calls is not None and not (isinstance(calls, list) and all(isinstance(call, dict) for call in calls)):
        yield RowError("tool-calls", f"{field}.tool_calls", f"found {describe(calls)}, expected a list of objects")


def _content_errors(message: dict[str, Any], field: str, *, answer: bool) -> Iterator[RowError]:
    content = message.get("content")
    if content is None:
        described = "null" if "content" in message else "nothing"
        if not (message.get("role") == "assistant" and (message.get("tool_calls") or message.get("function_call"))):
            yield RowError("content", field, f"found {described}, expected text")
        elif answer and not call_text(message):
            found = f"found {described} in the last turn, whose tool calls name no function"
            yield RowError("content", field, f"{found}; expected the label's text or a call")
    elif isinstance(content, list):
        yield from _part_errors(content, field)
    elif not isinstance(content, str):
        yield RowError("content", field, f"found {describe(content)}, expected text or a list of text parts")
    if (
        answer
        and isinstance(content, str | list)
        and content != []
        and not (content_text(content).strip() or call_text(message))
    ):
        yield RowError("empty-answer", field, "the answer is empty, expected the label's text")


def _part_errors(parts: list[Any], field: str) -> Iterator[RowError]:
    if not parts:
        yield RowError("content-part", field, 'the list is empty, expected {"type": "text", "text": ...} parts')
    for index, part in enumerate(parts):
        path = f"{field}[{index}]"
        if not isinstance(part, dict):
            yield RowError("content-part", path, f'found {describe(part)}, expected {{"type": "text", "text": ...}}')
        elif part.get("type") != "text":
            yield RowError("content-part", f"{path}.type", f'found {part.get("type")!r}, expected "text"')
        elif not isinstance(part.get("text"), str):
            yield RowError("content-part", f"{path}.text", f"found {describe(part.get('text'))}, expected text")


def _ground_truth_errors(truth: Any) -> Iterator[RowError]:
    if isinstance(truth, list):
        for index, label in enumerate(truth):
            if not isinstance(label, str):
                yield RowError(
                    "ground-truth",
                    f"ground_truth[{index}]",
                    f"found {describe(label)}, expected a label as text",
                )
            elif not label.strip():
                yield RowError("ground-truth", f"ground_truth[{index}]", "the label is empty")
    elif not isinstance(truth, str):
        yield RowError(
            "ground-truth",
            "ground_truth",
            f"found {describe(truth)}, expected a label as text or a list of labels{_as_answer(truth)}",
        )
    elif not truth.strip():
        yield RowError("ground-truth", "ground_truth", "the label is empty; leave the field out or write null")


def unlearned(role: object, weight: object) -> bool:
    """Whether a last message is an answer that is not to be learned from."""
    return role == "assistant" and _is_number(weight) and weight == 0


def is_weight(value: Any) -> bool:
    """Whether a row's weight is a finite number of at least 0."""
    try:
        return _is_number(value) and value >= 0 and math.isfinite(value)
    except OverflowError:
        return False


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _as_answer(truth: Any) -> str:
    several = isinstance(truth, dict) and len(truth) > 1
    return "; an object of several fields is written as the text of the assistant's answer" if several else ""

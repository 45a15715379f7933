"""One line of bytes -> one chat row, fast; what is not plainly good is handed to `row_faults.explain`."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from fw_assets.classification.dataset.json_errors import Fault
from fw_assets.classification.dataset.row_errors import explain, is_weight, order_faults

GROUP_KEYS = ("group", "group_id", "conversation_id", "thread_id", "session_id", "user_id")
"""Fields that say which rows belong together; the first one a row has is taken."""

_LETTER = {"system": "s", "user": "u", "assistant": "a", "tool": "t"}


class Row(NamedTuple):
    """What later phases need of one good row."""

    messages: str
    """The JSON array as given, without the spaces between tokens."""
    text: str
    """The input: every turn but the system's and the final assistant's, one after the other."""
    answer: str | None
    """The final assistant message's text."""
    ground_truth: list[str] | None
    weight: float | None
    group_key: str | None
    digest: str
    """16 hex digits of roles, texts and ground truth, however the JSON was spelled."""
    shape: str
    """The roles in order, one letter each: s, u, a, t."""
    system: str | None


class _Part(msgspec.Struct):
    type: str
    text: str


class _Message(msgspec.Struct):
    role: str
    content: str | list[_Part] | None = None
    name: str | None = None
    weight: int | float | None = None
    tool_calls: list[dict[str, Any]] | None = None


class _Line(msgspec.Struct):
    messages: msgspec.Raw
    ground_truth: str | list[str] | None = None
    weight: int | float | None = None
    group: Any = None
    group_id: Any = None
    conversation_id: Any = None
    thread_id: Any = None
    session_id: Any = None
    user_id: Any = None


_line_decoder = msgspec.json.Decoder(_Line)
_messages_decoder = msgspec.json.Decoder(list[_Message])


class _Refused(Exception):
    pass


def parse_row(line: bytes) -> Row | list[Fault]:
    """The row, or at least one fault."""
    try:
        return _parse(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, _Refused) as refusal:
        faults = explain(line)
        # Never without a reason: where the explanation knows less than the decoder, its words stand.
        return faults or [Fault("json", None, str(refusal) or "not a chat row")]


def _parse(line: bytes) -> Row:
    line.decode("utf-8")
    row = _line_decoder.decode(line)
    messages = _messages_decoder.decode(row.messages)
    count = len(messages)
    if not count or line.count(b'"role"') > count or line.count(b'"content"') > count:
        _check_by_explaining(line)
    if line.count(b'"messages"') > 1 or line.count(b'"ground_truth"') > 1 or line.count(b'"weight"') > 1:
        _check_by_explaining(line)

    truth = [row.ground_truth] if isinstance(row.ground_truth, str) else row.ground_truth
    if truth and not all(label.strip() for label in truth):
        raise _Refused
    if row.weight is not None and not is_weight(row.weight):
        raise _Refused

    shape = "".join([_LETTER.get(message.role, "?") for message in messages])
    texts = [_text(message) for message in messages]
    if "?" in shape or not any(text and not text.isspace() for text, r in zip(texts, shape, strict=True) if r == "u"):
        raise _Refused
    if shape != "ua" and any(
        order_faults([m.role for m in messages], [bool(m.tool_calls) for m in messages], truth is not None)
    ):
        raise _Refused
    answer = texts[-1] if shape[-1] == "a" else None
    if truth is None and (answer is None or not answer.strip()):
        raise _Refused

    turns = texts[:-1] if shape[-1] == "a" else texts
    system = turns[0] if shape[0] == "s" else None
    key = "\x1e".join((shape, *turns, "\x1d", *(truth if truth is not None else ("\x1d", answer or ""))))
    return Row(
        messages=msgspec.json.format(row.messages, indent=-1).decode("utf-8"),
        text="\n".join(turns if system is None else turns[1:]),
        answer=answer,
        ground_truth=list(dict.fromkeys(truth)) if truth is not None else None,
        weight=None if row.weight is None else float(row.weight),
        group_key=_group_key(row),
        digest=blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest(),
        shape=shape,
        system=system,
    )


def _check_by_explaining(line: bytes) -> None:
    if explain(line):
        raise _Refused


def _text(message: _Message) -> str:
    weight = message.weight
    if weight is not None and weight not in (0, 1):
        raise _Refused
    content = message.content
    if isinstance(content, str):
        return content
    if content is None:
        if message.role == "assistant" and message.tool_calls:
            return ""
        raise _Refused
    if not content or any(part.type != "text" for part in content):
        raise _Refused
    return "".join([part.text for part in content])


def _group_key(row: _Line) -> str | None:
    for name in GROUP_KEYS:
        value = getattr(row, name)
        if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
            return f"{name}={value}"
    return None

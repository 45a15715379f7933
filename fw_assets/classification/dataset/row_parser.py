"""Parser of one line of a dataset file: fast for good rows, while `row_errors` explains what is wrong with others."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Literal, TypedDict

import msgspec

from fw_assets.classification.dataset.chat import ROLE_LETTERS, ROLES, call_text, content_text
from fw_assets.classification.dataset.json_errors import RowError
from fw_assets.classification.dataset.row_errors import find_errors, is_weight, order_errors, unlearned

GROUP_KEYS = ("group", "group_id", "conversation_id", "thread_id", "session_id", "user_id")
"""Fields that say which rows belong together; the first one that a row has counts."""


class Row(msgspec.Struct, frozen=True, gc=False):
    """The fields of one good row that later phases need."""

    messages: str
    """The JSON array as written in the file, without the spaces between tokens; a developer turn is a system turn, and
    an answer by tool calls is text."""
    text: str
    """The input: every turn but the system's and the final assistant's, joined by line breaks."""
    answer: str | None
    """The final assistant message's text."""
    ground_truth: list[str] | None
    weight: float | None
    group_key: str | None
    digest: str
    """`content_digest` of roles, texts and ground truth: the same however the JSON was spelled."""
    shape: str
    """The roles in order, one letter each: s, u, a, t."""
    system: str | None


class _Part(TypedDict):
    type: Literal["text"]
    text: str


# gc=False: millions of these live for a moment each, and none refers to itself, so tracking them is wasted.
class _Message(msgspec.Struct, gc=False):
    role: str
    content: str | list[_Part] | None = None
    name: str | None = None
    weight: int | float | None = None
    tool_calls: list[dict[str, Any]] | None = None
    function_call: dict[str, Any] | None = None


_Line: Any = msgspec.defstruct(
    "_Line",
    [
        ("messages", msgspec.Raw),
        ("ground_truth", str | list[str] | None, None),
        ("weight", int | float | None, None),
        *((key, Any, None) for key in GROUP_KEYS),
    ],
    gc=False,
)
_MESSAGE_WEIGHTS = (None, 0, 1)
_NO_GROUP = (None,) * len(GROUP_KEYS)

_decode_line = msgspec.json.Decoder(_Line).decode
_decode_messages = msgspec.json.Decoder(list[_Message]).decode
# Copying an empty hash takes half the time of constructing one with parameters.
_empty_hash = blake2b(digest_size=8).copy


class _Suspect(Exception):
    """The line may be bad, which `find_errors` decides."""


def parse_row(line: bytes) -> Row | list[RowError]:
    """The row, or at least one error."""
    try:
        return _parse(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, _Suspect) as suspicion:
        # Where the decoder refuses more than `find_errors` can explain, the decoder's own message is the reason.
        return find_errors(line) or [RowError("json", None, str(suspicion) or "not a chat row")]


def content_digest(content: str) -> str:
    """16 hex digits (BLAKE2b) of a row's roles, texts and ground truth, joined by control characters."""
    content_hash = _empty_hash()
    content_hash.update(content.encode("utf-8"))
    return content_hash.hexdigest()


def content_digests(contents: Iterable[bytes]) -> list[str]:
    """`content_digest` of many contents in UTF-8."""
    digests = []
    for content in contents:
        content_hash = _empty_hash()
        content_hash.update(content)
        digests.append(content_hash.hexdigest())
    return digests


def _parse(line: bytes) -> Row:
    # The JSON decoder does not check the encoding of fields that it skips.
    line.decode("utf-8")
    row = _decode_line(line)
    messages = _decode_messages(row.messages)
    _check_keys(line, row, messages)
    truth = [row.ground_truth] if isinstance(row.ground_truth, str) else row.ground_truth
    if truth and not all(map(str.strip, truth)):
        raise _Suspect
    if row.weight is not None and not is_weight(row.weight):
        raise _Suspect
    if [message for message in messages if message.weight not in _MESSAGE_WEIGHTS]:
        raise _Suspect
    shape = "".join([ROLE_LETTERS.get(message.role, "?") for message in messages])
    if "?" in shape:
        raise _Suspect
    texts = [content if type(content := message.content) is str else _text(message) for message in messages]
    calls = tuple(bool(message.tool_calls) for message in messages) if "t" in shape else ()
    if not _in_order(shape, calls, truth is not None):
        raise _Suspect
    first = int(shape[0] == "s")
    # Nearly always the first user message has text already.
    if not texts[first].strip() and not _any_user_text(texts, shape):
        raise _Suspect
    answer = texts.pop() if shape[-1] == "a" else None
    last = messages[-1]
    called = ""
    if truth is None and answer is not None and not answer.strip() and (last.tool_calls or last.function_call):
        answer = called = call_text(msgspec.to_builtins(last))
    if unlearned(last.role, last.weight):
        raise _Suspect
    if truth is None and (answer is None or not answer.strip()):
        raise _Suspect
    # `regex_parser` builds the same string for common rows.
    content = "\x1e".join((shape, *texts, "\x1d", *(truth if truth is not None else ("\x1d", answer or ""))))
    return Row(
        messages=_messages(row.messages, messages, called),
        text="\n".join(texts[first:]),
        answer=answer,
        ground_truth=None if truth is None else list(dict.fromkeys(truth)),
        weight=None if row.weight is None else float(row.weight),
        group_key=_group_key(row),
        digest=content_digest(content),
        shape=shape,
        system=texts[0] if first else None,
    )


def _messages(written: bytes, messages: list[_Message], called: str) -> str:
    if not called and not any(message.role == "developer" for message in messages):
        return msgspec.json.format(written, indent=-1).decode("utf-8")
    turns = msgspec.json.decode(written)
    for turn in turns:
        turn["role"] = "system" if turn["role"] == "developer" else turn["role"]
    if called:
        turns[-1] = {"role": "assistant", "content": called}
    return msgspec.json.encode(turns).decode("utf-8")


def _check_keys(line: bytes, row: Any, messages: list[_Message]) -> None:
    """Refuse a line with a key written twice in one object: the decoder silently keeps the last one.

    A key that occurs more often than there are places for it may be a second one, or part of a text or a tool call.
    """
    count = len(messages)
    suspect = (
        line.count(b'"role"') > count
        or line.count(b'"content"') > count
        or line.count(b'"messages"') > 1
        or line.count(b'"ground_truth"') > 1
        or (
            (weights := line.count(b'"weight"')) > 0
            and weights > (row.weight is not None) + sum(message.weight is not None for message in messages)
        )
    )
    if (suspect or not count) and find_errors(line):
        raise _Suspect


def _text(message: _Message) -> str:
    called = message.role == "assistant" and (message.tool_calls or message.function_call)
    if not message.content and not (called and message.content in (None, "")):
        raise _Suspect
    return content_text(message.content)


def _any_user_text(texts: list[str], shape: str) -> bool:
    return any(text.strip() for text, letter in zip(texts, shape, strict=True) if letter == "u")


@lru_cache(maxsize=10_000)
def _in_order(shape: str, calls: tuple[bool, ...], has_truth: bool) -> bool:
    """Whether the roles may follow each other so; `calls` is empty where no tool message makes them matter."""
    roles = [ROLES[letter] for letter in shape]
    return not any(order_errors(roles, calls or (False,) * len(roles), has_truth))


def _group_key(row: Any) -> str | None:
    values = msgspec.structs.astuple(row)[-len(GROUP_KEYS) :]
    if values == _NO_GROUP:
        return None
    for name, value in zip(GROUP_KEYS, values, strict=True):
        if isinstance(value, (str, int)) and not isinstance(value, bool) and value != "":
            return f"{name}={value}"
    return None

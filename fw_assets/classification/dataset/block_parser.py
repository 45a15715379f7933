"""The rows of many lines in a few calls, when the lines are all plainly good.

The lines are joined to one JSON list, with a number between two of them that no file can know. When that number
comes back in every second place of the list, each line is exactly one object.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from secrets import randbits
from typing import Any, ClassVar, Literal, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.json import format as json_format

from fw_assets.classification.dataset.row_errors import is_weight, order_faults
from fw_assets.classification.dataset.row_parser import GROUP_KEYS

_BETWEEN = randbits(60)
_JOINT = b",%d," % _BETWEEN
_GROUP_WORDS = (b'"group', b'_id"')
_LETTER = {"system": "s", "user": "u", "assistant": "a", "tool": "t"}
_new_hash = blake2b(digest_size=8).copy


class NeedsSlowPath(Exception):
    """A line needs the slow look."""


class Block(NamedTuple):
    """The columns of a block: the fields of `row_parser.Row`."""

    messages: Sequence[str]
    text: Sequence[str]
    answer: Sequence[str | None]
    ground_truth: Sequence[list[str] | None]
    weight: Sequence[float | None]
    group_key: Sequence[str | None]
    digest: Sequence[str]
    shape: Sequence[str]
    system: Sequence[str | None]


# Without the collector's book-keeping (`gc=False`): millions of these live for a moment each.
class _Part(msgspec.Struct, gc=False):
    type: Literal["text"]
    text: str


class _Turn(msgspec.Struct, gc=False):
    """A message of text only: decoded in two thirds of the time."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str
    tool_calls: ClassVar[None] = None


class _Message(msgspec.Struct, gc=False):
    role: Literal["system", "user", "assistant", "tool"]
    content: str | list[_Part] | UnsetType | None = UNSET
    name: str | None = None
    weight: Literal[0, 1] | UnsetType | None = UNSET
    tool_calls: list[dict[str, Any]] | None = None


class _Line(msgspec.Struct, gc=False):
    messages: msgspec.Raw
    ground_truth: str | list[str] | UnsetType | None = UNSET
    weight: int | float | UnsetType | None = UNSET
    group: Any = None
    group_id: Any = None
    conversation_id: Any = None
    thread_id: Any = None
    session_id: Any = None
    user_id: Any = None


_lines_decoder = msgspec.json.Decoder(list[_Line | int])
_text_decoder = msgspec.json.Decoder(list[list[_Turn]])
_chats_decoder = msgspec.json.Decoder(list[list[_Message]])


def parse_block(lines: Sequence[bytes]) -> Block:
    """The rows of lines that are all plainly good; spaces around a line do not matter.

    Raises:
        msgspec.MsgspecError, UnicodeError, RecursionError, NotPlain: they are not, or cannot be told to be.
    """
    compact = json_format(b"[" + _JOINT.join(lines) + b"]", indent=-1)
    items = _lines_decoder.decode(compact)
    heads: list[Any] = items[::2]
    count = len(lines)
    if len(items) != 2 * count - 1 or items[1::2].count(_BETWEEN) != count - 1 or set(map(type, heads)) != {_Line}:
        raise NeedsSlowPath
    raws = [head.messages for head in heads]
    listing = b"[" + b",".join(raws) + b"]"
    chats: Any = _text_chats(compact, heads, listing)
    grouped = False
    if chats is None:
        compact.decode("utf-8")
        chats = _chats_decoder.decode(listing)
        _check_repeats(compact, heads, chats)
        grouped = any(word in compact for word in _GROUP_WORDS)
    rows = [_row(head, chat, grouped) for head, chat in zip(heads, chats, strict=True)]
    text, answer, truth, weight, group, key, shape, system = zip(*rows, strict=True)
    # No line break occurs in compact JSON.
    messages = b"\n".join(raws).decode("utf-8").split("\n")
    return Block(messages, text, answer, truth, weight, group, digests(key), shape, system)


def _text_chats(compact: bytes, heads: list[_Line], listing: bytes) -> list[list[_Turn]] | None:
    """The chats, when the lines have no field but `messages`, `ground_truth`, `role` and a text `content`, each once.

    In compact JSON a field shows as `":`, which can otherwise only be part of a text.
    """
    truths = sum(head.ground_truth is not UNSET for head in heads)
    try:
        chats = _text_decoder.decode(listing)
    except msgspec.ValidationError:
        return None
    return chats if compact.count(b'":') == len(heads) + truths + 2 * sum(map(len, chats)) else None


def digests(keys: Iterable[str]) -> list[str]:
    """The digest of each row's key: 16 hex digits."""
    # A copy of an empty hash is made in half of the time that a new one with its parameters takes.
    found = []
    for key in keys:
        empty = _new_hash()
        empty.update(key.encode("utf-8"))
        found.append(empty.hexdigest())
    return found


def _check_repeats(compact: bytes, heads: list[_Line], chats: list[list[_Message]]) -> None:
    """A key that occurs more often than there are places for it may be a repeated one, of which JSON keeps the last."""
    turns = contents = sum(map(len, chats))
    if b'"tool_calls"' in compact:
        contents = sum(message.content is not UNSET for chat in chats for message in chat)
    if compact.count(b'"role"') > turns or compact.count(b'"content"') > contents:
        raise NeedsSlowPath
    if compact.count(b'"messages"') > len(heads):
        raise NeedsSlowPath
    truths = compact.count(b'"ground_truth"')
    if truths and truths > sum(head.ground_truth is not UNSET for head in heads):
        raise NeedsSlowPath
    weights = compact.count(b'"weight"')
    if weights:
        weights -= sum(head.weight is not UNSET for head in heads)
        if weights > sum(message.weight is not UNSET for chat in chats for message in chat):
            raise NeedsSlowPath


_orderly: dict[tuple[str, bool], bool] = {}


def _row(head: _Line, chat: Any, grouped: bool) -> tuple[Any, ...]:
    """Text, answer, ground truth, weight, group key, what the digest is of, shape, system message."""
    if not chat:
        raise NeedsSlowPath
    shape = "".join([_LETTER[message.role] for message in chat])
    texts = [content if type(content := message.content) is str else _text(message) for message in chat]
    truth = None if head.ground_truth is UNSET else head.ground_truth
    if isinstance(truth, str):
        truth = [truth]
    weight = None if head.weight is UNSET else head.weight
    if truth and not all(map(str.strip, truth)):
        raise NeedsSlowPath
    if weight is not None and not is_weight(weight):
        raise NeedsSlowPath
    if not _in_order(shape, truth is not None, chat):
        raise NeedsSlowPath
    answer = texts.pop() if shape[-1] == "a" else None
    if truth is None and (answer is None or not answer.strip()):
        raise NeedsSlowPath
    if not any(text and not text.isspace() for text, letter in zip(texts, shape, strict=False) if letter == "u"):
        raise NeedsSlowPath
    system = texts[0] if shape[0] == "s" else None
    return (
        "\n".join(texts if system is None else texts[1:]),
        answer,
        None if truth is None else list(dict.fromkeys(truth)),
        None if weight is None else float(weight),
        _group_key(head) if grouped else None,
        "\x1e".join((shape, *texts, "\x1d", *(truth if truth is not None else ("\x1d", answer or "")))),
        shape,
        system,
    )


def _text(message: _Message) -> str:
    content = message.content
    if content is None or content is UNSET:
        if message.role == "assistant" and message.tool_calls:
            return ""
        raise NeedsSlowPath
    if not content or isinstance(content, str):
        raise NeedsSlowPath
    return "".join([part.text for part in content])


def _in_order(shape: str, truth: bool, chat: Any) -> bool:
    if "t" in shape:
        roles, calls = [m.role for m in chat], [bool(m.tool_calls) for m in chat]
        return not any(order_faults(list(roles), calls, truth))
    known = _orderly.get((shape, truth))
    if known is None:
        if len(_orderly) > 10_000:
            _orderly.clear()
        known = not any(order_faults([m.role for m in chat], [False] * len(chat), truth))
        _orderly[shape, truth] = known
    return known


def _group_key(head: _Line) -> str | None:
    for name in GROUP_KEYS:
        value = getattr(head, name)
        if value is not None and isinstance(value, str | int) and not isinstance(value, bool) and value != "":
            return f"{name}={value}"
    return None

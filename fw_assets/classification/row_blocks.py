"""Many lines at once -> columns: what `row_parser.parse_row` gives for each, without its cost a line.

A block whose lines are all plainly good is decoded by two calls; a block that is not is taken in smaller
blocks, and in the end line by line, so that one bad line costs little and is explained like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Literal

import msgspec
import polars as pl
from msgspec import UNSET, UnsetType
from msgspec.json import format as json_format

from fw_assets.classification.json_faults import Fault
from fw_assets.classification.row_faults import is_weight, order_faults
from fw_assets.classification.row_parser import GROUP_KEYS, Row, parse_row

BLOCK_LINES = 1024
SMALL_BLOCK_LINES = 32

ROW_COLUMNS: dict[str, pl.DataType] = {
    "id": pl.String(),
    "source": pl.String(),
    "row": pl.UInt32(),
    "messages": pl.String(),
    "text": pl.String(),
    "answer": pl.String(),
    "ground_truth": pl.List(pl.String()),
    "weight": pl.Float64(),
    "group_key": pl.String(),
    "digest": pl.String(),
    "shape": pl.String(),
}
"""`row` is the 1-based line number; in a folder it runs on from file to file (`FileFacts.first_row`)."""

_GROUP_WORDS = (b'"group', b'_id"')
_LETTER = {"system": "s", "user": "u", "assistant": "a", "tool": "t"}
_SIZE = 8


# Without the collector's book-keeping (`gc=False`): millions of these live for a moment each.
class _Part(msgspec.Struct, gc=False):
    type: Literal["text"]
    text: str


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


_lines_decoder = msgspec.json.Decoder(_Line)
_chats_decoder = msgspec.json.Decoder(list[list[_Message]])


class _NotPlain(Exception):
    """A line needs the slow look."""


@dataclass
class Columns:
    """Good rows, column by column, and what was wrong with the other lines."""

    numbers: list[int] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    refused: list[tuple[int, bytes, list[Fault]]] = field(default_factory=list)
    """Line number, the line, its faults."""

    def add(self, numbers: Sequence[int], lines: Sequence[bytes]) -> None:
        """Parse lines, none of them blank, and append what they hold."""
        for start in range(0, len(lines), BLOCK_LINES):
            part = slice(start, start + BLOCK_LINES)
            self._add(numbers[part], lines[part])

    def _add(self, numbers: Sequence[int], lines: Sequence[bytes]) -> None:
        if len(lines) > 1:
            try:
                rows = parse_block(lines)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, _NotPlain):
                size = SMALL_BLOCK_LINES if len(lines) > SMALL_BLOCK_LINES else 1
                for start in range(0, len(lines), size):
                    self._add(numbers[start : start + size], lines[start : start + size])
                return
            self.rows += rows
            self.numbers += numbers
            return
        found = parse_row(lines[0])
        if isinstance(found, Row):
            self.rows.append(found)
            self.numbers.append(numbers[0])
        else:
            self.refused.append((numbers[0], lines[0], found))

    def frame(self, source: str) -> pl.DataFrame:
        """The rows as a frame of `ROW_COLUMNS`."""
        columns = list(zip(*self.rows, strict=True)) or [()] * len(Row._fields)
        data: dict[str, Any] = dict(zip(Row._fields, columns, strict=True))
        del data["system"]
        data["ground_truth"] = _lists(data["ground_truth"])
        schema = {name: kind for name, kind in ROW_COLUMNS.items() if name not in ("id", "source")}
        frame = pl.DataFrame({"row": self.numbers, **data}, schema=schema)
        return frame.with_columns(
            pl.lit(source).alias("source"), (pl.lit(f"{source}:") + pl.col("row").cast(pl.String)).alias("id")
        ).select(list(ROW_COLUMNS))


def parse_block(lines: Sequence[bytes]) -> list[Row]:
    """The rows of lines that are all plainly good.

    Raises:
        msgspec.MsgspecError, UnicodeDecodeError, RecursionError, _NotPlain: they are not, or cannot be told to be.
    """
    joined = b"\n".join(lines)
    joined.decode("utf-8")
    heads = [_lines_decoder.decode(line) for line in lines]
    raws = [head.messages for head in heads]
    chats = _chats_decoder.decode(b"[" + b",".join(raws) + b"]")
    _check_repeats(joined, heads, chats)
    grouped = any(key in joined for key in _GROUP_WORDS)
    return [_usual(head, chat, grouped) or _row(head, chat, grouped) for head, chat in zip(heads, chats, strict=True)]


def _check_repeats(joined: bytes, heads: list[_Line], chats: list[list[_Message]]) -> None:
    """A key that occurs more often than there are places for it may be a repeated one, of which JSON keeps the last."""
    turns = contents = sum(map(len, chats))
    if b'"tool_calls"' in joined:
        contents = sum(message.content is not UNSET for chat in chats for message in chat)
    if joined.count(b'"role"') > turns or joined.count(b'"content"') > contents:
        raise _NotPlain
    if joined.count(b'"messages"') > len(heads):
        raise _NotPlain
    truths = joined.count(b'"ground_truth"')
    if truths and truths > sum(head.ground_truth is not UNSET for head in heads):
        raise _NotPlain
    weights = joined.count(b'"weight"')
    if weights:
        weights -= sum(head.weight is not UNSET for head in heads)
        if weights > sum(message.weight is not UNSET for chat in chats for message in chat):
            raise _NotPlain


def _usual(head: _Line, chat: list[_Message], grouped: bool) -> Row | None:
    """The row of one user and one assistant message with plain text, perhaps after a system message; else None."""
    count = len(chat)
    system: str | None = None
    if count == 2:
        asked, said = chat
    elif count == 3 and chat[0].role == "system":
        first, asked, said = chat
        if type(first.content) is not str:
            return None
        system = first.content
    else:
        return None
    text, answer = asked.content, said.content
    if asked.role != "user" or said.role != "assistant" or type(text) is not str or type(answer) is not str:
        return None
    truth = head.ground_truth
    if truth is UNSET or truth is None:
        truths, stated, tail = None, answer, f"\x1d\x1e{answer}"
    elif type(truth) is str:
        truths, stated, tail = [truth], truth, truth
    else:
        return None
    if (
        not text
        or text.isspace()
        or not stated
        or stated.isspace()
        or not (head.weight is UNSET or head.weight is None)
    ):
        return None
    key = f"ua\x1e{text}\x1e\x1d\x1e{tail}" if count == 2 else f"sua\x1e{system}\x1e{text}\x1e\x1d\x1e{tail}"
    return Row(
        str(json_format(head.messages, indent=-1), "utf-8"),
        text,
        answer,
        truths,
        None,
        _group_key(head) if grouped else None,
        blake2b(key.encode("utf-8", "surrogatepass"), digest_size=_SIZE).hexdigest(),
        "ua" if count == 2 else "sua",
        system,
    )


_orderly: dict[tuple[str, bool], bool] = {}


def _row(head: _Line, chat: list[_Message], grouped: bool) -> Row:
    if not chat:
        raise _NotPlain
    shape = "".join([_LETTER[message.role] for message in chat])
    texts = [content if type(content := message.content) is str else _text(message) for message in chat]
    truth = None if head.ground_truth is UNSET else head.ground_truth
    if isinstance(truth, str):
        truth = [truth]
    weight = None if head.weight is UNSET else head.weight
    if truth and not all(map(str.strip, truth)):
        raise _NotPlain
    if weight is not None and not is_weight(weight):
        raise _NotPlain
    if not _in_order(shape, truth is not None, chat):
        raise _NotPlain
    answer = texts.pop() if shape[-1] == "a" else None
    if truth is None and (answer is None or not answer.strip()):
        raise _NotPlain
    if not any(text and not text.isspace() for text, letter in zip(texts, shape, strict=False) if letter == "u"):
        raise _NotPlain
    system = texts[0] if shape[0] == "s" else None
    key = "\x1e".join((shape, *texts, "\x1d", *(truth if truth is not None else ("\x1d", answer or ""))))
    return Row(
        str(json_format(head.messages, indent=-1), "utf-8"),
        "\n".join(texts if system is None else texts[1:]),
        answer,
        None if truth is None else list(dict.fromkeys(truth)),
        None if weight is None else float(weight),
        _group_key(head) if grouped else None,
        blake2b(key.encode("utf-8", "surrogatepass"), digest_size=_SIZE).hexdigest(),
        shape,
        system,
    )


def _text(message: _Message) -> str:
    content = message.content
    if content is None or content is UNSET:
        if message.role == "assistant" and message.tool_calls:
            return ""
        raise _NotPlain
    if not content or isinstance(content, str):
        raise _NotPlain
    return "".join([part.text for part in content])


def _in_order(shape: str, truth: bool, chat: list[_Message]) -> bool:
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


def _lists(truths: Sequence[list[str] | None]) -> pl.Series:
    """Each distinct list is made once: a column built from a Python list a row is ten times slower."""
    positions: dict[tuple[str, ...], int] = {}
    rows = [None if labels is None else positions.setdefault(tuple(labels), len(positions)) for labels in truths]
    table = pl.Series("ground_truth", [list(labels) for labels in positions], dtype=pl.List(pl.String))
    return table.gather(pl.Series(rows, dtype=pl.UInt32)) if positions else pl.Series(rows, dtype=pl.List(pl.String))

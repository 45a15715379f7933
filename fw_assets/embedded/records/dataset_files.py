"""Lines of dataset files: chat rows for training, requests for batch inference."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import msgspec
from msgspec import UNSET, UnsetType


class Part(TypedDict):
    type: str
    text: NotRequired[str]


class Message(msgspec.Struct):
    role: str
    content: str | list[Part] | None = None
    weight: float | UnsetType = UNSET
    tool_calls: list[Any] | None = None
    reasoning_content: str | None = None


class ChatRow(msgspec.Struct):
    messages: list[Message]
    weight: float | UnsetType = UNSET


class BatchRow(msgspec.Struct):
    custom_id: str
    body: dict[str, Any]


def lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """(1-based number, content) of every line that is not blank."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            content = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
            if content.strip():
                yield number, content


def chat_rows(path: Path) -> Iterator[ChatRow]:
    """The rows of a file that the dataset rules accepted."""
    decoder = msgspec.json.Decoder(ChatRow)
    for _, line in lines(path):
        yield decoder.decode(line)

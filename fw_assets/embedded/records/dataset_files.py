"""Rows of dataset files: chats for training, requests for batch inference."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import msgspec
from msgspec import UNSET, UnsetType


class ContentPart(TypedDict):
    type: str
    text: NotRequired[str]


class ChatMessage(msgspec.Struct):
    role: str
    content: str | list[ContentPart] | None = None
    weight: float | UnsetType = UNSET
    tool_calls: list[Any] | None = None
    reasoning_content: str | None = None


class ChatRow(msgspec.Struct):
    messages: list[ChatMessage]
    weight: float | UnsetType = UNSET


class BatchRow(msgspec.Struct):
    custom_id: str
    body: dict[str, Any]


def read_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """(1-based number, content) of every line that is not blank; a byte order mark is left out."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            content = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
            if content.strip():
                yield number, content


def read_chats(path: Path) -> Iterator[ChatRow]:
    """The rows of a file that passed validation."""
    decoder = msgspec.json.Decoder(ChatRow)
    for _, line in read_lines(path):
        yield decoder.decode(line)

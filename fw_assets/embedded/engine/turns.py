"""The text that the embedded models read from a chat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def read_turns(messages: Sequence[Mapping[str, Any]]) -> str:
    """The user turns after the last assistant turn that has a user turn behind it, one a line.

    A final assistant turn, such as a training target, is left out first. Content parts of type `text` are
    joined by a space and other parts are skipped. Without any user turn the text is empty.
    """
    end = len(messages)
    while end and messages[end - 1].get("role") != "user":
        end -= 1
    start = end
    while start and messages[start - 1].get("role") == "user":
        start -= 1
    return "\n".join(_text(message.get("content")) for message in messages[start:end])


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = (part.get("text") for part in content if isinstance(part, dict) and part.get("type") == "text")
    return " ".join(part for part in parts if isinstance(part, str))

"""One row's chat turns: reading them, and the text in them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

Turn = dict[str, Any]


def read_turns(messages: str) -> list[Turn]:
    """The turns of a row's `messages` JSON array, in order."""
    turns: list[Turn] = json.loads(messages)
    return turns


def turn_text(turn: Mapping[str, Any]) -> str:
    """The text of a turn: its content, or its text parts joined by newlines (other parts as `[type]`)."""
    content = turn.get("content")
    if isinstance(content, str):
        return content
    if isinstance(content, Sequence):
        parts = [part if isinstance(part, dict) else {"type": "text", "text": str(part)} for part in content]
        return "\n".join(
            str(part.get("text", "")) if part.get("type", "text") == "text" else f"[{part['type']}]" for part in parts
        )
    return ""


def input_turns(turns: Sequence[Turn]) -> list[Turn]:
    """The turns that a model is shown: all but a final assistant turn, which holds the label."""
    if turns and turns[-1].get("role") == "assistant":
        return list(turns[:-1])
    return list(turns)


def with_system(turns: Sequence[Turn], system: str | None) -> list[Turn]:
    """The turns with `system` in front; it follows the text of a system turn that is there already.

    A conversation has at most one system turn, and only as its first.
    """
    if system is None:
        return list(turns)
    if turns and turns[0].get("role") == "system":
        own = turn_text(turns[0]).rstrip()
        first = {**turns[0], "content": f"{own}\n\n{system}" if own else system}
        return [first, *turns[1:]]
    return [{"role": "system", "content": system}, *turns]


def input_text(messages: str) -> str:
    """What a person reads in a table: the user turns since the last assistant turn before the label."""
    wanted: list[str] = []
    for turn in reversed(input_turns(read_turns(messages))):
        if turn.get("role") == "assistant" and wanted:
            break
        if turn.get("role") == "user":
            wanted.append(turn_text(turn))
    return "\n".join(reversed(wanted))

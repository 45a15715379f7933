"""Chat messages of one row: roles, turns, and the text in them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

Turn = dict[str, Any]

ROLES = {"s": "system", "u": "user", "a": "assistant", "t": "tool"}
"""The roles of a dataset's messages by their letters in `Row.shape`."""
ROLE_LETTERS = {role: letter for letter, role in ROLES.items()} | {"developer": "s"}
"""OpenAI calls the system role `developer` since its reasoning models; such a turn is kept as a system message."""


def read_turns(messages: str) -> list[Turn]:
    """The turns of a row's `messages` JSON array, in order."""
    turns: list[Turn] = json.loads(messages)
    return turns


def content_text(content: object) -> str:
    """The text of a message's `content`: a string itself, else the texts of its parts with nothing between them.

    Chat templates that take parts concatenate them, so a text cut into parts stays the text that it was. Parts without
    text (images) add nothing, nor does a content that is null. The embedded platform has the same rule
    (`fw_assets.embedded.message_text`).
    """
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    texts = (part.get("text") for part in content if isinstance(part, dict))
    return "".join(text for text in texts if isinstance(text, str))


def call_text(message: Turn) -> str:
    """The answer that an assistant message gives by its tool calls, as a JSON object: `function`, then the arguments.

    So a label is found as in any answer that is JSON, be it the name of the function or one of its arguments. The
    values of several calls are joined into lists. `function_call` is the form before there were tool calls. Empty
    where the message calls nothing.
    """
    calls = [call.get("function") for call in message.get("tool_calls") or [] if isinstance(call, dict)]
    answers = [answer for call in [*calls, message.get("function_call")] if (answer := _call_answer(call))]
    if not answers:
        return ""
    if len(answers) > 1:
        keys = dict.fromkeys(key for answer in answers for key in answer)
        values = {key: [answer[key] for answer in answers if key in answer] for key in keys}
        return json.dumps({key: list(dict.fromkeys(map(str, value))) for key, value in values.items()})
    return json.dumps(answers[0], ensure_ascii=False)


def _call_answer(call: object) -> dict[str, Any]:
    if not isinstance(call, dict) or not isinstance(call.get("name"), str):
        return {}
    arguments = call.get("arguments")
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except (ValueError, RecursionError):
            arguments = None
    return {"function": call["name"], **(arguments if isinstance(arguments, dict) else {})}


def input_turns(turns: Sequence[Turn]) -> list[Turn]:
    """The turns of the prompt: all but a final assistant turn, which holds the label."""
    if turns and turns[-1].get("role") == "assistant":
        return list(turns[:-1])
    return list(turns)


def with_system(turns: Sequence[Turn], system: str | None) -> list[Turn]:
    """The turns with a system message, put after the text of the system message that they begin with, if any.

    Models accept at most one system message, and only as the first.
    """
    if system is None:
        return list(turns)
    if turns and turns[0].get("role") == "system":
        own = content_text(turns[0].get("content")).rstrip()
        first = {**turns[0], "content": f"{own}\n\n{system}" if own else system}
        return [first, *turns[1:]]
    return [{"role": "system", "content": system}, *turns]


def input_text(messages: str) -> str:
    """The input as tables show it: the user turns since the last assistant turn before the label, one per line."""
    texts: list[str] = []
    for turn in reversed(input_turns(read_turns(messages))):
        if turn.get("role") == "assistant" and texts:
            break
        if turn.get("role") == "user":
            texts.append(content_text(turn.get("content")))
    return "\n".join(reversed(texts))


def conversation_text(messages: str) -> str:
    """The `text` of a row that is inspected: all turns of the prompt but a system message, one per line."""
    turns = input_turns(read_turns(messages))
    first = int(bool(turns) and ROLE_LETTERS.get(turns[0]["role"]) == "s")
    return "\n".join(content_text(turn.get("content")) for turn in turns[first:])

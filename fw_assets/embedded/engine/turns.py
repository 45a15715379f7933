"""Text of a chat that the embedded models score."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from fw_assets.embedded.message_text import content_text

WITHOUT_THINKING: Mapping[str, bool] = {"enable_thinking": False, "thinking": False}
"""Variables of chat templates that switch thinking off: of Qwen3, Gemma and others; of Granite, DeepSeek and Kimi."""


def read_turns(messages: Sequence[Mapping[str, Any]]) -> str:
    """The user turns after the last assistant turn that is followed by a user turn, one per line.

    A final assistant turn, such as a training target, is left out first. Without any user turn the text is empty.
    """
    end = len(messages)
    while end and messages[end - 1].get("role") != "user":
        end -= 1
    start = end
    while start and messages[start - 1].get("role") == "user":
        start -= 1
    return "\n".join(content_text(message.get("content")) for message in messages[start:end])


def write_conversation(messages: Sequence[Mapping[str, Any]]) -> str:
    """The turns before the final answer as JSON, `[[role, text], ...]`, for models that read all of them.

    A final assistant turn is left out.
    """
    end = len(messages)
    while end and messages[end - 1].get("role") == "assistant":
        end -= 1
    turns = [[str(message.get("role")), content_text(message.get("content"))] for message in messages[:end]]
    return json.dumps(turns, ensure_ascii=False)

"""Text of a chat message: the one rule for training, inference and token counts."""

from __future__ import annotations


def content_text(content: object) -> str:
    """The text of a message's `content`: a string itself, else the texts of its parts with nothing between them.

    Chat templates that take parts concatenate them, so a text cut into parts stays the text that it was. Parts without
    text (images) add nothing, nor does a content that is null.
    """
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    texts = (part.get("text") for part in content if isinstance(part, dict))
    return "".join(text for text in texts if isinstance(text, str))

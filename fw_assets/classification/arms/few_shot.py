"""Few-shot conversation: a row with labelled rows before it, as turns of the user and of the assistant."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import NamedTuple

from fw_assets.classification.cost.text_sizes import TextSize
from fw_assets.classification.cost.token_estimates import BYTE_PAIR
from fw_assets.classification.dataset.chat import content_text, input_turns, read_turns
from fw_assets.classification.prompting.prompt import Prompt

_TEMPLATE_TOKENS = 8
"""For a turn, more than chat templates add."""


class Example(NamedTuple):
    """A labelled text as a model is shown it."""

    text: str
    answer: str


class FewShotRow(NamedTuple):
    """The messages (JSON array) of a row with examples, and how many there are."""

    messages: str
    examples: int


def with_examples(messages: str, examples: Sequence[Example], room: int | None) -> FewShotRow:
    """A row with its examples between its system message and its own turns, the nearest last.

    Args:
        messages: the row's JSON array of turns; a final assistant turn is its label, and left out.
        examples: the nearest first; as many of them as there is room for.
        room: tokens of its turns with the examples, by the high estimate; None: any.
    """
    turns = input_turns(read_turns(messages))
    left = None if room is None else room - sum(_tokens(content_text(turn.get("content"))) for turn in turns)
    shown: list[Example] = []
    for example in examples:
        if left is not None:
            left -= _tokens(example.text) + _tokens(example.answer)
            if left < 0:
                break
        shown.append(example)
    start = next((place for place, turn in enumerate(turns) if turn.get("role") != "system"), len(turns))
    before = [
        {"role": role, "content": text}
        for example in reversed(shown)
        for role, text in (("user", example.text), ("assistant", example.answer))
    ]
    return FewShotRow(json.dumps([*turns[:start], *before, *turns[start:]], ensure_ascii=False), len(shown))


def example_room(context: int | None, prompt: Prompt) -> int | None:
    """Tokens that a context has for a row's turns with their examples; None where it is not known."""
    return None if context is None else context - prompt.max_tokens - math.ceil(_tokens(prompt.system or ""))


def _tokens(text: str) -> float:
    """The tokens of a turn, at most."""
    size = TextSize()
    size.add(text)
    return BYTE_PAIR.most_tokens(size) + _TEMPLATE_TOKENS

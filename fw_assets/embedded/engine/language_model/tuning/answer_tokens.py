"""Answers of training rows as tokens, and which of them are learned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fw_assets.embedded.engine.answer_fields import Path, around_values
from fw_assets.embedded.engine.language_model.chat_prompt import ChatPrompt


@dataclass(frozen=True)
class AnswerTokens:
    """The tokens of an answer; of those that are given when it is asked for, `learned` is false."""

    tokens: tuple[int, ...] = ()
    learned: tuple[bool, ...] = ()


def whole_answer(prompts: ChatPrompt, text: str) -> AnswerTokens:
    tokens = prompts.encode_answer(text)
    return AnswerTokens(tokens, (True,) * len(tokens))


def object_answer(prompts: ChatPrompt, paths: Sequence[Path], values: Sequence[str], *, spaced: bool) -> AnswerTokens:
    """An object with these values, given as JSON: each value is learned, and the token after it, which ends it."""
    around = prompts.encode_parts(around_values(paths, spaced=spaced))
    tokens, learned = around[0], (False,) * len(around[0])
    for value, after in zip(values, around[1:], strict=True):
        own = prompts.encode_part(value)
        tokens = (*tokens, *own, *after)
        learned = (*learned, *(True,) * (len(own) + 1), *(False,) * (len(after) - 1))
    return AnswerTokens(tokens, learned)

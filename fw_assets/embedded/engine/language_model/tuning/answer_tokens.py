"""Answers of training rows as tokens, and which of them are learned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fw_assets.embedded.engine.answer_fields import FieldConstraint, around_values
from fw_assets.embedded.engine.language_model.chat_prompt import ChatPrompt


@dataclass(frozen=True)
class AnswerTokens:
    """The tokens of an answer; of those that are given when it is asked for, `learned` is false."""

    tokens: tuple[int, ...] = ()
    learned: tuple[bool, ...] = ()


def whole_answer(prompts: ChatPrompt, text: str) -> AnswerTokens:
    tokens = prompts.encode_answer(text)
    return AnswerTokens(tokens, (True,) * len(tokens))


def object_answer(
    prompts: ChatPrompt, fields: Sequence[FieldConstraint], values: Sequence[str], *, spaced: bool
) -> AnswerTokens:
    """An object with these values, given as JSON: each value is learned, and the token after it, which ends it."""
    around = prompts.encode_parts(around_values([field.path for field in fields], spaced=spaced))
    tokens, learned = around[0], (False,) * len(around[0])
    for field, value, after in zip(fields, values, around[1:], strict=True):
        own = prompts.encode_value(value, many=field.many)
        tokens = (*tokens, *own, *after)
        learned = (*learned, *(True,) * (len(own) + 1), *(False,) * (len(after) - 1))
    return AnswerTokens(tokens, learned)

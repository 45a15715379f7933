"""Answers that a model writes by itself, for the models that can."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

MAX_TOKENS = 256
"""Tokens of an answer whose request names no limit."""


@dataclass(frozen=True)
class WrittenAnswer:
    """What a model wrote; `cut` where the limit came before its end, `log_probability` of all its tokens."""

    text: str
    cut: bool
    log_probability: float


@dataclass(frozen=True)
class Decoding:
    """How to write: at most so many tokens; without temperature the likeliest one each time; until one of `stops`.

    Attributes:
        top_p: share of the probability, of the likeliest tokens, from which is drawn.
        top_k: how many of the likeliest tokens are drawn from; 0 for all.
        presence_penalty, frequency_penalty: taken off the logits of the answer's own tokens, once, and for each time.
    """

    max_tokens: int = MAX_TOKENS
    temperature: float = 0.0
    seed: int | None = None
    stops: tuple[str, ...] = ()
    top_p: float = 1.0
    top_k: int = 0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0

    def ends(self, text: str) -> bool:
        return any(stop in text for stop in self.stops)

    def until_stop(self, answer: WrittenAnswer) -> WrittenAnswer:
        """The answer without what comes from the first of the stops on."""
        places = [place for stop in self.stops if (place := answer.text.find(stop)) >= 0]
        return replace(answer, text=answer.text[: min(places)], cut=False) if places else answer


@runtime_checkable
class Writer(Protocol):
    """A scorer that can also answer without choices."""

    def write(self, texts: Sequence[str], decodings: Sequence[Decoding]) -> list[WrittenAnswer]:
        """An answer for each text, which depends on no other."""

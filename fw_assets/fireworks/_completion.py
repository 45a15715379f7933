"""A chat answer read: its text, its usage, its confidence."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ._answers import decoded
from ._errors import UnexpectedAnswer


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """One generated token and the natural logarithm of its probability."""

    token: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class ChatCompletion:
    """The first choice of an answer.

    `text` is None when the answer has no content; `latency` is in seconds and covers every attempt.
    """

    text: str | None
    finish_reason: str | None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    refusal: str | None = None
    reasoning: str | None = None
    model: str = ""
    logprobs: tuple[TokenLogprob, ...] = ()
    latency: float = 0.0
    source: bytes | Mapping[str, Any] = field(default=b"{}", repr=False, compare=False)

    @property
    def raw(self) -> Mapping[str, Any]:
        """The whole answer."""
        found: Mapping[str, Any] = decoded(self.source) if isinstance(self.source, bytes) else self.source
        return found

    @property
    def confidence(self) -> float | None:
        """The probability of the text as a whole: the product of its tokens'. None without logprobs."""
        if not self.logprobs:
            return None
        return min(1.0, math.exp(sum(token.logprob for token in self.logprobs)))


def read_completion(answer: Mapping[str, Any], latency: float = 0.0) -> ChatCompletion:
    """A completion from an answer's body.

    Raises:
        UnexpectedAnswer: it has no list of choices.
    """
    choices = answer.get("choices")
    if not isinstance(choices, list):
        raise UnexpectedAnswer("chat completion: the answer has no choices")
    choice = choices[0] if choices and isinstance(choices[0], dict) else {}
    message = choice.get("message") or {}
    usage = answer.get("usage") or {}
    return ChatCompletion(
        text=_text(message.get("content")),
        finish_reason=choice.get("finish_reason"),
        prompt_tokens=int(usage.get("prompt_tokens") or 0),
        completion_tokens=int(usage.get("completion_tokens") or 0),
        cached_tokens=int((usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0),
        refusal=message.get("refusal"),
        reasoning=message.get("reasoning_content"),
        model=str(answer.get("model") or ""),
        logprobs=_logprobs(choice.get("logprobs")),
        latency=latency,
        source=answer,
    )


def _text(content: Any) -> str | None:
    if isinstance(content, list):
        return "".join(str(part.get("text") or "") for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else None


def _logprobs(found: Any) -> tuple[TokenLogprob, ...]:
    """Both forms; none at all when they cannot be made sense of."""
    if not isinstance(found, dict):
        return ()
    try:
        return tuple(_by_token(found["content"]) if found.get("content") else _parallel(found))
    except (AttributeError, KeyError, TypeError, ValueError):
        return ()


def _by_token(content: Iterable[dict[str, Any]]) -> Iterator[TokenLogprob]:
    """`content[{token, logprob, top_logprobs}]`."""
    for item in content:
        top = tuple((str(other["token"]), float(other["logprob"])) for other in item.get("top_logprobs") or ())
        yield TokenLogprob(str(item.get("token", "")), float(item["logprob"]), top)


def _parallel(found: dict[str, Any]) -> Iterator[TokenLogprob]:
    """The older form of parallel lists; a token without a probability is left out."""
    tokens = found.get("tokens") or ()
    tops = found.get("top_logprobs") or [None] * len(tokens)
    for token, logprob, others in zip(tokens, found.get("token_logprobs") or (), tops, strict=False):
        if logprob is not None:
            top = tuple((str(name), float(value)) for name, value in (others or {}).items())
            yield TokenLogprob(str(token), float(logprob), top)

"""Chat completions as values: text, usage, confidence."""

from __future__ import annotations

import functools
import logging
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ._errors import UnexpectedResponse

log = logging.getLogger("fw_assets.fireworks")

MAX_TOKENS = 1 << 24
"""Of one request, beyond every context length: a larger figure counts nothing."""


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """One generated token and the natural logarithm of its probability."""

    token: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class ChatCompletion:
    """The first choice of a response.

    `text` is None when the choice has no content; `latency` is in seconds and covers every attempt. `model` and
    `fingerprint` are the platform's names of what answered, empty where it gives none. `uncalibrated` is what the model
    chooses without contextual calibration, which an embedded platform says where a request asks for both.
    """

    text: str | None
    finish_reason: str | None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    refusal: str | None = None
    reasoning: str | None = None
    model: str = ""
    fingerprint: str = ""
    logprobs: tuple[TokenLogprob, ...] = ()
    latency: float = 0.0
    uncalibrated: ChatCompletion | None = None

    @property
    def confidence(self) -> float | None:
        """The probability of the text as a whole: the product of its tokens'. None without logprobs."""
        total = sum(token.logprob for token in self.logprobs)
        return None if not self.logprobs or math.isnan(total) else math.exp(min(0.0, total))


def parse_completion(body: Mapping[str, Any], latency: float = 0.0) -> ChatCompletion:
    """The completion in a response's body.

    Raises:
        UnexpectedResponse: it has no list of choices.
    """
    choices = body.get("choices")
    if not isinstance(choices, list):
        raise UnexpectedResponse("chat completion: the response has no choices")
    choice = read_object(choices[0] if choices else None)
    usage = read_object(body.get("usage"))
    other = choice.get("uncalibrated")
    return replace(
        _read_choice(choice),
        prompt_tokens=read_tokens(usage, "prompt_tokens"),
        completion_tokens=read_tokens(usage, "completion_tokens"),
        cached_tokens=read_tokens(read_object(usage.get("prompt_tokens_details")), "cached_tokens"),
        model=str(body.get("model") or ""),
        fingerprint=str(body.get("system_fingerprint") or ""),
        latency=latency,
        uncalibrated=_read_choice(other) if isinstance(other, dict) else None,
    )


def _read_choice(choice: Mapping[str, Any]) -> ChatCompletion:
    message = read_object(choice.get("message"))
    return ChatCompletion(
        text=_text(message.get("content")),
        finish_reason=_string(choice.get("finish_reason")),
        refusal=_string(message.get("refusal")),
        reasoning=_string(message.get("reasoning_content")) or _string(message.get("reasoning")),
        logprobs=_logprobs(choice.get("logprobs")),
    )


def read_object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def read_tokens(usage: Mapping[str, Any], name: str) -> int:
    """A number of tokens; 0, with a warning, for a figure that is none: nobody can pay by it."""
    value = usage.get(name) or 0
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        number = -1
    if 0 <= number <= MAX_TOKENS:
        return number
    _warn_once(name, repr(value)[:40])
    return 0


@functools.lru_cache(maxsize=64)
def _warn_once(name: str, shown: str) -> None:
    log.warning("usage: %s is %s, which is no number of tokens; it counts as 0", name, shown)


def _text(content: Any) -> str | None:
    if isinstance(content, list):
        texts = (part.get("text") for part in content if isinstance(part, dict))
        return "".join(text for text in texts if isinstance(text, str))
    return _string(content)


def _logprobs(logprobs: Any) -> tuple[TokenLogprob, ...]:
    """Both forms; empty when neither can be made sense of."""
    if not isinstance(logprobs, dict):
        return ()
    try:
        return tuple(_by_token(logprobs["content"]) if logprobs.get("content") else _parallel(logprobs))
    except (AttributeError, KeyError, TypeError, ValueError):
        return ()


def _by_token(content: Iterable[dict[str, Any]]) -> Iterator[TokenLogprob]:
    """`content[{token, logprob, top_logprobs}]`."""
    for item in content:
        top = tuple((str(other["token"]), float(other["logprob"])) for other in item.get("top_logprobs") or ())
        yield TokenLogprob(str(item.get("token", "")), float(item["logprob"]), top)


def _parallel(logprobs: dict[str, Any]) -> Iterator[TokenLogprob]:
    """The older form of parallel lists; a token without a probability is left out."""
    tokens = logprobs.get("tokens") or ()
    tops = logprobs.get("top_logprobs") or [None] * len(tokens)
    for token, logprob, others in zip(tokens, logprobs.get("token_logprobs") or (), tops, strict=False):
        if logprob is not None:
            top = tuple((str(name), float(value)) for name, value in (others or {}).items())
            yield TokenLogprob(str(token), float(logprob), top)

"""What came back from a model for one row, before anything is read into it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from fw_assets.classification.values import Frozen


class Completion(Frozen):
    """One model's reply to one row.

    Attributes:
        text: the content; None when there is none.
        error: why no reply came (transport); everything else is then meaningless.
        refusal: the provider's own refusal text.
        confidence: probability of the whole answer under the model, 0 to 1.
    """

    text: str | None = None
    finish_reason: str | None = None
    error: str | None = None
    refusal: str | None = None
    confidence: float | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0


def read_completion(body: Mapping[str, Any]) -> Completion:
    """A `Completion` from a chat completion response body; a body without a choice is a transport error."""
    choices = body.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], Mapping):
        return Completion(error="the response has no choice")
    choice = choices[0]
    message = choice.get("message")
    if not isinstance(message, Mapping):
        return Completion(error="the response's choice has no message")
    usage = body.get("usage") or {}
    content = message.get("content")
    refusal = message.get("refusal")
    finish_reason = choice.get("finish_reason")
    return Completion(
        text=content if isinstance(content, str) else None,
        finish_reason=finish_reason if isinstance(finish_reason, str) else None,
        refusal=refusal if isinstance(refusal, str) and refusal else None,
        confidence=answer_probability(choice.get("logprobs")),
        prompt_tokens=int(usage.get("prompt_tokens") or 0),
        completion_tokens=int(usage.get("completion_tokens") or 0),
    )


def answer_probability(logprobs: Any) -> float | None:
    """The product of the token probabilities, from either form of `logprobs`: `content`, `token_logprobs`."""
    if not isinstance(logprobs, Mapping):
        return None
    content = logprobs.get("content")
    if isinstance(content, list):
        given = [token.get("logprob") for token in content if isinstance(token, Mapping)]
    else:
        given = list(logprobs.get("token_logprobs") or [])
    values = [float(value) for value in given if isinstance(value, int | float) and not math.isnan(value)]
    if not values or len(values) < len(given):
        return None
    return min(1.0, math.exp(min(0.0, math.fsum(values))))

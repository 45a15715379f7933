"""The short way from an answer's bytes to a completion, for the form that nearly all answers have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from ._answers import HttpResponse, decoded, read_object
from ._completion import ChatCompletion, TokenLogprob, read_completion


class _Cached(msgspec.Struct):
    cached_tokens: int | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _Cached | None = None


class _Token(msgspec.Struct):
    logprob: float
    token: str = ""
    top_logprobs: list[_Token] | None = None


class _Logprobs(msgspec.Struct, forbid_unknown_fields=True):
    content: list[_Token]


class _Message(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None
    reasoning_content: str | None = None


class _Choice(msgspec.Struct):
    message: _Message
    finish_reason: str | None = None
    logprobs: _Logprobs | None = None


class _Body(msgspec.Struct):
    """An answer as nearly all are; `read_completion` takes the others."""

    choices: list[_Choice]
    usage: _Usage | None = None
    model: str | None = None


_usual = msgspec.json.Decoder(_Body).decode
_NO_USAGE = _Usage()

Arrived = tuple[_Body, bytes] | dict[str, Any]


def read_answer(answer: HttpResponse) -> Arrived:
    """An answer as far as it can be read at once.

    Raises:
        UnexpectedAnswer: it is no JSON object.
    """
    try:
        return _usual(answer.content), answer.content
    except msgspec.DecodeError:
        return read_object(answer)


def completion_of(answer: Arrived, latency: float) -> ChatCompletion:
    """The completion that it holds.

    Raises:
        UnexpectedAnswer: it has no list of choices.
    """
    if isinstance(answer, dict) or not answer[0].choices:
        return read_completion(answer if isinstance(answer, dict) else decoded(answer[1]), latency)
    body, source = answer
    choice, usage = body.choices[0], body.usage or _NO_USAGE
    message = choice.message
    return ChatCompletion(
        text=message.content,
        finish_reason=choice.finish_reason,
        prompt_tokens=usage.prompt_tokens or 0,
        completion_tokens=usage.completion_tokens or 0,
        cached_tokens=(usage.prompt_tokens_details.cached_tokens or 0) if usage.prompt_tokens_details else 0,
        refusal=message.refusal,
        reasoning=message.reasoning_content,
        model=body.model or "",
        logprobs=tuple(_tokens(choice.logprobs.content)) if choice.logprobs else (),
        latency=latency,
        source=source,
    )


def _tokens(content: Iterable[_Token]) -> Iterator[TokenLogprob]:
    for item in content:
        top = tuple((other.token, other.logprob) for other in item.top_logprobs) if item.top_logprobs else ()
        yield TokenLogprob(item.token, item.logprob, top)

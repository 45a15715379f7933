"""The request for a chat completion, read and checked."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

from fw_assets.embedded.errors import invalid

MAX_ALTERNATIVES = 5
_ROLES = ("system", "developer", "user", "assistant", "tool")


class ChatRequest(msgspec.Struct):
    """The fields that mean something to a model that chooses labels; all others are let be."""

    model: str
    messages: list[dict[str, Any]]
    response_format: Raw = Raw(b"null")
    temperature: float | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    n: int | None = None
    seed: int | None = None
    logprobs: bool | int | None = None
    top_logprobs: int | None = None
    stream: bool | None = None
    stream_options: dict[str, Any] | None = None
    perf_metrics_in_response: bool | None = None

    @property
    def limit(self) -> int | None:
        """The most tokens that the answer may have."""
        return self.max_tokens if self.max_tokens is not None else self.max_completion_tokens


_decode = msgspec.json.Decoder(ChatRequest).decode


def read_request(body: bytes) -> ChatRequest:
    """The request in a body.

    Raises:
        ApiError: INVALID_ARGUMENT naming the field that is wrong.
    """
    try:
        request = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise invalid(f"the request cannot be read: {error}") from None
    if not request.messages:
        raise invalid("messages: empty", "messages")
    for index, message in enumerate(request.messages):
        if message.get("role") not in _ROLES:
            raise invalid(f"messages[{index}].role: {message.get('role')!r}; expected one of {', '.join(_ROLES)}")
    if request.max_tokens is not None and request.max_completion_tokens is not None:
        raise invalid("max_tokens and max_completion_tokens exclude each other", "max_tokens")
    _check_range("max_tokens", request.limit, 1, None)
    _check_range("temperature", request.temperature, 0, 2)
    _check_range("n", request.n, 1, 128)
    _check_range("top_logprobs", request.top_logprobs, 0, MAX_ALTERNATIVES)
    if not isinstance(request.logprobs, bool):
        _check_range("logprobs", request.logprobs, 0, MAX_ALTERNATIVES)
    return request


def _check_range(field: str, value: float | None, least: float, most: float | None) -> None:
    if value is not None and not (least <= value and (most is None or value <= most)):
        expected = f"{least} to {most}" if most is not None else f"at least {least}"
        raise invalid(f"{field}: {value}; expected {expected}", field)

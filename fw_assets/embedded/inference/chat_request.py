"""Request for a chat completion: its fields, decoded and checked."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

from fw_assets.embedded.errors import invalid

MAX_ALTERNATIVES = 5
MAX_STOPS = 4
CALIBRATIONS = ("contextual", "none", "both")
_NOT_WRITTEN_BY = {
    "repetition_penalty": 1,
    "min_p": 0,
    "logit_bias": {},
    "tools": [],
    "functions": [],
    "echo": False,
    "ignore_eos": False,
}
"""Fields of other platforms that change what is written, with the value that does not; null and empty ones do not."""
_ROLES = ("system", "developer", "user", "assistant", "tool")


class ChatRequest(msgspec.Struct):
    """The fields that matter; all others are ignored.

    `calibration` is of this platform: `contextual`, `none`, or `both`, which has each choice under the model's default
    say under `uncalibrated` what it is without; None leaves it to the default. `stop`, `top_p`, `top_k` and the
    penalties are of what a model writes by itself, and of no label.
    """

    model: str
    messages: list[dict[str, Any]]
    response_format: Raw = Raw(b"null")
    temperature: float | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    n: int | None = None
    seed: int | None = None
    stop: str | list[str] | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    stream: bool | None = None
    top_p: float | None = None
    top_k: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    repetition_penalty: Any = None
    min_p: Any = None
    logit_bias: Any = None
    tools: Any = None
    functions: Any = None
    echo: Any = None
    ignore_eos: Any = None
    reasoning_effort: str | int | bool | None = None
    calibration: str | None = None

    @property
    def token_limit(self) -> int | None:
        """The most tokens that the answer may have."""
        return self.max_tokens if self.max_tokens is not None else self.max_completion_tokens

    @property
    def stops(self) -> tuple[str, ...]:
        """The texts before which a written answer ends."""
        return (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())

    def check_writing(self) -> None:
        """Refuse a field that would change what a model writes by itself, and that this platform has not.

        Raises:
            RpcError: INVALID_ARGUMENT, naming the field.
        """
        for field, neutral in _NOT_WRITTEN_BY.items():
            value = getattr(self, field)
            if value and value != neutral:
                raise invalid(f"{field}: written answers of this platform have no such field; leave it out", field)


_decode = msgspec.json.Decoder(ChatRequest).decode


def read_request(body: bytes) -> ChatRequest:
    """The request in the body of an HTTP request or a batch row.

    Raises:
        RpcError: INVALID_ARGUMENT, naming the field that is wrong.
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
    if request.reasoning_effort not in (None, "none", False):
        raise invalid("non-reasoning model does not support reasoning_effort", "reasoning_effort")
    if request.calibration not in (None, *CALIBRATIONS):
        expected = ", ".join(CALIBRATIONS)
        raise invalid(f"calibration: {request.calibration!r}; expected one of {expected}", "calibration")
    if len(request.stops) > MAX_STOPS or "" in request.stops:
        raise invalid(f"stop: expected a text, or at most {MAX_STOPS}, none of them empty", "stop")
    _check_range("max_tokens", request.token_limit, 1, None)
    _check_range("temperature", request.temperature, 0, 2)
    _check_range("top_p", request.top_p, 0, 1)
    _check_range("top_k", request.top_k, 0, None)
    _check_range("presence_penalty", request.presence_penalty, -2, 2)
    _check_range("frequency_penalty", request.frequency_penalty, -2, 2)
    _check_range("n", request.n, 1, 128)
    _check_range("top_logprobs", request.top_logprobs, 0, MAX_ALTERNATIVES)
    return request


def _check_range(field: str, value: float | None, low: float, high: float | None) -> None:
    if value is not None and not (low <= value and (high is None or value <= high)):
        expected = f"{low} to {high}" if high is not None else f"at least {low}"
        raise invalid(f"{field}: {value}; expected {expected}", field)

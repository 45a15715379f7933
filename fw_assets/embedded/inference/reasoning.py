"""Reasoning, rehearsed: the `reasoning` fault has the models behave as those of the service that think."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fw_assets.embedded.errors import RpcError, invalid
from fw_assets.embedded.inference.chat_request import ChatRequest
from fw_assets.embedded.inference.token_counts import split_tokens
from fw_assets.embedded.store.faults import Faults

_DEFAULT_LIMIT = 2048
_THOUGHT = "The user wants one label, so let me look at each of them in turn. "


def check_effort(request: ChatRequest, faults: Faults) -> None:
    """Refuse a `reasoning_effort` as the rehearsed models do.

    Raises:
        RpcError: INVALID_ARGUMENT.
    """
    if request.reasoning_effort is None:
        return
    if faults.reasoning == "refused":
        raise invalid("non-reasoning model does not support reasoning_effort", "reasoning_effort")
    if faults.reasoning == "required":
        raise invalid(
            f"reasoning_effort: {request.reasoning_effort!r} is not accepted by this thinking-only model",
            "reasoning_effort",
        )


def with_reasoning(
    requests: Sequence[ChatRequest], completions: Sequence[dict[str, Any] | RpcError], faults: Faults
) -> list[dict[str, Any] | RpcError]:
    """The completions as models write them that think first: cut off by `max_tokens` before any text."""
    if faults.reasoning not in ("ignored", "required"):
        return list(completions)
    return [
        completion if isinstance(completion, RpcError) else _cut_off(request, completion)
        for request, completion in zip(requests, completions, strict=True)
    ]


def _cut_off(request: ChatRequest, completion: Mapping[str, Any]) -> dict[str, Any]:
    limit = request.token_limit or _DEFAULT_LIMIT
    tokens = split_tokens(_THOUGHT)
    thought = "".join(tokens[index % len(tokens)] for index in range(limit))
    choices = [
        choice
        | {
            "message": {"role": "assistant", "content": "", "reasoning_content": thought},
            "finish_reason": "length",
            "logprobs": None,
        }
        for choice in completion["choices"]
    ]
    count = limit * len(choices)
    usage = completion["usage"] | {
        "completion_tokens": count,
        "total_tokens": completion["usage"]["prompt_tokens"] + count,
    }
    return {**completion, "choices": choices, "usage": usage}

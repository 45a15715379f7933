"""Chat completions: responses to chat requests. Synchronous; run in a thread."""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fw_assets.embedded.errors import RpcError, machine_fault
from fw_assets.embedded.inference.answer_constraint import read_constraint
from fw_assets.embedded.inference.chat_request import ChatRequest
from fw_assets.embedded.inference.choice import Choice, ChosenValue
from fw_assets.embedded.inference.choose import choose
from fw_assets.embedded.inference.choose_calibrated import choose_calibrated
from fw_assets.embedded.inference.model_cache import LoadedModel, load_model
from fw_assets.embedded.inference.routing import ServingTarget
from fw_assets.embedded.inference.token_counts import count_prompt, split_tokens
from fw_assets.embedded.message_text import content_text
from fw_assets.embedded.store.embedded_platform import EmbeddedPlatform
from fw_assets.embedded.store.usage_counter import usage_counter

Completions = list[dict[str, Any] | RpcError]
"""For each request the completion, or why it was refused."""
_MIN_LOG_PROBABILITY = -1e9
"""Stands for minus infinity, which JSON cannot hold."""


def complete_all(
    platform: EmbeddedPlatform, requests: Sequence[ChatRequest], target: ServingTarget
) -> list[dict[str, Any] | RpcError]:
    """For each request the completion by `target`, or why it was refused.

    Raises:
        DamagedModel, EngineError, WeightsError: the model's files cannot be used.
    """
    completions = answer_all(load_model(platform, target), requests, int(platform.clock()))
    count_usage(platform, target, completions)
    return completions


def answer_all(
    model: LoadedModel,
    requests: Sequence[ChatRequest],
    created: int,
    scores: Mapping[bytes, NDArray[np.float64]] | None = None,
) -> list[dict[str, Any] | RpcError]:
    """As `complete_all`, uncounted; `created` are seconds since the epoch.

    Args:
        scores: by response format those of all requests that have it, where they are known.
    """
    groups: dict[tuple[bytes, str | None], list[int]] = {}
    for index, request in enumerate(requests):
        groups.setdefault((bytes(request.response_format), request.calibration), []).append(index)
    completions: list[dict[str, Any] | RpcError] = [{}] * len(requests)
    for (response_format, calibration), indices in groups.items():
        group = [requests[index] for index in indices]
        # What was scored ahead was scored by a tuned model, which has no calibration.
        known = (scores or {}).get(response_format) if calibration is None else None
        chosen = _choose(model, response_format, calibration, group, known)
        for index, request, choices in zip(indices, group, chosen, strict=True):
            if isinstance(choices, RpcError):
                completions[index] = choices
            else:
                completions[index] = _completion(request, choices, created)
    return completions


def _choose(
    model: LoadedModel,
    response_format: bytes,
    calibration: str | None,
    requests: Sequence[ChatRequest],
    scores: NDArray[np.float64] | None = None,
) -> Sequence[list[Choice] | RpcError]:
    """For each request its choices; one that cannot be answered takes no other along."""
    try:
        constraint = read_constraint(response_format)
        if calibration is None:
            return choose(model, constraint, requests, scores)
        return choose_calibrated(model, constraint, requests, calibration)
    except RpcError as error:
        if len(requests) == 1 or error.may_pass:
            return [error] * len(requests)
        return [_choose(model, response_format, calibration, [request])[0] for request in requests]
    except MemoryError:
        if len(requests) == 1:
            raise
    return _choose_apart(model, response_format, calibration, requests)


def _choose_apart(
    model: LoadedModel, response_format: bytes, calibration: str | None, requests: Sequence[ChatRequest]
) -> Sequence[list[Choice] | RpcError]:
    """As `_choose`, one by one, since they do not fit together.

    Raises:
        MemoryError: none fits by itself.
    """
    answers: list[list[Choice] | RpcError] = []
    faults: list[MemoryError] = []
    for request in requests:
        try:
            answers += _choose(model, response_format, calibration, [request])
        except MemoryError as error:
            faults.append(error)
            answers.append(machine_fault(error, Path()))
    if len(faults) == len(requests):
        raise faults[0]
    return answers


def count_usage(
    platform: EmbeddedPlatform, target: ServingTarget, completions: Sequence[dict[str, Any] | RpcError]
) -> None:
    """Count the requests that were answered, with their tokens."""
    now = platform.clock()
    for completion in completions:
        if isinstance(completion, RpcError):
            continue
        usage = completion["usage"]
        tokens = {"inference-input": usage["prompt_tokens"], "inference-output": usage["completion_tokens"]}
        usage_counter(platform).count_request(target.deployment, now, target.base, tokens, batch=target.batch)


def _completion(request: ChatRequest, choices: Sequence[Choice], created: int) -> dict[str, Any]:
    written = [_write_choice(index, choice, request) for index, choice in enumerate(choices)]
    prompt_tokens = count_prompt(content_text(message.get("content")) for message in request.messages)
    completion_tokens = sum(tokens for _, tokens in written)
    return {
        "id": f"chatcmpl-{secrets.token_hex(12)}",
        "object": "chat.completion",
        "created": created,
        "model": request.model,
        "choices": [choice for choice, _ in written],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
            "prompt_tokens_details": {"cached_tokens": 0},
        },
    }


def _write_choice(index: int, choice: Choice, request: ChatRequest) -> tuple[dict[str, Any], int]:
    """The choice as the API shows it, cut to `max_tokens`, and its number of tokens."""
    text = "".join(choice.parts)
    tokens = split_tokens(text)
    is_cut = request.token_limit is not None and len(tokens) > request.token_limit
    if is_cut:
        tokens = tokens[: request.token_limit]
        text = "".join(tokens)
    document = {
        "index": index,
        "message": {"role": "assistant", "content": text},
        "finish_reason": "length" if is_cut or choice.cut else "stop",
        "logprobs": _logprobs(choice, request),
    }
    if choice.uncalibrated is not None:
        other, _ = _write_choice(index, choice.uncalibrated, request)
        document["uncalibrated"] = {key: value for key, value in other.items() if key != "index"}
    return document, len(tokens)


def _logprobs(choice: Choice, request: ChatRequest) -> dict[str, Any] | None:
    """Each label, list of labels or value as one token with its log probability; the text around is certain."""
    if not request.logprobs:
        return None
    count = request.top_logprobs or 0
    content = []
    offset = 0
    for position, part in enumerate(choice.parts):
        if not part:
            continue
        value = choice.values[position // 2] if position % 2 else ChosenValue(0.0, ((part, 0.0),))
        alternatives = value.alternatives[:count]
        content.append(
            _token(part, value.log_probability)
            | {"text_offset": offset, "top_logprobs": [_token(text, value) for text, value in alternatives]}
        )
        offset += len(part)
    return {"content": content}


def _token(text: str, log_probability: float) -> dict[str, Any]:
    return {
        "token": text,
        "logprob": log_probability if math.isfinite(log_probability) else _MIN_LOG_PROBABILITY,
        "bytes": list(text.encode()),
        "token_id": 0,
    }

"""Chat requests answered. Plain functions, run in a thread."""

from __future__ import annotations

import math
import secrets
from collections.abc import Sequence
from typing import Any

from fw_assets.embedded.errors import ApiError
from fw_assets.embedded.inference.answer_constraint import read_choices
from fw_assets.embedded.inference.chat_request import ChatRequest
from fw_assets.embedded.inference.choose import Choice, choose
from fw_assets.embedded.inference.model_cache import load
from fw_assets.embedded.inference.routing import Target
from fw_assets.embedded.inference.token_counts import count_prompt, pieces
from fw_assets.embedded.message_text import content_text
from fw_assets.embedded.store.platform import Platform
from fw_assets.embedded.store.usage_counter import usage_counter

_IMPOSSIBLE = -1e9


def complete_all(
    platform: Platform, requests: Sequence[ChatRequest], target: Target
) -> list[dict[str, Any] | ApiError]:
    """The chat completions with which `target` answers requests; each has its own, or its refusal."""
    loaded = load(platform, target)
    alike: dict[bytes, list[int]] = {}
    for place, request in enumerate(requests):
        alike.setdefault(bytes(request.response_format), []).append(place)
    found: list[dict[str, Any] | ApiError] = [{}] * len(requests)
    for response_format, places in alike.items():
        same = [requests[place] for place in places]
        try:
            answers = choose(loaded, read_choices(response_format), same)
        except ApiError as error:
            for place in places:
                found[place] = error
            continue
        for place, request, given in zip(places, same, answers, strict=True):
            found[place] = _completion(platform, request, target, given)
    return found


def _completion(platform: Platform, request: ChatRequest, target: Target, answers: Sequence[Choice]) -> dict[str, Any]:
    shown = [_choice(index, each, request) for index, each in enumerate(answers)]
    prompt = count_prompt(content_text(message.get("content")) for message in request.messages)
    written = sum(count for _, count in shown)
    now = platform.clock()
    usage_counter(platform).served(target.deployment, now)
    return {
        "id": f"chatcmpl-{secrets.token_hex(12)}",
        "object": "chat.completion",
        "created": int(now),
        "model": request.model,
        "choices": [choice for choice, _ in shown],
        "usage": {
            "prompt_tokens": prompt,
            "completion_tokens": written,
            "total_tokens": prompt + written,
            "prompt_tokens_details": {"cached_tokens": 0},
        },
    }


def _choice(index: int, given: Choice, request: ChatRequest) -> tuple[dict[str, Any], int]:
    """The answer as the API shows it, cut to `max_tokens`, and its number of tokens."""
    text = "".join(given.parts)
    written = pieces(text)
    cut = request.limit is not None and len(written) > request.limit
    if cut:
        written = written[: request.limit]
        text = "".join(written)
    choice = {
        "index": index,
        "message": {"role": "assistant", "content": text},
        "finish_reason": "length" if cut else "stop",
        "logprobs": _logprobs(given, request),
    }
    return choice, len(written)


def _logprobs(given: Choice, request: ChatRequest) -> dict[str, Any] | None:
    """What was chosen as one token with its log probability; what is written around it is certain."""
    if request.logprobs is None or request.logprobs is False:
        return None
    if request.logprobs is not True:
        return _legacy_logprobs(given, request.logprobs)
    wanted = request.top_logprobs or 0
    content = []
    offset = 0
    for position, part in enumerate(given.parts):
        if not part:
            continue
        chosen = position == 1
        top = given.alternatives[:wanted] if chosen else ((part, 0.0),)[:wanted]
        content.append(
            _token(part, given.log_probability if chosen else 0.0)
            | {"text_offset": offset, "top_logprobs": [_token(text, value) for text, value in top]}
        )
        offset += len(part)
    return {"content": content}


def _legacy_logprobs(given: Choice, wanted: int) -> dict[str, Any]:
    """The form that an integer `logprobs` asks for."""
    kept = [(part, position == 1) for position, part in enumerate(given.parts) if part]
    lengths = [len(part) for part, _ in kept]
    return {
        "tokens": [part for part, _ in kept],
        "token_logprobs": [given.log_probability if chosen else 0.0 for _, chosen in kept],
        "token_ids": [0] * len(kept),
        "text_offset": [sum(lengths[:i]) for i in range(len(kept))],
        "top_logprobs": [dict(given.alternatives[:wanted]) if chosen else {part: 0.0} for part, chosen in kept],
    }


def _token(text: str, value: float) -> dict[str, Any]:
    return {
        "token": text,
        "logprob": value if math.isfinite(value) else _IMPOSSIBLE,
        "bytes": list(text.encode()),
        "token_id": 0,
    }

"""`/chat/completions` and the list of what can be asked, under both inference prefixes."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import anyio.to_thread
import msgspec
from anyio import CapacityLimiter
from anyio.lowlevel import RunVar
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from fw_assets.embedded.engine import REGISTRY
from fw_assets.embedded.errors import ApiError
from fw_assets.embedded.http.endpoint import JSONReply
from fw_assets.embedded.inference.chat_request import ChatRequest, read_request
from fw_assets.embedded.inference.completion import complete_all
from fw_assets.embedded.inference.micro_batcher import MicroBatcher
from fw_assets.embedded.inference.routing import route
from fw_assets.embedded.inference.token_counts import pieces
from fw_assets.embedded.store import faults, resources
from fw_assets.embedded.store.platform import Platform
from fw_assets.embedded.store.resource_ids import ACCOUNT, PUBLISHER, resource_name

# One limiter and one set of desks per event loop: the app may serve several, one after the other.
_limiter: RunVar[CapacityLimiter] = RunVar("fw_assets.embedded.endpoints.chat")
_desks: RunVar[dict[Any, MicroBatcher[ChatRequest, dict[str, Any]]]] = RunVar("fw_assets.embedded.endpoints.chat.desks")
_MAX_DESKS = 256


async def completions(request: Request) -> Response:
    """Answer a chat completion, whole or as server-sent events."""
    platform: Platform = request.app.state.platform
    asked = read_request(await request.body())
    started = time.perf_counter()
    answer = await _desk(platform, asked.model, faults.of(request.scope)).ask(asked)
    if asked.stream:
        usage = bool((asked.stream_options or {}).get("include_usage", True))
        return StreamingResponse(_events(answer, usage), media_type="text/event-stream")
    elapsed = f"{time.perf_counter() - started:.6f}"
    metrics = {
        "fireworks-prompt-tokens": str(answer["usage"]["prompt_tokens"]),
        "fireworks-server-time-to-first-token": elapsed,
        "fireworks-server-processing-time": elapsed,
    }
    if asked.perf_metrics_in_response:
        answer["perf_metrics"] = metrics
    return JSONReply(answer, headers=metrics)


async def list_models(request: Request) -> Response:
    """What can be asked, in OpenAI's form: the base models, and what deployments serve."""
    platform: Platform = request.app.state.platform
    names = [resource_name(PUBLISHER, "models", id) for id in REGISTRY]
    names += await anyio.to_thread.run_sync(_deployed, platform)
    data = [
        {"id": name, "object": "model", "created": 0, "owned_by": name.split("/")[1], "supports_chat": True}
        for name in names
    ]
    return JSONReply({"object": "list", "data": data})


def _desk(platform: Platform, model: str, active: faults.Faults) -> MicroBatcher[ChatRequest, dict[str, Any]]:
    """Where the requests to one model wait for each other."""
    desks = _desks_here()
    key = (platform.home, model, active)
    found = desks.get(key)
    if found is None:
        if len(desks) >= _MAX_DESKS:
            for idle in [key for key, desk in desks.items() if desk.idle]:
                del desks[idle]

        def work(requests: Sequence[ChatRequest]) -> list[dict[str, Any] | ApiError]:
            return complete_all(platform, requests, route(platform, model, active))

        found = desks[key] = MicroBatcher(work, _threads())
    return found


def _deployed(platform: Platform) -> list[str]:
    with platform.store.read() as connection:
        found = resources.every(connection, "deployments", ACCOUNT)
    return [f"{item['baseModel']}#{item['name']}" for item in found if item["state"] != "DELETED"]


def _threads() -> CapacityLimiter:
    try:
        return _limiter.get()
    except LookupError:
        limiter = CapacityLimiter(max(2, os.cpu_count() or 1))
        _limiter.set(limiter)
        return limiter


def _desks_here() -> dict[Any, MicroBatcher[ChatRequest, dict[str, Any]]]:
    try:
        return _desks.get()
    except LookupError:
        desks: dict[Any, MicroBatcher[ChatRequest, dict[str, Any]]] = {}
        _desks.set(desks)
        return desks


async def _events(answer: Mapping[str, Any], usage: bool) -> AsyncIterator[bytes]:
    """The answer as OpenAI-style chunks: role, text piece by piece, finish reason, and `[DONE]`."""
    frame = {key: answer[key] for key in ("id", "created", "model")} | {"object": "chat.completion.chunk"}
    for choice in answer["choices"]:
        index = choice["index"]
        yield _event(frame, index, {"role": "assistant", "content": ""})
        for piece in pieces(choice["message"]["content"]):
            yield _event(frame, index, {"content": piece})
        yield _event(frame, index, {}, choice["finish_reason"], choice["logprobs"])
    if usage:
        yield _data(frame | {"choices": [], "usage": answer["usage"]})
    yield b"data: [DONE]\n\n"


def _event(
    frame: Mapping[str, Any],
    index: int,
    delta: Mapping[str, Any],
    finish: str | None = None,
    logprobs: Any = None,
) -> bytes:
    choice = {"index": index, "delta": delta, "finish_reason": finish, "logprobs": logprobs}
    return _data({**frame, "choices": [choice]})


def _data(content: Any) -> bytes:
    return b"data: " + msgspec.json.encode(content) + b"\n\n"

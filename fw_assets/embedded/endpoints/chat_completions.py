"""Chat completions, whole or streamed, and the list of models that can be asked; under both inference prefixes."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import anyio.to_thread
import msgspec
from anyio import CapacityLimiter
from anyio.lowlevel import RunVar
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from fw_assets.embedded.engine.registry import REGISTRY
from fw_assets.embedded.errors import RpcError
from fw_assets.embedded.http.handler import JSONReply
from fw_assets.embedded.inference.chat_request import ChatRequest, read_request
from fw_assets.embedded.inference.micro_batcher import MicroBatcher
from fw_assets.embedded.inference.reasoning import check_effort, with_reasoning
from fw_assets.embedded.inference.routing import route
from fw_assets.embedded.inference.token_counts import split_tokens
from fw_assets.embedded.jobs.repair import complete_or_repair
from fw_assets.embedded.store import documents
from fw_assets.embedded.store.embedded_platform import EmbeddedPlatform
from fw_assets.embedded.store.faults import Faults, attached_faults
from fw_assets.embedded.store.resource_names import ACCOUNT, DEPLOYMENTS, MODELS, PUBLISHER, resource_name

_Batcher = MicroBatcher[ChatRequest, dict[str, Any]]
_BatcherKey = tuple[Path, str, Faults]

# One limiter and one set of batchers per event loop: an app may be served by several, one after the other.
_thread_limiter: RunVar[CapacityLimiter] = RunVar("fw_assets.embedded.thread_limiter")
_batchers: RunVar[dict[_BatcherKey, _Batcher]] = RunVar("fw_assets.embedded.batchers")
_MAX_BATCHERS = 256


async def complete(request: Request) -> Response:
    """Answer a chat completion, whole or as server-sent events."""
    platform: EmbeddedPlatform = request.app.state.platform
    chat_request = read_request(await request.body())
    faults = attached_faults(request.scope)
    check_effort(chat_request, faults)
    batcher = _batcher(platform, chat_request.model, faults)
    completion = await batcher.submit(chat_request)
    if chat_request.stream:
        return StreamingResponse(_events(completion), media_type="text/event-stream")
    return JSONReply(completion)


async def list_models(request: Request) -> Response:
    """The base models and the deployed ones, in OpenAI's form."""
    platform: EmbeddedPlatform = request.app.state.platform
    names = [resource_name(PUBLISHER, MODELS, id) for id in REGISTRY]
    names += await anyio.to_thread.run_sync(_deployed_names, platform)
    data = [
        {"id": name, "object": "model", "created": 0, "owned_by": name.split("/")[1], "supports_chat": True}
        for name in names
    ]
    return JSONReply({"object": "list", "data": data})


def _batcher(platform: EmbeddedPlatform, model: str, faults: Faults) -> _Batcher:
    """The batcher in which the requests to one model wait for each other."""
    batchers = _loop_batchers()
    key = (platform.home, model, faults)
    batcher = batchers.get(key)
    if batcher is None:
        if len(batchers) >= _MAX_BATCHERS:
            for idle in [key for key, other in batchers.items() if other.idle]:
                del batchers[idle]

        def process(requests: Sequence[ChatRequest]) -> list[dict[str, Any] | RpcError]:
            completions = complete_or_repair(platform, requests, route(platform, model, faults))
            return with_reasoning(requests, completions, faults)

        batcher = batchers[key] = MicroBatcher(process, _loop_thread_limiter())
    return batcher


def _deployed_names(platform: EmbeddedPlatform) -> list[str]:
    with platform.database.read() as connection:
        deployments = documents.list_all(connection, DEPLOYMENTS, ACCOUNT)
    return [f"{item['baseModel']}#{item['name']}" for item in deployments if item["state"] != "DELETED"]


def _loop_thread_limiter() -> CapacityLimiter:
    try:
        return _thread_limiter.get()
    except LookupError:
        limiter = CapacityLimiter(max(2, os.cpu_count() or 1))
        _thread_limiter.set(limiter)
        return limiter


def _loop_batchers() -> dict[_BatcherKey, _Batcher]:
    try:
        return _batchers.get()
    except LookupError:
        batchers: dict[_BatcherKey, _Batcher] = {}
        _batchers.set(batchers)
        return batchers


async def _events(completion: Mapping[str, Any]) -> AsyncIterator[bytes]:
    """A completion as OpenAI's chunks: role, text token by token, finish reason; then usage and `[DONE]`."""
    common = {key: completion[key] for key in ("id", "created", "model")} | {"object": "chat.completion.chunk"}
    for choice in completion["choices"]:
        index = choice["index"]
        yield _chunk(common, index, {"role": "assistant", "content": ""})
        for token in split_tokens(choice["message"]["content"]):
            yield _chunk(common, index, {"content": token})
        yield _chunk(common, index, {}, choice["finish_reason"], choice["logprobs"])
    yield _event(common | {"choices": [], "usage": completion["usage"]})
    yield b"data: [DONE]\n\n"


def _chunk(
    common: Mapping[str, Any],
    index: int,
    delta: Mapping[str, Any],
    finish_reason: str | None = None,
    logprobs: Any = None,
) -> bytes:
    choice = {"index": index, "delta": delta, "finish_reason": finish_reason, "logprobs": logprobs}
    return _event({**common, "choices": [choice]})


def _event(content: Any) -> bytes:
    return b"data: " + msgspec.json.encode(content) + b"\n\n"

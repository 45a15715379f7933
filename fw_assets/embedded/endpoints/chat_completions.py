"""Chat completions, whole or streamed, and the list of models that can be asked; under both inference prefixes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from typing import Any

import anyio.to_thread
import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from fw_assets.embedded.endpoints.batching import batcher, shared_batcher
from fw_assets.embedded.engine.registry import base_models
from fw_assets.embedded.errors import RpcError
from fw_assets.embedded.http.handler import JSONReply
from fw_assets.embedded.inference.chat_completion import complete_all, count_usage
from fw_assets.embedded.inference.chat_request import ChatRequest, read_request
from fw_assets.embedded.inference.mixed_completion import Part, answer_mixed
from fw_assets.embedded.inference.model_cache import load_model, loaded_model
from fw_assets.embedded.inference.reasoning import check_effort, with_reasoning
from fw_assets.embedded.inference.routing import ServingTarget, known_target, route
from fw_assets.embedded.inference.token_counts import split_tokens
from fw_assets.embedded.jobs.repair import with_repair
from fw_assets.embedded.records.model_documents import PUBLISH_TIME
from fw_assets.embedded.store import documents
from fw_assets.embedded.store.embedded_platform import EmbeddedPlatform
from fw_assets.embedded.store.faults import Faults, attached_faults
from fw_assets.embedded.store.resource_names import ACCOUNT, DEPLOYMENTS, MODELS, PUBLISHER, resource_name


async def complete(request: Request) -> Response:
    """Answer a chat completion, whole or as server-sent events."""
    platform: EmbeddedPlatform = request.app.state.platform
    chat_request = read_request(await request.body())
    faults = attached_faults(request.scope)
    check_effort(chat_request, faults)
    base = _shared_base(platform, chat_request.model, faults)
    if base is None:
        completion = await batcher(_complete, platform, chat_request.model, faults).submit(chat_request)
    else:
        completion = await shared_batcher(_complete_mixed, platform, base, faults).submit(chat_request)
    if chat_request.stream:
        return StreamingResponse(_events(completion), media_type="text/event-stream")
    return JSONReply(completion)


async def list_models(request: Request) -> Response:
    """The base models and the deployed ones, in OpenAI's form."""
    platform: EmbeddedPlatform = request.app.state.platform
    names = [resource_name(PUBLISHER, MODELS, id) for id in base_models()]
    names += await anyio.to_thread.run_sync(_deployed_names, platform)
    data = [
        {"id": name, "object": "model", "created": 0, "owned_by": name.split("/")[1], "supports_chat": True}
        for name in names
    ]
    # `data` is for OpenAI's clients, `models` for those of the System One contract.
    models = [{"name": name, "description": "", "release_date": PUBLISH_TIME[:10]} for name in names]
    return JSONReply({"object": "list", "data": data, "models": models})


def _complete(
    platform: EmbeddedPlatform, requests: Sequence[ChatRequest], target: ServingTarget, faults: Faults
) -> list[dict[str, Any] | RpcError]:
    completions = with_repair(platform, target, lambda: complete_all(platform, requests, target))
    return with_reasoning(requests, completions, faults)


def _shared_base(platform: EmbeddedPlatform, model: str, faults: Faults) -> str | None:
    """The base model whose adapters' requests are answered together, if this is one of its adapters and loaded."""
    target = known_target(platform, model, faults)
    if target is None or target.folder is None:
        return None
    loaded = loaded_model(platform, target)
    return target.base if loaded is not None and loaded.shares_passes else None


def _complete_mixed(
    platform: EmbeddedPlatform, requests: Sequence[ChatRequest], faults: Faults
) -> list[dict[str, Any] | RpcError]:
    """As `_complete`, for requests to several models."""
    completions: list[dict[str, Any] | RpcError] = [{}] * len(requests)
    places: dict[str, list[int]] = {}
    for index, request in enumerate(requests):
        places.setdefault(request.model, []).append(index)
    targets: dict[str, ServingTarget] = {}
    parts: dict[str, Part] = {}
    for model, indices in places.items():
        try:
            target = targets[model] = route(platform, model, faults)
            loaded = with_repair(platform, target, partial(load_model, platform, target))
        except RpcError as error:
            for index in indices:
                completions[index] = error
            continue
        parts[model] = loaded, [requests[index] for index in indices]
    if not parts:
        return completions
    first = targets[next(iter(parts))]
    created = int(platform.clock())
    answered = with_repair(platform, first, lambda: answer_mixed(list(parts.values()), created))
    for (model, (_, asked)), found in zip(parts.items(), answered, strict=True):
        count_usage(platform, targets[model], found)
        for index, completion in zip(places[model], with_reasoning(asked, found, faults), strict=True):
            completions[index] = completion
    return completions


def _deployed_names(platform: EmbeddedPlatform) -> list[str]:
    with platform.database.read() as connection:
        deployments = documents.list_all(connection, DEPLOYMENTS, ACCOUNT)
    return [f"{item['baseModel']}#{item['name']}" for item in deployments if item["state"] != "DELETED"]


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

"""Decisions in both wire forms: System One's and OpenAI's, under both inference prefixes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from fw_assets.embedded.decisions.decide_all import decide_all
from fw_assets.embedded.decisions.distribution import Distribution
from fw_assets.embedded.decisions.openai_wire import read_decisions, write_decisions
from fw_assets.embedded.decisions.question import DecisionRequest
from fw_assets.embedded.decisions.systemone_wire import read_systemone, write_systemone
from fw_assets.embedded.endpoints.batching import batcher
from fw_assets.embedded.errors import RpcError
from fw_assets.embedded.http.handler import JSONReply
from fw_assets.embedded.inference.routing import ServingTarget
from fw_assets.embedded.jobs.repair import with_repair
from fw_assets.embedded.store.embedded_platform import EmbeddedPlatform
from fw_assets.embedded.store.faults import Faults, attached_faults


async def systemone(request: Request) -> Response:
    """Answer questions about a state."""
    return await _answer(request, read_systemone, write_systemone)


async def decisions(request: Request) -> Response:
    """Answer questions about an input, in OpenAI's form."""
    return await _answer(request, read_decisions, write_decisions)


async def _answer(
    request: Request,
    read: Callable[[bytes], DecisionRequest],
    write: Callable[[DecisionRequest, Sequence[Distribution]], dict[str, Any]],
) -> Response:
    decision = read(await request.body())
    platform, faults = request.app.state.platform, attached_faults(request.scope)
    distributions = await batcher(_decide, platform, decision.model, faults).submit(decision)
    return JSONReply(write(decision, distributions))


def _decide(
    platform: EmbeddedPlatform, requests: Sequence[DecisionRequest], target: ServingTarget, faults: Faults
) -> Sequence[list[Distribution] | RpcError]:
    return with_repair(platform, target, lambda: decide_all(platform, requests, target))

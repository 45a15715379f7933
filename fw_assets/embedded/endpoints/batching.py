"""Batchers of inference requests: those to one model by one call wait for each other."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from anyio import CapacityLimiter
from anyio.lowlevel import RunVar

from fw_assets.embedded.errors import RpcError
from fw_assets.embedded.inference.micro_batcher import MicroBatcher
from fw_assets.embedded.inference.routing import ServingTarget, route
from fw_assets.embedded.store.embedded_platform import EmbeddedPlatform
from fw_assets.embedded.store.faults import Faults

# For each call what answers its requests; a batcher keeps the types of its call.
_Batcher = MicroBatcher[Any, Any]
_Answer = Callable[[EmbeddedPlatform, Sequence[Any], ServingTarget, Faults], Sequence[Any | RpcError]]
_SharedAnswer = Callable[[EmbeddedPlatform, Sequence[Any], Faults], Sequence[Any | RpcError]]
_Key = tuple[_Answer | _SharedAnswer, Path, str, Faults]

# One limiter and one set of batchers per event loop: an app may be served by several, one after the other.
_thread_limiter: RunVar[CapacityLimiter] = RunVar("fw_assets.embedded.thread_limiter")
_batchers: RunVar[dict[_Key, _Batcher]] = RunVar("fw_assets.embedded.batchers")
_MAX_BATCHERS = 256


def batcher(answer: _Answer, platform: EmbeddedPlatform, model: str, faults: Faults) -> _Batcher:
    """The batcher in which the requests to one model wait for `answer`, a function of a module."""

    def process(requests: Sequence[Any]) -> Sequence[Any | RpcError]:
        return answer(platform, requests, route(platform, model, faults), faults)

    return _batcher((answer, platform.home, model, faults), process)


def shared_batcher(answer: _SharedAnswer, platform: EmbeddedPlatform, base: str, faults: Faults) -> _Batcher:
    """The batcher in which requests to several models over one base wait for `answer`, which is told their models."""

    def process(requests: Sequence[Any]) -> Sequence[Any | RpcError]:
        return answer(platform, requests, faults)

    return _batcher((answer, platform.home, base, faults), process)


def _batcher(key: _Key, process: Callable[[Sequence[Any]], Sequence[Any | RpcError]]) -> _Batcher:
    batchers = _loop_batchers()
    found = batchers.get(key)
    if found is None:
        if len(batchers) >= _MAX_BATCHERS:
            for idle in [key for key, other in batchers.items() if other.idle]:
                del batchers[idle]
        found = batchers[key] = MicroBatcher(process, _loop_thread_limiter())
    return found


def _loop_thread_limiter() -> CapacityLimiter:
    try:
        return _thread_limiter.get()
    except LookupError:
        limiter = CapacityLimiter(max(2, os.cpu_count() or 1))
        _thread_limiter.set(limiter)
        return limiter


def _loop_batchers() -> dict[_Key, _Batcher]:
    try:
        return _batchers.get()
    except LookupError:
        batchers: dict[_Key, _Batcher] = {}
        _batchers.set(batchers)
        return batchers

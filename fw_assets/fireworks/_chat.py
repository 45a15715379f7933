"""Chat completions: asking for one answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._completion import ChatCompletion
from ._fast_decode import completion_of, read_answer
from ._http import Wire

PATH = "/inference/v1/chat/completions"


async def chat(wire: Wire, body: Mapping[str, Any], *, known: bool) -> ChatCompletion:
    """The completion of `body`, tried again on what may pass; `known`: its deployment surely exists."""
    _check(body)
    started = wire.clock.now()
    answer = await wire.post_for(PATH, body, read_answer, cold=known)
    return completion_of(answer, wire.clock.now() - started)


async def chat_once(wire: Wire, body: Mapping[str, Any]) -> ChatCompletion:
    """The completion of `body` in a single attempt."""
    _check(body)
    started = wire.clock.now()
    answer = await wire.post_once(PATH, body, read_answer)
    return completion_of(answer, wire.clock.now() - started)


def _check(body: Mapping[str, Any]) -> None:
    if body.get("stream"):
        raise ValueError("a streamed answer is not read here; leave `stream` out")
    if not body.get("model") or not body.get("messages"):
        raise ValueError("a chat request needs `model` and `messages`")

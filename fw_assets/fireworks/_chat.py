"""Chat completions: one request, one completion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._completion import ChatCompletion, parse_completion
from ._http import HttpClient

PATH = "/inference/v1/chat/completions"


async def chat(
    http: HttpClient, body: Mapping[str, Any], *, deployment_known: bool, path: str = PATH
) -> ChatCompletion:
    """The completion of `body`, repeated on what may pass."""
    _check(body)
    started = http.clock.now()
    response = await http.post(path, body, idempotent=True, deployment_known=deployment_known)
    return parse_completion(response, http.clock.now() - started)


async def chat_once(http: HttpClient, body: Mapping[str, Any]) -> ChatCompletion:
    """The completion of `body`, in a single attempt."""
    _check(body)
    started = http.clock.now()
    response = await http.post_once(PATH, body)
    return parse_completion(response, http.clock.now() - started)


def _check(body: Mapping[str, Any]) -> None:
    if body.get("stream"):
        raise ValueError("a streamed answer is not read here; leave `stream` out")
    if not body.get("model") or not body.get("messages"):
        raise ValueError("a chat request needs `model` and `messages`")

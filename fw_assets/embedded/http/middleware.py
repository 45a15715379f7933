"""What every request passes first: key, rate limit, faults. Every error gets its envelope here."""

from __future__ import annotations

import hmac
import logging
from typing import Any

import anyio
import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fw_assets.embedded.errors import ApiError
from fw_assets.embedded.http import rate_limit
from fw_assets.embedded.http.signing import PREFIX
from fw_assets.embedded.store import faults
from fw_assets.embedded.store.platform import Platform

_OPEN = ("/openapi.json", "/healthz")
_log = logging.getLogger(__name__)


class Gatekeeper:
    """ASGI middleware around the routes."""

    def __init__(self, app: ASGIApp, platform: Platform) -> None:
        self.app = app
        self.platform = platform
        self.key = platform.api_key.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        path: str = scope["path"]
        started = False

        async def sender(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            if not path.startswith(PREFIX) and path not in _OPEN:
                self._check_key(headers)
                rate_limit.count(self.platform)
            active = faults.current(self.platform, headers.get(faults.HEADER))
            if faults.hold(scope, active) is faults.NONE:
                await self.app(scope, receive, sender)
            else:
                await self._faulty(active, scope, receive, sender)
        except ApiError as error:
            if started:
                raise
            await _answer(sender, path, error)
        except Exception as error:
            _log.exception("%s %s failed", scope["method"], path)
            if started:
                raise
            await _answer(sender, path, ApiError("INTERNAL", f"{type(error).__name__}: {error}"))

    def _check_key(self, headers: dict[bytes, bytes]) -> None:
        given = headers.get(b"x-api-key") or headers.get(b"authorization", b"").removeprefix(b"Bearer ")
        if not hmac.compare_digest(given.strip(), self.key):
            raise ApiError(
                "UNAUTHENTICATED",
                "the API key is missing or wrong; send it as 'Authorization: Bearer KEY' or 'X-Api-Key: KEY'",
            )

    async def _faulty(self, active: faults.Faults, scope: Scope, receive: Receive, send: Send) -> None:
        if active.delay:
            await anyio.sleep(active.delay)
        refusal = faults.refusal(active)
        if refusal is not None:
            raise refusal
        kept = 0.5 if faults.happens(active.truncate) else 0.0 if faults.happens(active.drop) else 1.0
        await self.app(scope, receive, send if kept == 1.0 else _cut(send, kept))


def _cut(send: Send, kept: float) -> Send:
    """A `send` that lets a share of the body through; servers close the connection on such a response."""

    async def cutting(message: Message) -> None:
        if message["type"] == "http.response.body":
            body = message.get("body", b"")
            message = {
                "type": message["type"],
                "body": body[: int(len(body) * kept)],
                "more_body": message.get("more_body", False),
            }
        await send(message)

    return cutting


async def _answer(send: Send, path: str, error: ApiError) -> None:
    body = msgspec.json.encode(envelope(path, error))
    headers = {"content-type": "application/json", "content-length": str(len(body))} | error.headers
    await send(
        {
            "type": "http.response.start",
            "status": error.status,
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        }
    )
    await send({"type": "http.response.body", "body": body})


def envelope(path: str, error: ApiError) -> dict[str, Any]:
    """The error's body: inference calls have another than management calls."""
    inference = path.startswith(("/inference/", "/v1/chat/")) or path == "/v1/models"
    return error.inference() if inference else error.management()

"""Middleware around all routes: API key, rate limit, faults, and the envelope of every error."""

from __future__ import annotations

import hmac
import logging
from typing import Any

import anyio
import msgspec
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fw_assets.embedded.errors import RpcError, machine_fault
from fw_assets.embedded.http import rate_limit
from fw_assets.embedded.http.body_limit import limited
from fw_assets.embedded.http.content_coding import decoded
from fw_assets.embedded.http.signing import SIGNED_PREFIX
from fw_assets.embedded.store import faults
from fw_assets.embedded.store.embedded_platform import EmbeddedPlatform

DECISION_PATHS = ("/v1/systemone", "/v1/decisions")
_KEYLESS_PATHS = ("/openapi.json", "/healthz")
_log = logging.getLogger(__name__)


class PlatformMiddleware:
    def __init__(self, app: ASGIApp, platform: EmbeddedPlatform) -> None:
        self.app = app
        self.platform = platform
        self.key = platform.api_key.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        path: str = scope["path"]
        response_started = False

        async def watched_send(message: Message) -> None:
            nonlocal response_started
            response_started = True
            await send(message)

        try:
            has_key = self._has_key(headers)
            if not path.startswith(SIGNED_PREFIX) and path not in _KEYLESS_PATHS:
                if not has_key:
                    raise _unauthenticated()
                rate_limit.count_request(self.platform)
            receive = decoded(limited(receive, path, headers), path, headers)
            # Whoever has no key must not hold up a connection at will.
            active = faults.active_faults(self.platform, headers.get(faults.HEADER) if has_key else None)
            if faults.attach(scope, active) is faults.NO_FAULTS:
                await self.app(scope, receive, watched_send)
            else:
                await self._respond_faultily(active, scope, receive, watched_send)
        except RpcError as error:
            if response_started:
                raise
            await _send_error(watched_send, path, error)
        except OSError as error:
            if response_started:
                raise
            await _send_error(watched_send, path, machine_fault(error, self.platform.home))
        except ClientDisconnect:
            return  # in the middle of its body: nobody is there to be answered
        except Exception as error:
            _log.exception("%s %s failed", scope["method"], path)
            if response_started:
                raise
            await _send_error(watched_send, path, RpcError("INTERNAL", f"{type(error).__name__}: {error}"))

    def _has_key(self, headers: dict[bytes, bytes]) -> bool:
        key = headers.get(b"x-api-key") or headers.get(b"authorization", b"").removeprefix(b"Bearer ")
        return hmac.compare_digest(key.strip(), self.key)

    async def _respond_faultily(self, active: faults.Faults, scope: Scope, receive: Receive, send: Send) -> None:
        if active.delay:
            await anyio.sleep(active.delay)
        if active.lacks and active.lacks in scope["path"]:
            raise RpcError("NOT_FOUND", f"{scope['path']}: there is no such call")
        refusal = faults.stated_refusal(active, scope["method"]) or faults.random_refusal(active)
        if refusal is not None:
            raise refusal
        share = 0.5 if faults.happens(active.truncate) else 0.0 if faults.happens(active.drop) else 1.0
        await self.app(scope, receive, send if share == 1.0 else _truncating_send(send, share))


def _unauthenticated() -> RpcError:
    return RpcError(
        "UNAUTHENTICATED",
        "the API key is missing or wrong; send it as 'Authorization: Bearer KEY' or 'X-Api-Key: KEY'",
    )


def _truncating_send(send: Send, share: float) -> Send:
    """A `send` that passes on a share of each body; servers close the connection after such a response."""

    async def truncated(message: Message) -> None:
        if message["type"] == "http.response.body":
            body = message.get("body", b"")
            message = {
                "type": message["type"],
                "body": body[: int(len(body) * share)],
                "more_body": message.get("more_body", False),
            }
        await send(message)

    return truncated


async def _send_error(send: Send, path: str, error: RpcError) -> None:
    body = msgspec.json.encode(error_body(path, error))
    headers = {"content-type": "application/json", "content-length": str(len(body))} | error.headers
    await send(
        {
            "type": "http.response.start",
            "status": error.status,
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        }
    )
    await send({"type": "http.response.body", "body": body})


def error_body(path: str, error: RpcError) -> dict[str, Any]:
    """The body of a refusal, in the envelope of the API that the path belongs to."""
    if path.endswith(DECISION_PATHS):
        return error.decision_body()
    is_inference = path.startswith(("/inference/", "/v1/chat/")) or path == "/v1/models"
    return error.inference_body() if is_inference else error.management_body()

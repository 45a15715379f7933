"""How a management handler is called: a plain function of a `Call`, run in a thread."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import anyio.to_thread
import msgspec
from starlette.requests import Request
from starlette.responses import Response

from fw_assets.embedded.errors import ApiError, invalid
from fw_assets.embedded.store import faults
from fw_assets.embedded.store.faults import NONE, Faults
from fw_assets.embedded.store.platform import Platform
from fw_assets.embedded.store.resource_ids import ACCOUNT, PUBLISHER

MAX_BODY = 4 * 1024 * 1024


@dataclass(frozen=True)
class Call:
    """One request to the management API.

    Attributes:
        account: the account in the path, already known to exist.
        id: the resource id in the path, empty for calls on a collection.
        query: the last value of every query parameter.
        body: the JSON object that was sent, empty when there was none.
        base_url: scheme and host that the caller used, for URLs that lead back here.
        faults: those that concern this request.
    """

    platform: Platform
    account: str
    id: str
    query: Mapping[str, str]
    body: Mapping[str, Any]
    base_url: str
    faults: Faults = NONE


Handler = Callable[[Call], Mapping[str, Any]]
Endpoint = Callable[[Request], Awaitable[Response]]


class JSONReply(Response):
    """A response with a JSON body."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return msgspec.json.encode(content)


def endpoint(handler: Handler) -> Endpoint:
    """`handler` as something that a route can lead to."""

    async def respond(request: Request) -> Response:
        call = Call(
            platform=request.app.state.platform,
            account=check_account(request),
            id=request.path_params.get("id", ""),
            query=request.query_params,
            body=await read_object(request),
            base_url=str(request.base_url).rstrip("/"),
            faults=faults.of(request.scope),
        )
        return JSONReply(await anyio.to_thread.run_sync(handler, call))

    respond.__name__ = handler.__name__
    respond.__doc__ = handler.__doc__
    return respond


def check_account(request: Request) -> str:
    """The account of the path, when the caller may do there what the method does.

    Raises:
        ApiError: PERMISSION_DENIED for other accounts, and for writing to the publisher's.
    """
    account = str(request.path_params.get("account", ACCOUNT))
    reads = request.method in ("GET", "HEAD")
    if account != ACCOUNT and not (account == PUBLISHER and reads):
        verb = "read" if reads else "change"
        raise ApiError("PERMISSION_DENIED", f"this key may not {verb} accounts/{account}")
    return account


async def read_object(request: Request) -> dict[str, Any]:
    """The request's JSON object; empty when it has no body."""
    if int(request.headers.get("content-length") or 0) > MAX_BODY:
        raise ApiError("INVALID_ARGUMENT", "the request body is over 4 MB", status=413)
    body = await request.body()
    if not body:
        return {}
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise invalid(f"the body is not a JSON object: {error}") from None

"""Handlers of the management API: plain functions of an `ApiRequest`, run in a thread."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import anyio.to_thread
import msgspec
from starlette.requests import Request
from starlette.responses import Response

from fw_assets.embedded.errors import RpcError, invalid
from fw_assets.embedded.http.own_address import own_address
from fw_assets.embedded.store.embedded_platform import EmbeddedPlatform
from fw_assets.embedded.store.faults import NO_FAULTS, Faults, attached_faults
from fw_assets.embedded.store.resource_names import ACCOUNT, PUBLISHER


@dataclass(frozen=True)
class ApiRequest:
    """One request to the management API.

    Attributes:
        account: the account in the path, which exists.
        id: the resource id in the path, empty for requests to a collection.
        query: the last value of every query parameter.
        body: the JSON object that was sent, empty when there was none.
        base_url: scheme and host by which the caller reaches this server, for URLs that lead back here.
        faults: those that concern this request.
    """

    platform: EmbeddedPlatform
    account: str
    id: str
    query: Mapping[str, str]
    body: Mapping[str, Any]
    base_url: str
    faults: Faults = NO_FAULTS


Handler = Callable[[ApiRequest], Mapping[str, Any]]
Endpoint = Callable[[Request], Awaitable[Response]]


class JSONReply(Response):
    """A response with a JSON body."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return msgspec.json.encode(content)


def endpoint(handler: Handler) -> Endpoint:
    """The ASGI endpoint of a handler."""

    async def respond(request: Request) -> Response:
        api_request = ApiRequest(
            platform=request.app.state.platform,
            account=check_account(request),
            id=request.path_params.get("id", ""),
            query=request.query_params,
            body=await _read_object(request),
            base_url=request.app.state.public_url or own_address(request.scope),
            faults=attached_faults(request.scope),
        )
        return JSONReply(await anyio.to_thread.run_sync(handler, api_request))

    respond.__name__ = handler.__name__
    respond.__doc__ = handler.__doc__
    return respond


def check_account(request: Request) -> str:
    """The account of the path, if the key may use the request's method there.

    Raises:
        RpcError: PERMISSION_DENIED for other accounts, and for writing to the publisher's.
    """
    account = str(request.path_params.get("account", ACCOUNT))
    is_read = request.method in ("GET", "HEAD")
    if account != ACCOUNT and not (account == PUBLISHER and is_read):
        verb = "read" if is_read else "change"
        raise RpcError("PERMISSION_DENIED", f"this key may not {verb} accounts/{account}")
    return account


async def _read_object(request: Request) -> dict[str, Any]:
    body = await request.body()
    if not body:
        return {}
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise invalid(f"the body is not a JSON object: {error}") from None

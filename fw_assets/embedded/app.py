"""The ASGI app of the embedded platform."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from fw_assets.embedded import openapi
from fw_assets.embedded.errors import ApiError
from fw_assets.embedded.http.endpoint import JSONReply
from fw_assets.embedded.http.middleware import Gatekeeper, envelope
from fw_assets.embedded.routes import routes
from fw_assets.embedded.store.platform import open_platform


def create_app(home: Path) -> Starlette:
    """The platform whose state lies in `home`, which is made when it is not there.

    It needs no lifespan events and no particular event loop, and may be made as often as wanted: state is on
    disk, and loaded models belong to the process.
    """
    platform = open_platform(home)
    app = Starlette(
        routes=routes(openapi.document),
        middleware=[Middleware(Gatekeeper, platform=platform)],
        exception_handlers={HTTPException: _unrouted},
    )
    app.state.platform = platform
    return app


async def _unrouted(request: Request, error: Exception) -> Response:
    """No such path, or not with this method."""
    assert isinstance(error, HTTPException)
    code = (
        "UNIMPLEMENTED" if error.status_code == 405 else "NOT_FOUND" if error.status_code == 404 else "INVALID_ARGUMENT"
    )
    refusal = ApiError(code, f"{request.method} {request.url.path}: {error.detail}", status=error.status_code)
    return JSONReply(envelope(request.url.path, refusal), status_code=error.status_code, headers=error.headers)

"""The ASGI app of the embedded platform."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from fw_assets.embedded import openapi
from fw_assets.embedded.errors import RpcError
from fw_assets.embedded.http.handler import JSONReply
from fw_assets.embedded.http.middleware import PlatformMiddleware, error_body
from fw_assets.embedded.routes import routes
from fw_assets.embedded.settings import embedded_settings
from fw_assets.embedded.store.embedded_platform import open_platform


def create_app(home: Path) -> Starlette:
    """The app of the platform whose state is in `home`; a missing home is created.

    It needs neither lifespan events nor a particular event loop, and any number of apps may serve one home: state is on
    disk, and loaded models belong to the process.
    """
    platform = open_platform(home)
    app = Starlette(
        routes=routes(openapi.document),
        middleware=[Middleware(PlatformMiddleware, platform=platform)],
        exception_handlers={HTTPException: _refuse_unrouted},
    )
    app.state.platform = platform
    app.state.public_url = (embedded_settings().fw_public_url or "").rstrip("/")
    return app


async def _refuse_unrouted(request: Request, error: Exception) -> Response:
    """The refusal of an unknown path or method."""
    assert isinstance(error, HTTPException)
    code = {404: "NOT_FOUND", 405: "UNIMPLEMENTED"}.get(error.status_code, "INVALID_ARGUMENT")
    refusal = RpcError(code, f"{request.method} {request.url.path}: {error.detail}", status=error.status_code)
    return JSONReply(error_body(request.url.path, refusal), status_code=error.status_code, headers=error.headers)

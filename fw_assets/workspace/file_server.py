"""File server of the workspace for the links in Dagster's UI: reports, plans, predictions, and nothing else.

Read only. Hidden files (the platform's state and its key) are not served, and a page of another site whose host name
resolves to this machine is refused by its `Host` header.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Route

URL_PREFIX = "/workspace"
MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".md": "text/plain; charset=utf-8",
    ".csv": "text/plain; charset=utf-8",
    ".json": "application/json",
    ".jsonl": "text/plain; charset=utf-8",
    ".parquet": "application/vnd.apache.parquet",
}


def file_server(root: Path, hosts: Sequence[str] = ("127.0.0.1", "localhost", "[::1]")) -> Starlette:
    """The ASGI application for the local workspace at `root`.

    Args:
        hosts: the host names that requests may name.
    """
    root = root.resolve()

    def serve_file(request: Request) -> FileResponse:
        requested = Path(request.path_params["path"])
        path = (root / requested).resolve()
        hidden = any(part.startswith(".") for part in requested.parts)
        if hidden or path.suffix not in MEDIA_TYPES or not path.is_relative_to(root) or not path.is_file():
            raise HTTPException(404)
        headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}
        return FileResponse(path, media_type=MEDIA_TYPES[path.suffix], headers=headers)

    host_check = Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))
    return Starlette(routes=[Route("/{path:path}", serve_file)], middleware=[host_check])

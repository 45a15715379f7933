"""The workspace's files over HTTP, for the links in Dagster's UI: reports, plans, predictions, and nothing else.

Read only. Hidden files (the platform's state and its key) are not there, and a page on another site that has a name
resolve to this machine is refused by its `Host`.
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

PREFIX = "/workspace"
KINDS = {
    ".html": "text/html; charset=utf-8",
    ".md": "text/plain; charset=utf-8",
    ".csv": "text/plain; charset=utf-8",
    ".json": "application/json",
    ".jsonl": "text/plain; charset=utf-8",
    ".parquet": "application/vnd.apache.parquet",
}


def pages(root: Path, hosts: Sequence[str] = ("127.0.0.1", "localhost", "[::1]")) -> Starlette:
    """An application that serves what a person reads in the workspace at `root`.

    Args:
        hosts: the names under which it may be asked.
    """
    root = root.resolve()

    def page(request: Request) -> FileResponse:
        place = Path(request.path_params["place"])
        path = (root / place).resolve()
        hidden = any(part.startswith(".") for part in place.parts)
        if hidden or path.suffix not in KINDS or not path.is_relative_to(root) or not path.is_file():
            raise HTTPException(404)
        headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}
        return FileResponse(path, media_type=KINDS[path.suffix], headers=headers)

    guard = Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))
    return Starlette(routes=[Route("/{place:path}", page)], middleware=[guard])

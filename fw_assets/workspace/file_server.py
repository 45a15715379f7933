"""File server of the workspace for a browser: what a person reads, read only, to whoever has the link.

Served are a registered dataset's reports, plan, doubtful labels, quarantined rows, predictions and history
(`READABLE`), and an index of the reports. Registrations, ledgers, answers, rows and keys are not: they are the
pipeline's. Links lead nowhere: a path that goes through a symbolic link is not there.

A request needs the workspace's token: in the link, which then leaves it in a cookie and goes on without it, so that it
stays in no history; or one of the keys. A page of another site whose host name resolves to this machine is refused by
its `Host` header.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

URL_PREFIX = "/workspace"
READABLE: Mapping[str, str] = {
    r"final_report\.html": "text/html; charset=utf-8",
    r"final_report\.md": "text/plain; charset=utf-8",
    r"model_card\.md": "text/plain; charset=utf-8",
    r"report\.json": "application/json",
    r"plan\.md": "text/plain; charset=utf-8",
    r"label_suspects_[a-z]+\.csv": "text/plain; charset=utf-8",
    r"rejected_rows\.jsonl": "text/plain; charset=utf-8",
    r"regression\.jsonl": "text/plain; charset=utf-8",
    r"predictions/[^/]+\.parquet": "application/vnd.apache.parquet",
}
"""What is served of a dataset's folder: pattern of its path, and media type."""
_DATASET_FILE = re.compile(r"([^/.\\\0][^/\\\0]*)/([^\\\0]+)")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache, private",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}
_INDEX_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def file_server(
    root: Path,
    token: str,
    *,
    keys: Sequence[str] = (),
    hosts: Sequence[str] = ("127.0.0.1", "localhost", "[::1]"),
    start: str = "fw-assets run FILE",
) -> Starlette:
    """The ASGI application for the local workspace at `root`.

    Args:
        token: opens the files as `?token=`, and then as a cookie.
        keys: open them too, as `Authorization: Bearer KEY` or `X-Api-Key: KEY`.
        hosts: the host names that requests may name.
        start: the command that the page of a workspace without datasets shows.
    """
    root = root.resolve()
    cookie = f"fw-assets-{_same_as(token)[:12]}"

    def respond(request: Request) -> Response:
        given = request.query_params.get("token")
        if given is not None and _is_one_of(given, [token]):
            return _remember(request, cookie, token)
        if not _is_one_of(request.cookies.get(cookie, ""), [token]) and not _is_one_of(_key(request), keys):
            return PlainTextResponse(
                "Open the link that `fw-assets serve` prints, or send the platform's key as X-Api-Key.\n", 401, _HEADERS
            )
        path = request.path_params["path"]
        return _index(root, start) if path == "" else _file(root, path)

    host_check = Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))
    return Starlette(routes=[Route("/{path:path}", respond)], middleware=[host_check])


def _file(root: Path, requested: str) -> Response:
    match = _DATASET_FILE.fullmatch(requested)
    media_type = next((kind for pattern, kind in READABLE.items() if match and re.fullmatch(pattern, match[2])), None)
    if match is None or media_type is None or not _is_own(root, match[1], "assets/registration.json"):
        return _missing()
    if not _is_own(root, match[1], match[2]):
        return _missing()
    return FileResponse(root / requested, media_type=media_type, headers=_HEADERS)


def _index(root: Path, start: str) -> Response:
    """Page with each dataset's reports and plan."""
    folders = sorted(folder.name for folder in root.iterdir()) if root.is_dir() else []
    lines = []
    for name in folders:
        if name.startswith(".") or not _is_own(root, name, "assets/registration.json"):
            continue
        shown = [
            file
            for file in ("final_report.html", "final_report.md", "model_card.md", "plan.md")
            if _is_own(root, name, file)
        ]
        links = " · ".join(f'<a href="{URL_PREFIX}/{quote(name)}/{file}">{file}</a>' for file in shown)
        lines.append(f"<li><b>{escape(name)}</b>: {links or 'nothing yet'}</li>")
    body = f"<ul>{''.join(lines)}</ul>" if lines else "<p>No datasets yet. Start with: {escape(start)}</p>"
    page = f'<!doctype html><meta charset="utf-8"><title>Reports</title><h1>Reports</h1>{body}\n'
    return HTMLResponse(page, headers=_HEADERS | {"Content-Security-Policy": _INDEX_POLICY})


def _is_own(root: Path, dataset: str, name: str) -> bool:
    """Whether a file of a dataset is there, and no link leads to it."""
    try:
        path = root / dataset / name
        return path.is_file() and path.resolve() == path
    except (OSError, ValueError):
        return False


def _missing() -> Response:
    return PlainTextResponse("Not Found\n", 404, _HEADERS)


def _remember(request: Request, cookie: str, token: str) -> Response:
    """The same address without its token, which a cookie of this path holds from now on."""
    path = quote(f"{URL_PREFIX}/{request.path_params['path']}")
    response = RedirectResponse(path, 303, _HEADERS)
    response.set_cookie(cookie, token, path=URL_PREFIX, httponly=True, samesite="lax")
    return response


def _key(request: Request) -> str:
    return request.headers.get("x-api-key") or request.headers.get("authorization", "").removeprefix("Bearer ")


def _is_one_of(given: str, accepted: Sequence[str]) -> bool:
    # Digests: their comparison takes equally long for any text, and takes any characters.
    return any(hmac.compare_digest(_same_as(given), _same_as(secret)) for secret in accepted)


def _same_as(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()

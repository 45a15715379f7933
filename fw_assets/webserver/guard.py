"""Guard: an ASGI middleware that lets nobody but the person at the UI change anything.

Dagster's webserver runs mutations from any request, whoever made it: a page on another site that the same browser has
open can send one blindly, by an image, a form, `fetch` or a websocket. A browser says where a request comes from
(`Origin`, `Sec-Fetch-Site`) and a page cannot change that, so what comes from elsewhere is refused. A name that an
attacker's DNS points to this machine arrives with that name as `Host`, which must therefore be a known one.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_POLICY_VIOLATION = 1008
"""The websocket close code of RFC 6455 for a peer that is not welcome."""


@dataclass(frozen=True)
class GuardPolicy:
    """Who may use the UI.

    Attributes:
        hosts: names under which the UI is opened, without port; the address bar shows one of them.
        password: asked for by HTTP Basic authentication, with any user name; None asks for none.
        proxy_header: name of a header that holds the user whom a reverse proxy has authenticated. Believed only from
            `proxies`; a request without it is refused.
        proxies: addresses or networks of that reverse proxy.
    """

    hosts: tuple[str, ...] = LOOPBACK_HOSTS
    password: str | None = None
    proxy_header: str | None = None
    proxies: tuple[str, ...] = ("127.0.0.1", "::1")


@dataclass(frozen=True)
class Refusal:
    """Why a request is turned away: an HTTP status and a sentence for the person who reads it."""

    status: int
    reason: str


class Guard:
    """ASGI middleware: passes on what `refusal` has nothing against."""

    def __init__(self, app: ASGIApp, policy: GuardPolicy) -> None:
        self._app, self._policy = app, policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refused = refusal(scope, self._policy)
        if refused is None:
            await self._app(scope, receive, _unframed(send))
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION, "reason": refused.reason})
        else:
            headers = {"WWW-Authenticate": 'Basic realm="fw-assets"'} if refused.status == 401 else {}
            await PlainTextResponse(f"{refused.reason}\n", refused.status, headers)(scope, receive, send)


def refusal(scope: Scope, policy: GuardPolicy) -> Refusal | None:
    """Why a request is not passed on; None for one that is."""
    headers = Headers(scope=scope)
    return (
        _foreign_host(headers, policy)
        or _foreign_origin(scope, headers)
        or _blind_change(scope, headers)
        or _unknown_person(scope, headers, policy)
    )


def _foreign_host(headers: Headers, policy: GuardPolicy) -> Refusal | None:
    hosts = headers.getlist("host")
    if len(hosts) == 1 and _host_name(hosts[0]) in policy.hosts:
        return None
    return Refusal(400, "This UI is not opened under that name; `fw-assets ui --allow-host NAME` adds one.")


def _host_name(host: str) -> str | None:
    if "@" in host:
        return None
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _foreign_origin(scope: Scope, headers: Headers) -> Refusal | None:
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if origin is not None and not _is_own(origin, headers["host"]):
        return Refusal(403, "This request comes from another site.")
    if site in (None, "none", "same-origin"):
        return None
    # A link on another page may lead to a page of the UI, which is opened in its own tab and asks for itself.
    opens_a_page = (
        scope["type"] == "http"
        and scope["method"] == "GET"
        and headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest") == "document"
        and not _is_graphql(scope)
    )
    return None if opens_a_page else Refusal(403, "This request comes from another site.")


def _is_own(origin: str, host: str) -> bool:
    try:
        parts = urlsplit(origin)
        own = urlsplit(f"{parts.scheme}://{host}")
        return parts.scheme in ("http", "https") and (parts.hostname, _port(parts)) == (own.hostname, _port(own))
    except ValueError:
        return False


def _port(parts: object) -> int:
    port, scheme = getattr(parts, "port", None), getattr(parts, "scheme", "")
    return port or (443 if scheme == "https" else 80)


def _blind_change(scope: Scope, headers: Headers) -> Refusal | None:
    """What a page could send without being allowed to read the answer: a GET, or a form."""
    if scope["type"] == "websocket":
        return None
    if scope["method"] in _READING:
        if _is_graphql(scope) and "query" in parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True):
            return Refusal(405, "GraphQL is asked by POST here, never by GET.")
        return None
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        return Refusal(415, "Only application/json is accepted here.")
    return None


def _is_graphql(scope: Scope) -> bool:
    return str(scope["path"]).rstrip("/").lower().endswith("/graphql")


def _unknown_person(scope: Scope, headers: Headers, policy: GuardPolicy) -> Refusal | None:
    if policy.proxy_header is not None:
        users = headers.getlist(policy.proxy_header)
        if _is_from(scope, policy.proxies) and len(users) == 1 and users[0].strip():
            return None
        return Refusal(403, f"This UI is reached through its proxy, which names the user in {policy.proxy_header}.")
    if policy.password is None or _has_password(headers.get("authorization", ""), policy.password):
        return None
    return Refusal(401, "This UI asks for a password ($FW_UI_PASSWORD).")


def _is_from(scope: Scope, networks: Sequence[str]) -> bool:
    address = (scope.get("client") or ("", 0))[0]
    try:
        peer = ipaddress.ip_address(address)
        return any(peer in ipaddress.ip_network(network, strict=False) for network in networks)
    except ValueError:
        return False


def _has_password(authorization: str, password: str) -> bool:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return False
    try:
        _, _, given = base64.b64decode(encoded.strip(), validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return False
    return secrets.compare_digest(given, password.encode())


def _unframed(send: Send) -> Send:
    """`send` that forbids other pages to show the UI in a frame, where a click could be stolen."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), (b"x-frame-options", b"DENY")]}
        await send(message)

    return sending

"""Address of this server as a caller can use it, made of the connection and not of what the caller says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")


def own_address(scope: Mapping[str, Any]) -> str:
    """Scheme, host and port of the socket that a request came in on.

    A `Host` header is believed where it names loopback, as through a tunnel or a container's mapped port: it leads
    nobody to another machine. Proxies in front are configured (`FW_PUBLIC_URL`).
    """
    host, port = scope.get("server") or ("127.0.0.1", None)
    header = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
    try:
        named = urlsplit(f"//{header}")
        if named.hostname in LOOPBACK_NAMES and "@" not in header:
            host, port = named.hostname, named.port
    except ValueError:
        pass
    bracketed = f"[{host}]" if ":" in host else host
    return f"{scope['scheme']}://{bracketed}" + (f":{port}" if port else "")

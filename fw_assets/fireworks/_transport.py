"""The transport interface of this package, and how long a transport waits."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, Literal, get_args

import httpx

Method = Literal["GET", "POST", "PUT"]
METHODS: tuple[str, ...] = get_args(Method)
"""All that is ever sent: nothing can be deleted or changed in place."""

CONNECT_SECONDS = 10.0
READ_SECONDS = 60.0
"""How long the platform may be silent."""
WRITE_SECONDS = 60.0


class BufferedTransport(httpx.AsyncBaseTransport):
    """An httpx transport that can also send bytes and return bytes, without an httpx object per request.

    httpx's `Request` and `Response` cost more processor time than everything else in a small call
    (docs/measurements.md).
    """

    @abstractmethod
    async def send(
        self, method: Method, url: str, headers: Mapping[str, str], data: bytes | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and decompressed body, within the times of this module.

        Raises:
            httpx.TransportError: no whole response came.
        """


def timeouts(read_seconds: float) -> dict[str, Any]:
    """The request extension that tells an httpx transport how long to wait."""
    return {"timeout": {"connect": CONNECT_SECONDS, "read": read_seconds, "write": WRITE_SECONDS, "pool": None}}

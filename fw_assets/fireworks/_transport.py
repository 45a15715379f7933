"""What this package asks of a transport beyond httpx's own interface, and how long it waits."""

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


class WholeTransport(httpx.AsyncBaseTransport):
    """An httpx transport with a short way for what fits into memory, which makes no httpx objects."""

    @abstractmethod
    def prepared(self, headers: httpx.Headers) -> Any:
        """Headers in the form that `exchange` takes, for many requests."""

    @abstractmethod
    async def exchange(
        self, method: Method, url: str, headers: Any, data: bytes | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and content, decompressed; within the times of this module.

        Raises:
            httpx.TransportError: no whole answer.
        """


def times(read_seconds: float) -> dict[str, Any]:
    """The extension that tells an httpx transport how long to wait."""
    return {"timeout": {"connect": CONNECT_SECONDS, "read": read_seconds, "write": WRITE_SECONDS, "pool": None}}

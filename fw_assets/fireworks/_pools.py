"""Many small connection pools behind one transport.

httpcore's pool looks at every connection for each request, so that one pool for 64 requests at a time spends
most of its time looking. Each pool here has few connections, and a request goes to the least busy one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.request import getproxies, proxy_bypass

import httpx

POOLS = 32
CONNECTIONS = 8
"""Connections per pool; the product is far above the concurrency that is meant."""


class Pools(httpx.AsyncBaseTransport):
    """Routes each request to the pool with the fewest answers outstanding."""

    def __init__(self, base_url: str, *, pools: int = POOLS) -> None:
        url = httpx.URL(base_url)
        verify = httpx.create_ssl_context() if url.scheme == "https" else False
        limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
        proxy = _proxy(url)
        self._pools = [
            httpx.AsyncHTTPTransport(verify=verify, limits=limits, proxy=proxy, trust_env=False)
            for _ in range(pools)
        ]
        self._busy = [0] * pools

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Sends the request; its pool counts as busy until the answer is read or closed."""
        busy = self._busy
        index = busy.index(min(busy))
        busy[index] += 1
        try:
            response = await self._pools[index].handle_async_request(request)
        except BaseException:
            busy[index] -= 1
            raise
        assert isinstance(response.stream, httpx.AsyncByteStream)
        response.stream = _Counted(response.stream, self, index)
        return response

    def release(self, index: int) -> None:
        """One answer of pool `index` is done."""
        self._busy[index] -= 1

    async def aclose(self) -> None:
        """Closes every pool."""
        for pool in self._pools:
            await pool.aclose()


class _Counted(httpx.AsyncByteStream):
    """An answer's body that tells its pool when it is closed."""

    def __init__(self, stream: httpx.AsyncByteStream, pools: Pools, index: int) -> None:
        self._stream = stream
        self._pools = pools
        self._index = index
        self._open = True

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            yield chunk

    async def aclose(self) -> None:
        if self._open:
            self._open = False
            self._pools.release(self._index)
        await self._stream.aclose()


def _proxy(url: httpx.URL) -> str | None:
    """The proxy of the environment for `url`, as httpx itself would choose it."""
    if proxy_bypass(url.host):
        return None
    found = getproxies()
    return found.get(url.scheme) or found.get("all")

"""The network as an httpx transport that carries requests over aiohttp.

httpcore's pool looks at every connection for each request, and httpx's request and response objects double the
processor time of a small call; docs/measurements.md has the figures beside httpx, httpx2 and httpx-aiohttp. Everything
above this module takes any httpx transport, so that an ASGI application or a test's handler can replace the network.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from functools import lru_cache
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx
from yarl import URL

from ._bodies import MAX_ANSWER_BYTES, whole_body
from ._transport import CONNECT_SECONDS, READ_SECONDS, BufferedTransport, Method

MAX_CONNECTIONS = 256
"""Further requests wait for a connection to be free."""

_ADDED_BY_AIOHTTP = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")
_FRAMING_HEADERS = {b"transfer-encoding", b"connection"}
_SEND_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=READ_SECONDS)


class AiohttpTransport(BufferedTransport):
    """HTTP/1.1 over the machine's network, through the proxies of its environment. Redirects are not followed."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None
        proxies = getproxies()

        # Cached, since `proxy_bypass` parses `no_proxy` at each call.
        @lru_cache(maxsize=64)
        def proxy(scheme: str, host: str) -> str | None:
            url = proxies.get(scheme) or proxies.get("all")
            return None if url is None or proxy_bypass(host) else url

        self._proxy = proxy

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Sends the request; the response's body is read as its stream is iterated."""
        limits = request.extensions.get("timeout", {})
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=limits.get("connect"), sock_read=limits.get("read"))
        try:
            response = await self._open_session().request(
                request.method,
                URL(str(request.url), encoded=True),
                headers=_headers(request),
                data=_body(request),
                timeout=timeout,
                proxy=self._proxy(request.url.scheme, request.url.host),
                allow_redirects=False,
            )
        except (aiohttp.ClientError, OSError) as error:
            raise _as_httpx(error, request) from error
        return httpx.Response(
            response.status, headers=response.raw_headers, stream=_Body(response, request), request=request
        )

    async def send(
        self, method: Method, url: str, headers: Mapping[str, str], data: bytes | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and decompressed body."""
        address = URL(url, encoded=True)
        try:
            response = await self._open_session().request(
                method,
                address,
                headers=headers,
                data=data,
                timeout=_SEND_TIMEOUT,
                proxy=self._proxy(address.scheme, address.host or ""),
                allow_redirects=False,
            )
            return response.status, response.headers, await _read(response, f"{method} {address.path}")
        except (aiohttp.ClientError, OSError) as error:
            raise _as_httpx(error) from error

    async def aclose(self) -> None:
        """Closes every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=MAX_CONNECTIONS),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,  # `_bodies` decompresses, within limits
                skip_auto_headers=_ADDED_BY_AIOHTTP,
                read_bufsize=1 << 18,
            )
        return self._session


class _Body(httpx.AsyncByteStream):
    """A response's body; closing it early closes the connection, which cannot be used again."""

    def __init__(self, response: aiohttp.ClientResponse, request: httpx.Request) -> None:
        self._response = response
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._response.content.iter_any():
                yield chunk
        except (aiohttp.ClientError, OSError) as error:
            raise _as_httpx(error, self._request) from error

    async def aclose(self) -> None:
        self._response.close()


async def _read(response: aiohttp.ClientResponse, name: str) -> bytes:
    encoding = response.headers.get("Content-Encoding", "")
    if not encoding and response.content_length is not None and response.content_length <= MAX_ANSWER_BYTES:
        return await response.read()
    try:
        return await whole_body(response.content.iter_any(), encoding, name)
    finally:
        response.close()


def _headers(request: httpx.Request) -> list[tuple[str, str]]:
    # aiohttp frames the body itself, and sets the length that it is given or counts.
    return [
        (name.decode("ascii"), value.decode("latin-1"))
        for name, value in request.headers.raw
        if name.lower() not in _FRAMING_HEADERS
    ]


def _body(request: httpx.Request) -> bytes | AsyncIterator[bytes] | None:
    if isinstance(request.stream, httpx.ByteStream):
        return b"".join(request.stream) or None
    assert isinstance(request.stream, httpx.AsyncByteStream)
    return aiter(request.stream)


def _as_httpx(error: Exception, request: httpx.Request | None = None) -> httpx.TransportError:
    """aiohttp's errors as httpx's, which tell whether the request can have been delivered."""
    kind: type[httpx.TransportError] = httpx.ReadError
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        kind = httpx.ConnectTimeout
    elif isinstance(error, TimeoutError):
        kind = httpx.ReadTimeout
    elif isinstance(error, aiohttp.ClientConnectorError):
        kind = httpx.ConnectError
    elif isinstance(error, aiohttp.ClientPayloadError | aiohttp.ServerDisconnectedError):
        kind = httpx.RemoteProtocolError
    return kind(str(error), request=request)

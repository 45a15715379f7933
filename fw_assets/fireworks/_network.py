"""The network as an httpx transport, carried by aiohttp.

httpcore's pool looks at every connection for each request: at 64 requests at a time it costs some 20 ms of
processor per request, in many small pools still 2.5 ms, and aiohttp 0.3 ms. Everything above this module
speaks httpx, so that any httpx transport (an ASGI application, a handler of a test) can take its place.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx
from multidict import CIMultiDict
from yarl import URL

from ._transport import CONNECT_SECONDS, READ_SECONDS, Method, WholeTransport

CONNECTIONS = 256
"""At most this many at a time; further requests wait for one to be free."""

_PLACES = 1024
"""At most so many URLs are kept ready."""

_ADDED_BY_AIOHTTP = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


_WHOLE = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=READ_SECONDS)


class _Prepared:
    """Headers for aiohttp; being an object of their own, they are shown nowhere, and so the key is not."""

    __slots__ = ("value",)

    def __init__(self, headers: httpx.Headers) -> None:
        self.value = CIMultiDict(headers.multi_items())


class Network(WholeTransport):
    """HTTP/1.1 over the machine's network, by the proxies of its environment. Redirects are not followed."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None
        self._proxies = getproxies()
        self._places: dict[str, tuple[URL, str | None]] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Sends the request; the answer's body is read as its stream is iterated."""
        limits = request.extensions.get("timeout", {})
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=limits.get("connect"), sock_read=limits.get("read"))
        try:
            response = await self._opened().request(
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

    def prepared(self, headers: httpx.Headers) -> _Prepared:
        """The same headers for aiohttp."""
        return _Prepared(headers)

    async def exchange(
        self, method: Method, url: str, headers: _Prepared, data: bytes | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and content."""
        place, proxy = self._places.get(url) or self._place(url)
        try:
            response = await self._opened().request(
                method,
                place,
                headers=headers.value,
                data=data,
                timeout=_WHOLE,
                proxy=proxy,
                allow_redirects=False,
                auto_decompress=True,
            )
            return response.status, response.headers, await response.read()
        except (aiohttp.ClientError, OSError) as error:
            raise _as_httpx(error) from error

    async def aclose(self) -> None:
        """Closes every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=CONNECTIONS),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                skip_auto_headers=_ADDED_BY_AIOHTTP,
                read_bufsize=1 << 18,
            )
        return self._session

    def _place(self, url: str) -> tuple[URL, str | None]:
        if len(self._places) >= _PLACES:
            self._places.clear()
        place = URL(url, encoded=True)
        found = self._places[url] = (place, self._proxy(place.scheme, place.host or ""))
        return found

    def _proxy(self, scheme: str, host: str) -> str | None:
        proxy = self._proxies.get(scheme) or self._proxies.get("all")
        return None if proxy is None or proxy_bypass(host) else proxy


class _Body(httpx.AsyncByteStream):
    """An answer's body; closing it early closes the connection, which then cannot be used again."""

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


def _headers(request: httpx.Request) -> list[tuple[str, str]]:
    # aiohttp frames the body itself, and sets the length that it is given or counts.
    skipped = {b"transfer-encoding", b"connection"}
    return [
        (name.decode("ascii"), value.decode("latin-1"))
        for name, value in request.headers.raw
        if name.lower() not in skipped
    ]


def _body(request: httpx.Request) -> bytes | AsyncIterator[bytes] | None:
    if isinstance(request.stream, httpx.ByteStream):
        return b"".join(request.stream) or None
    assert isinstance(request.stream, httpx.AsyncByteStream)
    return aiter(request.stream)


def _as_httpx(error: Exception, request: httpx.Request | None = None) -> httpx.TransportError:
    """aiohttp's errors as httpx's, which say whether the request can have arrived."""
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

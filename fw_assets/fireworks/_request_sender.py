"""Single attempts: one request out, one response back, every failure as an error of this package."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx
from pydantic import SecretStr

from ._bodies import in_time, response_body
from ._errors import ConnectionFailed, FireworksError, UnexpectedResponse
from ._key_mask import KeyMask
from ._responses import HttpResponse, error_of
from ._transport import METHODS, READ_SECONDS, BufferedTransport, Method, timeouts

COMMON_HEADERS = {"User-Agent": "fw-assets", "Accept": "application/json"}


class RequestSender:
    """Sends requests to one platform under one key, or to a server that asks for none (an empty one).

    The transport is used without `httpx.AsyncClient`: nothing here needs its redirects and cookies, it would log
    signed URLs, and it doubles the processor time of a request.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport, key: SecretStr) -> None:
        self.transport = transport
        self.key = key
        self.mask = KeyMask(key)
        self.throttled = 0

    async def send(self, method: Method, url: str, name: str, data: bytes | None = None) -> HttpResponse:
        """The response, with a status of 2xx, to a request whose body is `data` (JSON).

        Args:
            name: the request as errors and logs call it.

        Raises:
            ApiError: the platform refused.
            ConnectionFailed, UnexpectedResponse: no whole response came.
        """
        _check_method(method)
        headers = self._headers_with_key()
        if data is not None:
            headers["Content-Type"] = "application/json"
        failure: FireworksError | None = None
        try:
            response = await in_time(self._response(method, url, name, headers, data), name)
        except httpx.HTTPError as error:
            failure = _connection_error(error, name)
        if failure:
            raise failure  # outside the handler: the original would carry the request, and so the key, along
        return self.checked(response)

    async def _response(
        self, method: Method, url: str, name: str, headers: dict[str, str], data: bytes | None
    ) -> HttpResponse:
        if isinstance(self.transport, BufferedTransport):
            return HttpResponse(*await self.transport.send(method, url, headers, data), name)
        request = httpx.Request(method, url, headers=headers, content=data, extensions=timeouts(READ_SECONDS))
        return await _read(await self.transport.handle_async_request(request), name)

    @asynccontextmanager
    async def open(
        self,
        method: Method,
        url: str,
        *,
        content: AsyncIterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        read_seconds: float = READ_SECONDS,
        signed: bool = False,
    ) -> AsyncIterator[httpx.Response]:
        """The open response to a request, of any status.

        `signed`: the URL carries its own permission, and no key is sent.
        """
        _check_method(method)
        all_headers = {**(COMMON_HEADERS if signed else self._headers_with_key()), **(headers or {})}
        request = httpx.Request(method, url, headers=all_headers, content=content, extensions=timeouts(read_seconds))
        failure: FireworksError | None = None
        try:
            response = await self.transport.handle_async_request(request)
            response.request = request
            try:
                yield response
            finally:
                await response.aclose()
        except httpx.HTTPError as error:
            failure = _connection_error(error, request_name(request))
        if failure:
            raise failure

    async def send_stream(
        self,
        method: Method,
        url: str,
        content: AsyncIterator[bytes] | None,
        headers: Mapping[str, str],
        *,
        read_seconds: float,
        signed: bool = False,
        also: int = 200,
    ) -> HttpResponse:
        """The whole response to a streamed body; its status is 2xx, or `also`."""
        opened = self.open(method, url, content=content, headers=headers, read_seconds=read_seconds, signed=signed)
        async with opened as response:
            whole = await read_whole(response)
        return self.checked(whole, also=also)

    def checked(self, response: HttpResponse, *, also: int = 200) -> HttpResponse:
        """The response without the key, when its status is 2xx or `also`.

        Raises:
            ApiError: it is another.
        """
        response = response._replace(content=self.mask(response.content))
        if response.status >= 300 and response.status != also:
            self.throttled += response.status == 429
            raise error_of(response)
        return response

    def _headers_with_key(self) -> dict[str, str]:
        # Made for each request and kept nowhere, so that no representation of this object can show the key.
        key = self.key.get_secret_value()
        return {**COMMON_HEADERS, **({"Authorization": f"Bearer {key}"} if key else {})}


async def read_whole(response: httpx.Response) -> HttpResponse:
    """An open response with its body read."""
    name = request_name(response.request)
    return await in_time(_read(response, name), name)


def request_name(request: httpx.Request) -> str:
    """Method and path: no query, which may be a signature."""
    return f"{request.method} {request.url.path}"


def _check_method(method: str) -> None:
    if method not in METHODS:
        raise ValueError(f"{method} is not among what this client sends: {', '.join(METHODS)}")


async def _read(response: httpx.Response, name: str) -> HttpResponse:
    try:
        return HttpResponse(response.status_code, response.headers, await response_body(response, name), name)
    finally:
        await response.aclose()


def _connection_error(error: httpx.HTTPError, name: str) -> FireworksError:
    kind = type(error).__name__
    if isinstance(error, httpx.DecodingError):
        return UnexpectedResponse(f"{name}: the response cannot be decoded")
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        if "certificate verify failed" in str(error).lower():
            kind = "the server's certificate is not trusted; SSL_CERT_FILE can name the file of its authority"
        return ConnectionFailed(f"{name}: no connection ({kind})", delivered=False)
    happened = "timed out" if isinstance(error, httpx.TimeoutException) else "connection lost"
    return ConnectionFailed(f"{name}: {happened} ({kind})", delivered=True)

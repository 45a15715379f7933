"""Single attempts: one request out, one answer back, and every failure as an error of this package."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx
from pydantic import SecretStr

from ._answers import HttpResponse, refusal
from ._errors import ConnectionFailed, FireworksError, UnexpectedAnswer
from ._transport import METHODS, READ_SECONDS, Method, WholeTransport, times


class Exchange:
    """Requests to one platform under one key.

    The transport is used without `httpx.AsyncClient`: nothing here needs its redirects and cookies, it would log
    signed URLs, and it doubles the processor time of a request.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport, key: SecretStr) -> None:
        self.transport = transport
        self.key = key
        self.throttled = 0
        # httpx masks the Authorization of its Headers wherever they are shown.
        self._open = httpx.Headers({"User-Agent": "fw-assets", "Accept": "application/json"})
        self._headers = self._open.copy()
        self._headers["Authorization"] = f"Bearer {key.get_secret_value()}"
        self._with_json = httpx.Headers([("Content-Type", "application/json"), *self._headers.multi_items()])
        self._short = transport if isinstance(transport, WholeTransport) else None
        if self._short is not None:
            self._prepared = self._short.prepared(self._headers)
            self._prepared_with_json = self._short.prepared(self._with_json)

    async def whole(self, method: Method, url: str, what: str, data: bytes | None = None) -> HttpResponse:
        """The answer to a request with `data` (JSON) as its body, whose status is 2xx.

        Raises:
            ApiError: the platform refused.
            ConnectionFailed, UnexpectedAnswer: no whole answer came.
        """
        _check(method)
        lost: FireworksError | None = None
        try:
            if self._short is not None:
                headers = self._prepared if data is None else self._prepared_with_json
                answer = HttpResponse(*await self._short.exchange(method, url, headers, data), what)
            else:
                response = await self.transport.handle_async_request(self._json_request(method, url, data))
                answer = await _read(response, what)
        except httpx.HTTPError as error:
            lost = _lost(error, what)
        if lost:
            raise lost  # outside the handler: the original would carry the request, and so the key, along
        return self.checked(answer)

    @asynccontextmanager
    async def opened(
        self,
        method: Method,
        url: str,
        *,
        content: AsyncIterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        read_seconds: float = READ_SECONDS,
        signed: bool = False,
    ) -> AsyncIterator[httpx.Response]:
        """The open answer to a request, of any status; `signed` sends no key."""
        _check(method)
        chosen = (self._open if signed else self._headers).copy()
        chosen.update(headers or {})
        request = httpx.Request(method, url, headers=chosen, content=content, extensions=times(read_seconds))
        lost: FireworksError | None = None
        try:
            response = await self.transport.handle_async_request(request)
            response.request = request
            try:
                yield response
            finally:
                await response.aclose()
        except httpx.HTTPError as error:
            lost = _lost(error, what_of(request))
        if lost:
            raise lost

    async def streamed(
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
        """The whole answer to a streamed body; its status is 2xx, or `also`."""
        opened = self.opened(method, url, content=content, headers=headers, read_seconds=read_seconds, signed=signed)
        async with opened as response:
            answer = await _read(response, what_of(response.request))
        return self.checked(answer, also=also)

    def checked(self, answer: HttpResponse, *, also: int = 200) -> HttpResponse:
        """The answer, unless it is a refusal.

        Raises:
            ApiError: it is.
        """
        if answer.status >= 300 and answer.status != also:
            self.throttled += answer.status == 429
            raise refusal(answer, self.key)
        return answer

    def _json_request(self, method: Method, url: str, data: bytes | None) -> httpx.Request:
        if data is None:
            return httpx.Request(method, url, headers=self._headers, extensions=times(READ_SECONDS))
        # Given a stream, httpx takes the headers as they are, which halves the time that a request takes to make.
        address = httpx.URL(url)
        framing = [(b"Host", address.netloc), (b"Content-Length", str(len(data)).encode())]
        headers = httpx.Headers([*framing, *self._with_json.raw])
        stream = httpx.ByteStream(data)
        return httpx.Request(method, address, headers=headers, stream=stream, extensions=times(READ_SECONDS))


def _check(method: str) -> None:
    if method not in METHODS:
        raise ValueError(f"{method} is not among what this client sends: {', '.join(METHODS)}")


async def read_whole(response: httpx.Response) -> HttpResponse:
    """What an open answer holds."""
    return await _read(response, what_of(response.request))


def what_of(request: httpx.Request) -> str:
    """A request as errors and logs name it: without its query, which may be a signature."""
    return f"{request.method} {request.url.path}"


async def _read(response: httpx.Response, what: str) -> HttpResponse:
    try:
        return HttpResponse(response.status_code, response.headers, await response.aread(), what)
    finally:
        await response.aclose()


def _lost(error: httpx.HTTPError, what: str) -> FireworksError:
    kind = type(error).__name__
    if isinstance(error, httpx.DecodingError):
        return UnexpectedAnswer(f"{what}: the answer cannot be decoded")
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        return ConnectionFailed(f"{what}: no connection ({kind})", delivered=False)
    happened = "timed out" if isinstance(error, httpx.TimeoutException) else "connection lost"
    return ConnectionFailed(f"{what}: {happened} ({kind})", delivered=True)

"""Requests and answers: the one place where this package touches the network.

Only GET, POST and PUT exist here, and only the `:verbs` below: nothing on the platform can be deleted,
cancelled or changed in place through this class.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Literal
from urllib.parse import urljoin

import httpx
import msgspec
from pydantic import SecretStr

from ._clock import Clock
from ._errors import ApiError, ConnectionFailed, FireworksError, UnexpectedAnswer, api_error
from ._network import WHOLE
from ._retry import Backoff, Patience, never_happened, retry_after, retrying

Query = Mapping[str, str | int | bool]

VERBS = frozenset({"upload", "getUploadEndpoint", "validateUpload", "getDownloadEndpoint", "match"})
PAGE_SIZE = 200


class Wire:
    """The connection to one platform under one key."""

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        transport: httpx.AsyncBaseTransport,
        clock: Clock,
        patience: Patience,
    ) -> None:
        self.base_url = _checked_url(base_url)
        self.clock = clock
        self.patience = patience
        self.throttled = 0
        self._transport = transport
        self._urls: dict[str, httpx.URL] = {}
        self._key = SecretStr(_checked_key(api_key))
        # httpx masks the Authorization of its Headers wherever they are shown.
        self._open_headers = httpx.Headers({"User-Agent": "fw-assets", "Accept": "application/json"})
        self._headers = self._open_headers.copy()
        self._headers["Authorization"] = f"Bearer {self._key.get_secret_value()}"

    async def close(self) -> None:
        """Closes every connection."""
        await self._transport.aclose()

    async def get(self, path: str, query: Query | None = None) -> dict[str, Any]:
        """A JSON object; tried again on every failure that may pass."""
        return await self._call("GET", path, query=query, safe=True)

    async def post(
        self,
        path: str,
        body: Mapping[str, Any],
        query: Query | None = None,
        *,
        safe: bool = False,
        cold: bool = False,
    ) -> dict[str, Any]:
        """A JSON object.

        `safe`: repeating the request is harmless, so it is tried again like a GET; otherwise only when it
        surely had no effect. `cold`: see `Patience.of`.
        """
        return await self._call("POST", path, query=query, body=body, safe=safe, cold=cold)

    async def post_once(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """A JSON object, in a single attempt."""
        return _object(await self._answer(self._request("POST", self._url(path), body=body)))

    async def post_stream(
        self, path: str, content: AsyncIterator[bytes], headers: Mapping[str, str], *, read_timeout: float
    ) -> dict[str, Any]:
        """A JSON object for a streamed body, in a single attempt."""
        request = self._request("POST", self._url(path), content=content, headers=headers, read_timeout=read_timeout)
        return _object(await self._answer(request))

    async def pages(self, path: str, key: str, query: Query | None = None) -> list[dict[str, Any]]:
        """Every item of a paged list; `key` is the plural under which a page has them."""
        items: list[dict[str, Any]] = []
        token = ""
        seen: set[str] = set()
        while token not in seen:
            seen.add(token)
            page = {**(query or {}), "pageSize": PAGE_SIZE, **({"pageToken": token} if token else {})}
            answer = await self.get(path, page)
            items += answer.get(key) or []
            token = answer.get("nextPageToken") or ""
            if not token:
                break
        return items

    async def put_signed(self, url: str, content: AsyncIterator[bytes], headers: Mapping[str, str]) -> None:
        """One attempt to PUT a file to a signed URL, which carries its own permission: no key is sent."""
        request = self._request(
            "PUT", self.absolute(url), content=content, headers=headers, read_timeout=600.0, signed=True
        )
        await self._answer(request)

    async def received(self, url: str, size: int, headers: Mapping[str, str]) -> int:
        """How much of a file of `size` bytes has arrived behind a signed URL that a PUT was broken off to.

        0 as well when the storage cannot go on with a part, which it says by any answer but 308.
        """
        asked = {**headers, "Content-Range": f"bytes */{size}", "Content-Length": "0"}
        request = self._request("PUT", self.absolute(url), headers=asked, signed=True)
        try:
            response = await self._answer(request, also=308)
        except ApiError:
            return 0
        last = response.headers.get("range", "").removeprefix("bytes=0-")
        return min(int(last) + 1, size) if response.status_code == 308 and last.isdigit() else 0

    @asynccontextmanager
    async def get_signed(self, url: str) -> AsyncIterator[httpx.Response]:
        """The open answer of a signed URL, in a single attempt; no key is sent."""
        request = self._request("GET", self.absolute(url), signed=True)
        lost: FireworksError | None = None
        try:
            response = await self._transport.handle_async_request(request)
            response.request = request
            try:
                if response.status_code >= 300:
                    await response.aread()
                    raise self._refusal(response)
                yield response
            finally:
                await response.aclose()
        except httpx.HTTPError as error:
            lost = _lost(error, request)
        if lost:
            raise lost

    async def read_signed(self, url: str) -> bytes:
        """The whole content of a small file behind a signed URL; tried again on failures that may pass."""

        async def attempt() -> bytes:
            async with self.get_signed(url) as response:
                return await response.aread()

        return await retrying(attempt, lambda error: self.patience.of(error, cold=False), self.clock, "GET signed URL")

    def absolute(self, url: str) -> str:
        """A URL that the platform gave, completed when it is relative to the platform."""
        return urljoin(f"{self.base_url}/", url)

    def _url(self, path: str, query: Query | None = None) -> httpx.URL:
        verb = path.rsplit("/", 1)[-1].partition(":")[2]
        if verb and verb not in VERBS:
            raise ValueError(f":{verb} is not among what this client does: {', '.join(sorted(VERBS))}")
        if query:
            return httpx.URL(f"{self.base_url}{path}", params=_plain(query))
        if path not in self._urls:
            self._urls[path] = httpx.URL(f"{self.base_url}{path}")
        return self._urls[path]

    async def _call(
        self,
        method: Literal["GET", "POST"],
        path: str,
        *,
        query: Query | None = None,
        body: Mapping[str, Any] | None = None,
        safe: bool,
        cold: bool = False,
    ) -> dict[str, Any]:
        url = self._url(path, query)

        def backoff(error: BaseException) -> Backoff | None:
            return self.patience.of(error, cold=cold) if safe or never_happened(error) else None

        async def attempt() -> dict[str, Any]:
            return _object(await self._answer(self._request(method, url, body=body)))

        return await retrying(attempt, backoff, self.clock, f"{method} {path}")

    def _request(
        self,
        method: Literal["GET", "POST", "PUT"],
        url: httpx.URL | str,
        *,
        body: Mapping[str, Any] | None = None,
        content: AsyncIterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        read_timeout: float = 60.0,
        signed: bool = False,
    ) -> httpx.Request:
        chosen = self._open_headers if signed else self._headers
        if headers:
            chosen = chosen.copy()
            chosen.update(headers)
        timeout = {"connect": 10.0, "read": read_timeout, "write": 60.0, "pool": None}
        extensions = {"timeout": timeout}
        if body is None:
            return httpx.Request(method, url, headers=chosen, content=content, extensions=extensions)
        # Given a stream, httpx takes the headers as they are, which halves the time that a request takes to make.
        address = httpx.URL(url)
        data = msgspec.json.encode(body)
        framing = [
            (b"Host", address.netloc),
            (b"Content-Type", b"application/json"),
            (b"Content-Length", str(len(data)).encode()),
        ]
        return httpx.Request(
            method,
            address,
            headers=httpx.Headers([*framing, *chosen.raw]),
            stream=httpx.ByteStream(data),
            extensions=extensions,
        )

    async def _answer(self, request: httpx.Request, *, also: int = 200) -> httpx.Response:
        # The transport is used without httpx.AsyncClient: nothing here needs its redirects and cookies, it
        # would log signed URLs, and it doubles the processor time of a request.
        lost: FireworksError | None = None
        try:
            response = await self._transport.handle_async_request(request)
            response.request = request
            if WHOLE not in response.extensions or response.status_code >= 300:
                try:
                    await response.aread()
                finally:
                    await response.aclose()
        except httpx.HTTPError as error:
            lost = _lost(error, request)
        if lost:
            raise lost  # outside the handler: the original would carry the request, and so the key, along
        if response.status_code >= 300 and response.status_code != also:
            raise self._refusal(response)
        return response

    def _refusal(self, response: httpx.Response) -> ApiError:
        try:
            body = response.json()
        except ValueError:
            body = {"message": response.text.strip()[:300]}
        if 300 <= response.status_code < 400:
            body = {"message": "the platform redirects; check the base URL"}
        self.throttled += response.status_code == 429
        seconds = retry_after(response.headers.get("retry-after"), response.headers.get("retry-after-ms"))
        what = _what(response.request)
        error = api_error(response.status_code, body, request=what, retry_after=seconds)
        return self._scrubbed(error)

    def _scrubbed(self, error: ApiError) -> ApiError:
        key = self._key.get_secret_value()
        if key in error.detail:
            error.detail = error.detail.replace(key, "[key]")
            error.args = tuple(str(argument).replace(key, "[key]") for argument in error.args)
        return error


def _lost(error: httpx.HTTPError, request: httpx.Request) -> FireworksError:
    what, kind = _what(request), type(error).__name__
    if isinstance(error, httpx.DecodingError):
        return UnexpectedAnswer(f"{what}: the answer cannot be decoded")
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        return ConnectionFailed(f"{what}: no connection ({kind})", delivered=False)
    happened = "timed out" if isinstance(error, httpx.TimeoutException) else "connection lost"
    return ConnectionFailed(f"{what}: {happened} ({kind})", delivered=True)


def _what(request: httpx.Request) -> str:
    """A request as errors and logs name it: without its query, which may be a signature."""
    return f"{request.method} {request.url.path}"


def _object(response: httpx.Response) -> dict[str, Any]:
    content = response.extensions.get(WHOLE)
    if content is None:
        content = response.content
    if not content:
        return {}
    try:
        body = _decoded(content)
    except ValueError:
        body = None
    if isinstance(body, dict):
        return body
    what = _what(response.request)
    raise UnexpectedAnswer(f"{what}: answered {response.status_code} with something that is no JSON object")


def _decoded(content: bytes) -> Any:
    try:
        return msgspec.json.decode(content)
    except msgspec.DecodeError:
        return json.loads(content)  # more lenient: other encodings, NaN


def _plain(query: Query) -> dict[str, str]:
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in query.items()}


def _checked_url(base_url: str) -> str:
    url = httpx.URL(base_url)
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError(f"{base_url!r} is no base URL; expected something like https://api.fireworks.ai")
    return base_url.rstrip("/").removesuffix("/inference/v1").removesuffix("/inference").removesuffix("/v1")


def _checked_key(api_key: str) -> str:
    key = api_key.strip()
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise ValueError("the API key is empty or has a character that no key has; check FIREWORKS_API_KEY")
    return key

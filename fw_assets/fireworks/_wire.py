"""Requests and answers: the one place where this package touches the network.

Only GET, POST and PUT exist here, and only the `:verbs` below: nothing on the platform can be deleted,
cancelled or changed in place through this class.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Literal
from urllib.parse import urljoin

import httpx
from pydantic import SecretStr

from ._clock import Clock
from ._errors import ApiError, ConnectionFailed, FireworksError, UnexpectedAnswer, api_error
from ._retry import Backoff, Patience, never_happened, retry_after, retrying

Query = Mapping[str, str | int | bool]

VERBS = frozenset({"upload", "getUploadEndpoint", "validateUpload", "getDownloadEndpoint", "match"})
PAGE_SIZE = 200


class _Bearer(httpx.Auth):
    """Adds the key to a request; shows it nowhere."""

    def __init__(self, key: str) -> None:
        self.key = SecretStr(key)

    def auth_flow(self, request: httpx.Request) -> Any:
        request.headers["Authorization"] = f"Bearer {self.key.get_secret_value()}"
        yield request


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
        self._auth = _Bearer(_checked_key(api_key))
        self._http = httpx.AsyncClient(
            transport=transport,
            timeout=httpx.Timeout(60.0, connect=10.0, pool=None),
            headers={"User-Agent": "fw-assets", "Accept": "application/json"},
        )

    async def close(self) -> None:
        """Closes every connection."""
        await self._http.aclose()

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
        return await self._once("POST", self._url(path), json=body, auth=self._auth)

    async def post_stream(
        self, path: str, content: AsyncIterator[bytes], headers: Mapping[str, str], *, read_timeout: float
    ) -> dict[str, Any]:
        """A JSON object for a streamed body, in a single attempt."""
        timeout = httpx.Timeout(60.0, connect=10.0, pool=None, read=read_timeout)
        return await self._once(
            "POST", self._url(path), content=content, headers=headers, timeout=timeout, auth=self._auth
        )

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
        timeout = httpx.Timeout(60.0, connect=10.0, pool=None, read=600.0)
        await self._once(
            "PUT", self.absolute(url), content=content, headers=headers, timeout=timeout, parse=False
        )

    @asynccontextmanager
    async def get_signed(self, url: str) -> AsyncIterator[httpx.Response]:
        """The open answer of a signed URL, in a single attempt; no key is sent."""
        trouble: FireworksError | None = None
        try:
            async with self._http.stream("GET", self.absolute(url), auth=None) as response:
                if response.status_code >= 300:
                    await response.aread()
                    trouble = self._refusal(response, "GET signed URL")
                else:
                    yield response
        except httpx.HTTPError as error:
            trouble = _lost(error, "GET signed URL")
        if trouble:
            raise trouble

    async def read_signed(self, url: str) -> bytes:
        """The whole content of a small file behind a signed URL; tried again on failures that may pass."""

        async def attempt() -> bytes:
            async with self.get_signed(url) as response:
                return await response.aread()

        return await retrying(
            attempt, lambda error: self.patience.of(error, cold=False), self.clock, "GET signed URL"
        )

    def absolute(self, url: str) -> str:
        """A URL that the platform gave, completed when it is relative to the platform."""
        return urljoin(f"{self.base_url}/", url)

    def _url(self, path: str) -> str:
        verb = path.rsplit("/", 1)[-1].partition(":")[2]
        if verb and verb not in VERBS:
            raise ValueError(f":{verb} is not among what this client does: {', '.join(sorted(VERBS))}")
        return f"{self.base_url}{path}"

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
        url = self._url(path)

        def backoff(error: BaseException) -> Backoff | None:
            return self.patience.of(error, cold=cold) if safe or never_happened(error) else None

        async def attempt() -> dict[str, Any]:
            return await self._once(method, url, params=_plain(query), json=body, auth=self._auth)

        return await retrying(attempt, backoff, self.clock, f"{method} {path}")

    async def _once(
        self,
        method: Literal["GET", "POST", "PUT"],
        url: str,
        *,
        parse: bool = True,
        auth: httpx.Auth | None = None,
        **kwargs: Any,
    ) -> dict[str, Any]:
        what = f"{method} {url.partition('?')[0].removeprefix(self.base_url)}"
        trouble: FireworksError | None = None
        try:
            response = await self._http.request(method, url, auth=auth, **kwargs)
        except httpx.HTTPError as error:
            # Raised below, outside: the original would carry the request, and with it the key, along.
            trouble = _lost(error, what)
        if trouble:
            raise trouble
        if response.status_code >= 300:
            raise self._refusal(response, what)
        return _object(response, what) if parse else {}

    def _refusal(self, response: httpx.Response, what: str) -> ApiError:
        try:
            body = response.json()
        except ValueError:
            body = {"message": response.text.strip()[:300]}
        if 300 <= response.status_code < 400:
            body = {"message": "the platform redirects; check the base URL"}
        seconds = retry_after(response.headers.get("retry-after"), response.headers.get("retry-after-ms"))
        error = api_error(response.status_code, body, request=what, retry_after=seconds)
        return self._scrubbed(error)

    def _scrubbed(self, error: ApiError) -> ApiError:
        key = self._auth.key.get_secret_value()
        if key in error.detail:
            error.detail = error.detail.replace(key, "[key]")
            error.args = tuple(str(argument).replace(key, "[key]") for argument in error.args)
        return error


def _lost(error: httpx.HTTPError, what: str) -> FireworksError:
    if isinstance(error, httpx.DecodingError):
        return UnexpectedAnswer(f"{what}: the answer cannot be decoded")
    undelivered = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
    kind = "timed out" if isinstance(error, httpx.TimeoutException) else "connection lost"
    if undelivered:
        kind = "no connection"
    return ConnectionFailed(f"{what}: {kind} ({type(error).__name__})", delivered=not undelivered)


def _object(response: httpx.Response, what: str) -> dict[str, Any]:
    if not response.content:
        return {}
    try:
        body = response.json()
    except ValueError:
        body = None
    if isinstance(body, dict):
        return body
    raise UnexpectedAnswer(f"{what}: answered {response.status_code} with something that is no JSON object")


def _plain(query: Query | None) -> dict[str, str]:
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in (query or {}).items()
    }


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

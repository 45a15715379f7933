"""Calls of the API: paths, queries, pages, and what is tried again.

Only GET and POST exist here, and only the `:verbs` below (files go to signed URLs by PUT, see `_signed.py`): nothing
on the platform can be deleted, cancelled or changed in place.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Literal, TypeVar

import httpx
import msgspec
from pydantic import SecretStr

from ._answers import HttpResponse, read_object
from ._clock import Clock
from ._retry import Backoff, RetryPolicy, never_happened, retrying
from ._signed import SignedUrls
from ._transport_call import Exchange

Query = Mapping[str, str | int | bool]
T = TypeVar("T")

VERBS = frozenset({"upload", "getUploadEndpoint", "validateUpload", "getDownloadEndpoint", "match"})
PAGE_SIZE = 200

_encode = msgspec.json.Encoder().encode


class Wire:
    """The connection to one platform under one key."""

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        transport: httpx.AsyncBaseTransport,
        clock: Clock,
        patience: RetryPolicy,
    ) -> None:
        self.base_url = _checked_url(base_url)
        self.clock = clock
        self.patience = patience
        self._exchange = Exchange(transport, SecretStr(_checked_key(api_key)))
        self.signed = SignedUrls(self._exchange, self.base_url, clock, patience)

    @property
    def throttled(self) -> int:
        """How many answers said "too many requests"."""
        return self._exchange.throttled

    async def close(self) -> None:
        """Closes every connection."""
        await self._exchange.transport.aclose()

    async def get(self, path: str, query: Query | None = None) -> dict[str, Any]:
        """A JSON object; tried again on every failure that may pass."""
        return await self._call("GET", path, read_object, query=query, safe=True)

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
        surely had no effect. `cold`: see `RetryPolicy.of`.
        """
        return await self._call("POST", path, read_object, query=query, body=body, safe=safe, cold=cold)

    async def post_for(
        self, path: str, body: Mapping[str, Any], read: Callable[[HttpResponse], T], *, cold: bool = False
    ) -> T:
        """What `read` makes of the answer to a request that is harmless to repeat, as it is when `read` fails."""
        return await self._call("POST", path, read, body=body, safe=True, cold=cold)

    async def post_once(self, path: str, body: Mapping[str, Any], read: Callable[[HttpResponse], T]) -> T:
        """The same in a single attempt."""
        return read(await self._exchange.whole("POST", self._url(path), f"POST {path}", _encode(body)))

    async def post_stream(
        self, path: str, content: AsyncIterator[bytes], headers: Mapping[str, str], *, read_timeout: float
    ) -> dict[str, Any]:
        """A JSON object for a streamed body, in a single attempt."""
        return read_object(
            await self._exchange.streamed("POST", self._url(path), content, headers, read_seconds=read_timeout)
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

    def _url(self, path: str, query: Query | None = None) -> str:
        verb = path.rsplit("/", 1)[-1].partition(":")[2]
        if verb and verb not in VERBS:
            raise ValueError(f":{verb} is not among what this client does: {', '.join(sorted(VERBS))}")
        url = f"{self.base_url}{path}"
        return str(httpx.URL(url, params=_plain(query))) if query else url

    async def _call(
        self,
        method: Literal["GET", "POST"],
        path: str,
        read: Callable[[HttpResponse], T],
        *,
        query: Query | None = None,
        body: Mapping[str, Any] | None = None,
        safe: bool,
        cold: bool = False,
    ) -> T:
        url, what = self._url(path, query), f"{method} {path}"
        data = None if body is None else _encode(body)

        def backoff(error: BaseException) -> Backoff | None:
            return self.patience.of(error, cold=cold) if safe or never_happened(error) else None

        async def attempt() -> T:
            return read(await self._exchange.whole(method, url, what, data))

        return await retrying(attempt, backoff, self.clock, what)


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

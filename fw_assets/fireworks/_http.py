"""Calls of the API: paths, queries, pages, and which calls are repeated.

Only GET and POST exist here, and only the `:verbs` below (files go to signed URLs by PUT, see `_signed_urls.py`):
nothing on the platform can be deleted, cancelled or changed in place.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Literal

import httpx
import msgspec
from pydantic import SecretStr

from ._clock import Clock
from ._errors import FireworksError, OversizedResponse, UnexpectedResponse
from ._request_sender import RequestSender
from ._responses import HttpResponse, json_object
from ._retry import Backoff, RetryPolicy, not_delivered, retrying
from ._signed_urls import SignedUrls

ReadBody = Callable[[HttpResponse], dict[str, Any]]
Query = Mapping[str, str | int | bool]

VERBS = frozenset({"upload", "getUploadEndpoint", "validateUpload", "getDownloadEndpoint", "estimateCost", "match"})
PAGE_SIZE = 200
MAX_PAGES = 1_000
MAX_LIST_BYTES = 64 << 20
LIST_SECONDS = 600.0

_encode = msgspec.json.Encoder().encode


class HttpClient:
    """JSON calls to one platform under one key."""

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str | None,
        transport: httpx.AsyncBaseTransport,
        clock: Clock,
        retry_policy: RetryPolicy,
    ) -> None:
        self.base_url = _checked_url(base_url)
        self.clock = clock
        self.retry_policy = retry_policy
        self._sender = RequestSender(transport, SecretStr("" if api_key is None else _checked_key(api_key)))
        self.signed_urls = SignedUrls(self._sender, self.base_url, clock, retry_policy)

    @property
    def throttled(self) -> int:
        """How many responses said "too many requests"."""
        return self._sender.throttled

    async def close(self) -> None:
        """Closes every connection."""
        await self._sender.transport.aclose()

    async def get(self, path: str, query: Query | None = None) -> dict[str, Any]:
        """A JSON object; repeated on every failure that may pass."""
        return await self._call("GET", path, query=query, idempotent=True)

    async def get_once(self, path: str, query: Query) -> dict[str, Any]:
        """A JSON object, in a single attempt."""
        return json_object(await self._sender.send("GET", self._url(path, query), f"GET {path}", None))

    async def post(
        self,
        path: str,
        body: Mapping[str, Any],
        query: Query | None = None,
        *,
        idempotent: bool = False,
        deployment_known: bool = False,
        read: ReadBody = json_object,
    ) -> dict[str, Any]:
        """A JSON object, as `read` reads it.

        `idempotent`: a second delivery does no harm, so the request is repeated like a GET; otherwise only when
        the first was surely not delivered. `deployment_known`: see `RetryPolicy.backoff_for`.
        """
        return await self._call(
            "POST", path, query=query, body=body, idempotent=idempotent, deployment_known=deployment_known, read=read
        )

    async def post_once(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """A JSON object, in a single attempt."""
        return json_object(await self._sender.send("POST", self._url(path), f"POST {path}", _encode(body)))

    async def post_stream(
        self, path: str, content: AsyncIterator[bytes], headers: Mapping[str, str], *, read_seconds: float
    ) -> dict[str, Any]:
        """A JSON object for a streamed body, in a single attempt."""
        return json_object(
            await self._sender.send_stream("POST", self._url(path), content, headers, read_seconds=read_seconds)
        )

    async def pages(self, path: str, key: str, query: Query | None = None) -> list[dict[str, Any]]:
        """Every item of a paged list; `key` is the field of a page that holds them.

        Raises:
            OversizedResponse: the list does not end within the limits of this module.
        """
        items: list[dict[str, Any]] = []
        token = ""
        size = 0
        started = self.clock.now()
        seen: set[str] = set()
        while token not in seen:
            seen.add(token)
            page = {**(query or {}), "pageSize": PAGE_SIZE, **({"pageToken": token} if token else {})}
            response = await self.get(path, page)
            items += response.get(key) or []
            token = response.get("nextPageToken") or ""
            if not isinstance(token, str):
                raise UnexpectedResponse(f"GET {path}: the token of the next page is not text")
            if not token:
                break
            size += len(_encode(response))
            if len(seen) >= MAX_PAGES or size > MAX_LIST_BYTES or self.clock.now() - started > LIST_SECONDS:
                raise OversizedResponse(f"GET {path}: the list goes on after {len(seen):,} pages, {len(items):,} items")
        return items

    def _url(self, path: str, query: Query | None = None) -> str:
        verb = path.rsplit("/", 1)[-1].partition(":")[2]
        if verb and verb not in VERBS:
            raise ValueError(f":{verb} is not among what this client does: {', '.join(sorted(VERBS))}")
        url = f"{self.base_url}{path}"
        return str(httpx.URL(url, params=query)) if query else url

    async def _call(
        self,
        method: Literal["GET", "POST"],
        path: str,
        *,
        query: Query | None = None,
        body: Mapping[str, Any] | None = None,
        idempotent: bool,
        deployment_known: bool = False,
        read: ReadBody = json_object,
    ) -> dict[str, Any]:
        url, name = self._url(path, query), f"{method} {path}"
        data = None if body is None else _encode(body)

        def backoff_for(error: FireworksError) -> Backoff | None:
            if not idempotent and not not_delivered(error):
                return None
            return self.retry_policy.backoff_for(error, deployment_known=deployment_known)

        async def attempt() -> dict[str, Any]:
            return read(await self._sender.send(method, url, name, data))

        return await retrying(attempt, backoff_for, self.clock, name)


def _checked_url(base_url: str) -> str:
    url = httpx.URL(base_url)
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError(f"{base_url!r} is not a base URL; expected something like https://api.fireworks.ai")
    return base_url.rstrip("/").removesuffix("/inference/v1").removesuffix("/inference").removesuffix("/v1")


def _checked_key(api_key: str) -> str:
    key = api_key.strip()
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise ValueError("the API key is empty or has a character that no key has; check FIREWORKS_API_KEY")
    return key

"""Signed URLs: they carry their own permission, so no key is ever sent to one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import urljoin

import httpx

from ._clock import Clock
from ._errors import ApiError
from ._retry import RetryPolicy, retrying
from ._transport import READ_SECONDS
from ._transport_call import Exchange, read_whole

UPLOAD_SECONDS = 600.0
"""How long a storage may be silent at the end of a large file."""


class SignedUrls:
    """Files behind URLs that the platform gave."""

    def __init__(self, exchange: Exchange, base_url: str, clock: Clock, patience: RetryPolicy) -> None:
        self._exchange = exchange
        self._base_url = base_url
        self._clock = clock
        self._patience = patience

    async def put(self, url: str, content: AsyncIterator[bytes], headers: Mapping[str, str]) -> None:
        """Sends a file, in a single attempt."""
        await self._exchange.streamed(
            "PUT", self.absolute(url), content, headers, read_seconds=UPLOAD_SECONDS, signed=True
        )

    async def received(self, url: str, size: int, headers: Mapping[str, str]) -> int:
        """How much of a file of `size` bytes has arrived behind a URL that a PUT was broken off to.

        0 as well when the storage cannot go on with a part, which it says by any answer but 308.
        """
        asked = {**headers, "Content-Range": f"bytes */{size}", "Content-Length": "0"}
        try:
            answer = await self._exchange.streamed(
                "PUT", self.absolute(url), None, asked, read_seconds=READ_SECONDS, signed=True, also=308
            )
        except ApiError:
            return 0
        last = answer.headers.get("range", "").removeprefix("bytes=0-")
        return min(int(last) + 1, size) if answer.status == 308 and last.isdigit() else 0

    @asynccontextmanager
    async def opened(self, url: str) -> AsyncIterator[httpx.Response]:
        """A file's open answer, in a single attempt."""
        async with self._exchange.opened("GET", self.absolute(url), signed=True) as response:
            if response.status_code >= 300:
                self._exchange.checked(await read_whole(response))
            yield response

    async def read(self, url: str) -> bytes:
        """The whole content of a small file; tried again on failures that may pass."""

        async def attempt() -> bytes:
            async with self.opened(url) as response:
                return await response.aread()

        return await retrying(
            attempt, lambda error: self._patience.of(error, cold=False), self._clock, "GET signed URL"
        )

    def absolute(self, url: str) -> str:
        """A URL that the platform gave, completed when it is relative to the platform."""
        return urljoin(f"{self._base_url}/", url)

"""Signed URLs: they carry their own permission, so no key is ever sent to one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import urljoin

import httpx

from ._bodies import file_pieces
from ._clock import Clock
from ._errors import ApiError, UnexpectedResponse
from ._request_sender import RequestSender, read_whole
from ._retry import RetryPolicy, retrying
from ._transport import READ_SECONDS

UPLOAD_SECONDS = 600.0
"""How long a storage may be silent at the end of a large file."""


class SignedUrls:
    """Files behind URLs that the platform handed out, absolute or relative to the platform."""

    def __init__(self, sender: RequestSender, base_url: str, clock: Clock, retry_policy: RetryPolicy) -> None:
        self._sender = sender
        self._base_url = base_url
        self._clock = clock
        self._retry_policy = retry_policy

    async def put(self, url: str, content: AsyncIterator[bytes], headers: Mapping[str, str]) -> None:
        """Sends a file, in a single attempt."""
        await self._sender.send_stream(
            "PUT", self._absolute(url), content, headers, read_seconds=UPLOAD_SECONDS, signed=True
        )

    async def bytes_received(self, url: str, size: int, headers: Mapping[str, str]) -> int:
        """How much of a file of `size` bytes has arrived behind a URL whose PUT broke off.

        0 as well when the storage cannot resume, which it says by any status but 308.
        """
        question = {**headers, "Content-Range": f"bytes */{size}", "Content-Length": "0"}
        try:
            response = await self._sender.send_stream(
                "PUT", self._absolute(url), None, question, read_seconds=READ_SECONDS, signed=True, also=308
            )
        except ApiError:
            return 0
        last = response.headers.get("range", "").removeprefix("bytes=0-")
        return min(int(last) + 1, size) if response.status == 308 and last.isdigit() else 0

    @asynccontextmanager
    async def open(self, url: str) -> AsyncIterator[httpx.Response]:
        """A file's open response, in a single attempt."""
        async with self._sender.open("GET", self._absolute(url), signed=True) as response:
            if response.status_code >= 300:
                self._sender.checked(await read_whole(response))
            yield response

    def file_pieces(self, response: httpx.Response) -> AsyncIterator[bytes]:
        """The content of an open response without the key."""
        return self._sender.mask.stream(file_pieces(response))

    async def read(self, url: str) -> bytes:
        """The whole content of a small file; repeated on failures that may pass."""

        async def attempt() -> bytes:
            async with self.open(url) as response:
                return self._sender.mask((await read_whole(response)).content)

        return await retrying(attempt, self._retry_policy.backoff_for, self._clock, "GET signed URL")

    def _absolute(self, url: str) -> str:
        try:
            absolute = httpx.URL(urljoin(f"{self._base_url}/", url))
        except (ValueError, httpx.InvalidURL):
            absolute = httpx.URL()
        if absolute.scheme not in ("http", "https") or not absolute.host:
            raise UnexpectedResponse("the platform gave a file the address of no web server")
        return urljoin(f"{self._base_url}/", url)

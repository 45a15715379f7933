"""Bodies of responses, read within limits of size and time, whatever the other side sends."""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import AsyncIterator, Awaitable
from typing import TypeVar

import httpx

from ._errors import OversizedResponse

T = TypeVar("T")

MAX_ANSWER_BYTES = 16 << 20
"""Of a response that is held in memory, decompressed. A page of 200 models has some 0.3 MB."""
ANSWER_SECONDS = 300.0
"""From a request to the last byte of a response that is held in memory."""
MIN_FILE_RATE = 1_000
"""Bytes per second below which, on average, a download is given up."""
_RATE_AFTER_SECONDS = 120.0
_PIECE_BYTES = 1 << 20


async def in_time(response: Awaitable[T], name: str) -> T:
    """Await a response, and give it up when it never ends although bytes keep coming.

    Raises:
        httpx.ReadTimeout: it took longer than `ANSWER_SECONDS`.
    """
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return await response
    except TimeoutError:
        raise httpx.ReadTimeout(f"{name}: no whole response within {ANSWER_SECONDS:.0f} s") from None


async def whole_body(chunks: AsyncIterator[bytes], encoding: str, name: str) -> bytes:
    """The decompressed body.

    Args:
        chunks: as they come over the network.
        encoding: the header `Content-Encoding`, "" for none.

    Raises:
        OversizedResponse: it has more than `MAX_ANSWER_BYTES`.
        httpx.DecodingError: it is compressed in another way than gzip or deflate, or cut off.
    """
    body = bytearray()
    async for piece in decompressed(chunks, encoding):
        body += piece
        if len(body) > MAX_ANSWER_BYTES:
            raise OversizedResponse(f"{name}: the response has more than {MAX_ANSWER_BYTES >> 20} MB")
    return bytes(body)


async def response_body(response: httpx.Response, name: str) -> bytes:
    """The decompressed body of an open response, under the limits of `whole_body`."""
    if response.is_stream_consumed:
        return response.content
    return await whole_body(response.aiter_raw(), response.headers.get("content-encoding", ""), name)


async def file_pieces(response: httpx.Response) -> AsyncIterator[bytes]:
    """The decompressed body of an open response, of any size, in pieces of at most 1 MB.

    Raises:
        httpx.ReadTimeout: it comes slower than `MIN_FILE_RATE`.
        httpx.DecodingError: as for `whole_body`.
    """
    if response.is_stream_consumed:
        yield response.content
        return
    chunks = _steady(response.aiter_raw())
    async for piece in decompressed(chunks, response.headers.get("content-encoding", "")):
        yield piece


async def decompressed(chunks: AsyncIterator[bytes], encoding: str) -> AsyncIterator[bytes]:
    """The chunks decompressed, in pieces of at most 1 MB, so that a small chunk cannot fill the memory."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        async for chunk in chunks:
            yield chunk
        return
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise httpx.DecodingError(f"content-encoding {encoding[:40]!r} was not asked for")
    decompressor = zlib.decompressobj(zlib.MAX_WBITS | 32)  # tells gzip from deflate by itself
    try:
        async for chunk in chunks:
            rest = chunk
            while rest and not decompressor.eof:
                yield decompressor.decompress(rest, _PIECE_BYTES)
                rest = decompressor.unconsumed_tail
    except zlib.error as error:
        raise httpx.DecodingError(str(error)) from None
    if not decompressor.eof:
        raise httpx.DecodingError("the compressed body is cut off")


async def _steady(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    started, received = time.monotonic(), 0
    async for chunk in chunks:
        received += len(chunk)
        seconds = time.monotonic() - started
        if seconds > _RATE_AFTER_SECONDS and received < seconds * MIN_FILE_RATE:
            raise httpx.ReadTimeout(f"{received} bytes came in {seconds:.0f} s")
        yield chunk

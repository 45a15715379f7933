"""Getting a file onto the platform, streamed from disk: memory does not grow with the file."""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import parse_qs, urlsplit

from ._errors import UnexpectedAnswer
from ._http import Wire

DIRECT_LIMIT = 150_000_000
"""Bytes up to which a file goes through `:upload`; larger ones go to a signed URL."""
CHUNK = 1 << 20

log = logging.getLogger("fw_assets.fireworks")

OnBytes = Callable[[int, int], Any]
"""Called with bytes sent so far and bytes in all."""


@dataclass
class Begun:
    """What an attempt leaves to the next one: the signed URL that it sent a file to."""

    url: str | None = None


async def upload_file(
    wire: Wire, dataset_path: str, path: Path, on_bytes: OnBytes | None, limit: int, begun: Begun
) -> None:
    """One attempt to send `path` as the content of a dataset.

    A file that goes to a signed URL goes on where the attempt before broke off, if the storage behind the URL
    kept what had come; any other attempt starts at the first byte.
    """
    # Opened here and not where it is read: a broken attempt abandons the reading half-way.
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size <= limit:
            await _upload_directly(wire, f"{dataset_path}:upload", file_name(path), file, size, on_bytes)
        else:
            await _upload_signed(wire, dataset_path, file_name(path), file, size, on_bytes, begun)


async def _upload_directly(
    wire: Wire, url: str, name: str, file: BinaryIO, size: int, on_bytes: OnBytes | None
) -> None:
    boundary = secrets.token_hex(16)
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    ).encode()
    tail = f"\r\n--{boundary}--\r\n".encode()

    async def body() -> AsyncIterator[bytes]:
        yield head
        async for chunk in _chunks(file, 0, size, on_bytes):
            yield chunk
        yield tail

    headers = {
        "Content-Type": f"multipart/form-data; boundary={boundary}",
        "Content-Length": str(len(head) + size + len(tail)),
    }
    await wire.post_stream(url, body(), headers, read_timeout=600.0)


async def _upload_signed(
    wire: Wire, dataset_path: str, name: str, file: BinaryIO, size: int, on_bytes: OnBytes | None, begun: Begun
) -> None:
    there = 0
    url = begun.url
    if url:
        there = await wire.signed.received(url, size, signed_headers(url, size))
    if not url or not there:
        url = begun.url = await _signed_url(wire, dataset_path, name, size)
    headers = {"Content-Length": str(size - there), **signed_headers(url, size)}
    if there:
        headers["Content-Range"] = f"bytes {there}-{size - 1}/{size}"
        log.info("%s: %d of %d bytes have arrived, going on from there", name, there, size)
    if there < size:
        file.seek(there)
        await wire.signed.put(url, _chunks(file, there, size, on_bytes), headers)
    await wire.post(f"{dataset_path}:validateUpload", {}, safe=True)


async def _signed_url(wire: Wire, dataset_path: str, name: str, size: int) -> str:
    answer = await wire.post(f"{dataset_path}:getUploadEndpoint", {"filenameToSize": {name: str(size)}}, safe=True)
    url = (answer.get("filenameToSignedUrls") or {}).get(name)
    if not isinstance(url, str):
        raise UnexpectedAnswer(f"{dataset_path}: the platform gave no URL to upload {name} to")
    return url


def signed_headers(url: str, size: int) -> dict[str, str]:
    """The headers that a signed URL wants: those it names, or the content type when it names none."""
    offered = {"content-type": "application/octet-stream", "x-goog-content-length-range": f"{size},{size}"}
    query = {name.lower(): values for name, values in parse_qs(urlsplit(url).query).items()}
    named = query.get("x-goog-signedheaders") or query.get("x-amz-signedheaders") or ["content-type"]
    wanted = set(named[0].lower().split(";"))
    return {name.title(): value for name, value in offered.items() if name in wanted}


def file_name(path: Path) -> str:
    """The file's own name without characters that would break a header or a URL."""
    cleaned = "".join(
        letter if letter.isascii() and (letter.isalnum() or letter in "._-") else "-" for letter in path.name
    )
    return cleaned.lstrip(".") or "data.jsonl"


async def _chunks(file: BinaryIO, sent: int, size: int, on_bytes: OnBytes | None) -> AsyncIterator[bytes]:
    while sent < size and (chunk := file.read(min(CHUNK, size - sent))):
        yield chunk
        sent += len(chunk)
        if on_bytes:
            on_bytes(sent, size)

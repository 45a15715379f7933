"""Uploads, streamed from disk: memory does not grow with the file."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import parse_qs, urlsplit

from ._errors import UnexpectedResponse
from ._http import HttpClient
from ._logger import log
from ._signed_urls import UPLOAD_SECONDS

DIRECT_UPLOAD_LIMIT = 150_000_000
"""Bytes up to which a file goes through `:upload`; larger ones go to a signed URL."""
CHUNK_BYTES = 1 << 20

OnBytes = Callable[[int, int], Any]
"""Called with bytes sent so far and bytes in all."""


@dataclass
class UploadState:
    """What an attempt leaves to the next one: the signed URL that it sent the file to."""

    url: str | None = None


async def upload_file(
    http: HttpClient,
    dataset_path: str,
    path: Path,
    on_bytes: OnBytes | None,
    direct_upload_limit: int,
    state: UploadState,
) -> None:
    """One attempt to send `path` as the content of a dataset.

    A file that goes to a signed URL resumes where the attempt before broke off, if the storage behind the URL
    kept what had arrived; any other attempt starts at the first byte.
    """
    # Opened here and not in `_chunks`: a broken attempt abandons that generator half-way and would leave it open.
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size <= direct_upload_limit:
            await _upload_directly(http, f"{dataset_path}:upload", file_name(path), file, size, on_bytes)
        else:
            await _upload_signed(http, dataset_path, file_name(path), file, size, on_bytes, state)


async def _upload_directly(
    http: HttpClient, url: str, name: str, file: BinaryIO, size: int, on_bytes: OnBytes | None
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
    await http.post_stream(url, body(), headers, read_seconds=UPLOAD_SECONDS)


async def _upload_signed(
    http: HttpClient,
    dataset_path: str,
    name: str,
    file: BinaryIO,
    size: int,
    on_bytes: OnBytes | None,
    state: UploadState,
) -> None:
    received = 0
    url = state.url
    if url:
        received = await http.signed_urls.bytes_received(url, size, signed_headers(url, size))
    if not url or not received:
        url = state.url = await _signed_url(http, dataset_path, name, size)
    headers = {"Content-Length": str(size - received), **signed_headers(url, size)}
    if received:
        headers["Content-Range"] = f"bytes {received}-{size - 1}/{size}"
        log.info("%s: %d of %d bytes have arrived, resuming there", name, received, size)
    if received < size:
        file.seek(received)
        await http.signed_urls.put(url, _chunks(file, received, size, on_bytes), headers)
    await http.post(f"{dataset_path}:validateUpload", {}, idempotent=True)


async def _signed_url(http: HttpClient, dataset_path: str, name: str, size: int) -> str:
    question = {"filenameToSize": {name: str(size)}}
    response = await http.post(f"{dataset_path}:getUploadEndpoint", question, idempotent=True)
    url = (response.get("filenameToSignedUrls") or {}).get(name)
    if not isinstance(url, str):
        raise UnexpectedResponse(f"{dataset_path}: the platform gave no URL to upload {name} to")
    return url


def signed_headers(url: str, size: int) -> dict[str, str]:
    """The headers that a signed URL requires: those it names, or the content type when it names none."""
    available = {"content-type": "application/octet-stream", "x-goog-content-length-range": f"{size},{size}"}
    query = {name.lower(): values for name, values in parse_qs(urlsplit(url).query).items()}
    named = query.get("x-goog-signedheaders") or query.get("x-amz-signedheaders") or ["content-type"]
    required = set(named[0].lower().split(";"))
    return {name.title(): value for name, value in available.items() if name in required}


def file_name(path: Path) -> str:
    """The file's own name without characters that would break a header or a URL."""
    cleaned = "".join(
        letter if letter.isascii() and (letter.isalnum() or letter in "._-") else "-" for letter in path.name
    )
    return cleaned.lstrip(".") or "data.jsonl"


async def _chunks(file: BinaryIO, sent: int, size: int, on_bytes: OnBytes | None) -> AsyncIterator[bytes]:
    while sent < size and (chunk := file.read(min(CHUNK_BYTES, size - sent))):
        yield chunk
        sent += len(chunk)
        if on_bytes:
            on_bytes(sent, size)

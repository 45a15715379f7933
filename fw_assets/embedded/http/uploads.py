"""Files on their way in and out: multipart uploads, signed PUT and GET."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator, Iterable
from pathlib import Path, PurePosixPath

import anyio.to_thread
from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, Response

from fw_assets.embedded.errors import ApiError, invalid
from fw_assets.embedded.http.signing import check_signed
from fw_assets.embedded.store.platform import Platform

_UNNOTICED_SECONDS = 5.0
MAX_UPLOAD = 150 * 1024 * 1024
_BLOCK = 1 << 20


def file_name(name: object) -> str:
    """The last part of the name that a client gave its file, safe to use in a folder of ours."""
    base = PurePosixPath(name.replace("\\", "/")).name if isinstance(name, str) else ""
    if not base or base.startswith(".") or len(base) > 200 or "\0" in base:
        raise invalid(f"{name!r} is not a usable file name")
    return base


async def save_multipart(request: Request, folder: Path) -> Path:
    """Store the part `file` of a multipart request in `folder`.

    Raises:
        ApiError: 413 over 150 MB; INVALID_ARGUMENT without such a part.
    """
    too_large = ApiError(
        "INVALID_ARGUMENT",
        "the upload is over 150 MB; use :getUploadEndpoint, PUT the file there, then :validateUpload",
        status=413,
    )
    if int(request.headers.get("content-length") or 0) > MAX_UPLOAD + _BLOCK:
        raise too_large
    async with request.form(max_files=1) as form:
        part = form.get("file")
        if not isinstance(part, UploadFile):
            raise invalid("file: the request has no file part of that name", "file")
        if (part.size or 0) > MAX_UPLOAD:
            raise too_large
        target = folder / file_name(part.filename or "data.jsonl")
        source = part.file
        await anyio.to_thread.run_sync(_store, iter(lambda: source.read(_BLOCK), b""), target)
        return target


async def signed(request: Request) -> Response:
    """GET or PUT of a file under a URL that the platform signed; such URLs need no key."""
    platform: Platform = request.app.state.platform
    method = "GET" if request.method == "HEAD" else request.method
    path, size = check_signed(platform, method, request.path_params["path"], request.query_params)
    if method == "PUT":
        return await _receive(request, path, size)
    if not path.is_file():
        raise ApiError("NOT_FOUND", f"{path.name} has not been written yet")
    return FileResponse(path, media_type="application/octet-stream", content_disposition_type="inline")


async def _receive(request: Request, path: Path, size: int | None) -> Response:
    """Store the body; with `Content-Range: bytes FIRST-LAST/TOTAL` store a part of it.

    What came before a lost connection is kept. A part that does not complete the file, and the question
    `bytes */TOTAL`, are answered by 308 with the range that is there, so that a dropped upload goes on where
    it stopped.
    """
    partial = path.with_name(f".{path.name}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    content_range = request.headers.get("content-range", "")
    if not content_range:
        begun = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            written = await _write(request.stream(), begun, 0)
        except ClientDisconnect:
            begun.replace(partial)
            return Response(status_code=400)  # nobody reads it
        partial.unlink(missing_ok=True)
        partial = begun
        if size is not None and written != size:
            partial.unlink()
            raise invalid(f"{written} bytes came, the URL was made for {size}")
        partial.replace(path)
        return Response(status_code=200)
    first, total = _range(content_range)
    if first is None and not partial.exists():
        await _end_of_broken(path)
    there = partial.stat().st_size if partial.exists() else 0
    if first is not None:
        if first > there:
            raise invalid(f"Content-Range: starts at {first}, only {there} bytes are there")
        there = await _write(request.stream(), partial, first)
    if there < total:
        return Response(status_code=308, headers={"Range": f"bytes=0-{there - 1}"} if there else {})
    if there != total or (size is not None and total != size):
        raise invalid(f"{there} bytes came, {size if size is not None else total} were expected")
    if partial.exists():
        partial.replace(path)
    return Response(status_code=200)


async def _end_of_broken(path: Path) -> None:
    """Wait a moment for an upload that is under way: its client may have lost the connection unnoticed as yet."""
    start = f".{path.name}."
    with anyio.move_on_after(_UNNOTICED_SECONDS):
        while any(found.name.startswith(start) and found.suffix != ".part" for found in path.parent.iterdir()):
            await anyio.sleep(0.05)


def _range(text: str) -> tuple[int | None, int]:
    try:
        span, total = text.removeprefix("bytes ").split("/")
        return (None if span == "*" else int(span.split("-")[0])), int(total)
    except ValueError:
        raise invalid(f"Content-Range: cannot read {text!r}") from None


async def _write(blocks: AsyncIterator[bytes], path: Path, start: int) -> int:
    """Write the stream at `start`; what came before a lost connection stays for the next attempt."""
    with path.open("r+b" if path.exists() else "w+b") as file:
        file.truncate(start)
        file.seek(start)
        async for block in blocks:
            file.write(block)
        file.flush()
        return file.tell()


def _store(blocks: Iterable[bytes], target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with temporary.open("wb") as file:
            for block in blocks:
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)

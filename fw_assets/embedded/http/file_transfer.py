"""File transfer: multipart uploads, and GET and PUT under signed URLs."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator, Iterable
from pathlib import Path, PurePosixPath

import anyio.to_thread
from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, Response

from fw_assets.embedded.errors import RpcError, invalid
from fw_assets.embedded.http.body_limit import MAX_UPLOAD_BYTES, too_large
from fw_assets.embedded.http.signing import check_signed
from fw_assets.embedded.store.embedded_platform import EmbeddedPlatform

_DISCONNECT_GRACE_SECONDS = 5.0
_BLOCK_BYTES = 1 << 20


def safe_file_name(name: object) -> str:
    """The last part of a client's file name, safe to use in a folder of the platform.

    Raises:
        RpcError: INVALID_ARGUMENT.
    """
    base = PurePosixPath(name.replace("\\", "/")).name if isinstance(name, str) else ""
    if not base or base.startswith(".") or len(base) > 200 or "\0" in base:
        raise invalid(f"{name!r} is not a usable file name")
    return base


async def save_multipart(request: Request, folder: Path) -> Path:
    """Store the part `file` of a multipart request in `folder`.

    Raises:
        RpcError: 413 over 150 MB; INVALID_ARGUMENT without such a part.
    """
    async with request.form(max_files=1) as form:
        part = form.get("file")
        if not isinstance(part, UploadFile):
            raise invalid("file: the request has no file part of that name", "file")
        if (part.size or 0) > MAX_UPLOAD_BYTES:
            raise too_large(request.url.path)
        target = folder / safe_file_name(part.filename or "data.jsonl")
        source = part.file
        await anyio.to_thread.run_sync(_store, iter(lambda: source.read(_BLOCK_BYTES), b""), target)
        return target


async def transfer_signed(request: Request) -> Response:
    """GET or PUT of a file under a signed URL, which needs no key."""
    platform: EmbeddedPlatform = request.app.state.platform
    method = "GET" if request.method == "HEAD" else request.method
    path, size = check_signed(platform, method, request.path_params["path"], request.query_params)
    if method == "PUT":
        return await _receive(request, path, size)
    if not path.is_file():
        raise RpcError("NOT_FOUND", f"{path.name} has not been written yet")
    return FileResponse(path, media_type="application/octet-stream", content_disposition_type="inline")


async def _receive(request: Request, path: Path, size: int | None) -> Response:
    """Store the body as the file; with `Content-Range: bytes FIRST-LAST/TOTAL`, as a part of it.

    What arrived before a lost connection is kept. A part that does not complete the file is answered by 308 with the
    range that has arrived, and so is the question `bytes */TOTAL`: a dropped upload resumes where it stopped.
    """
    partial = path.with_name(f".{path.name}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    content_range = request.headers.get("content-range")
    if content_range:
        return await _receive_part(request, path, partial, content_range, size)
    whole = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        written = await _write(request.stream(), whole, 0, size)
    except ClientDisconnect:
        whole.replace(partial)
        return Response(status_code=400)  # nobody reads it
    except RpcError:
        whole.unlink()
        raise
    partial.unlink(missing_ok=True)
    if size is not None and written != size:
        whole.unlink()
        raise invalid(f"{written} bytes came, the URL was made for {size}")
    _finish(whole, path)
    return Response(status_code=200)


async def _receive_part(request: Request, path: Path, partial: Path, content_range: str, size: int | None) -> Response:
    first, total = _parse_content_range(content_range)
    if first is None and not partial.exists():
        await _wait_for_upload(path)
    received = partial.stat().st_size if partial.exists() else 0
    if first is not None:
        if first > received:
            raise invalid(f"Content-Range: starts at {first}, only {received} bytes are there")
        received = await _write(request.stream(), partial, first, min(total, size or total))
    if received < total:
        return Response(status_code=308, headers={"Range": f"bytes=0-{received - 1}"} if received else {})
    if received != total or (size is not None and total != size):
        raise invalid(f"{received} bytes came, {size if size is not None else total} were expected")
    if partial.exists():
        partial.replace(path)
    return Response(status_code=200)


async def _wait_for_upload(path: Path) -> None:
    """Wait a moment for an upload under way to end: its connection may be lost without our having noticed yet."""
    prefix = f".{path.name}."
    with anyio.move_on_after(_DISCONNECT_GRACE_SECONDS):
        while any(other.name.startswith(prefix) and other.suffix != ".part" for other in path.parent.iterdir()):
            await anyio.sleep(0.05)


def _parse_content_range(text: str) -> tuple[int | None, int]:
    try:
        span, total = text.removeprefix("bytes ").split("/")
        return (None if span == "*" else int(span.split("-")[0])), int(total)
    except ValueError:
        raise invalid(f"Content-Range: cannot read {text!r}") from None


async def _write(blocks: AsyncIterator[bytes], path: Path, start: int, limit: int | None) -> int:
    """Write the stream at `start` and return the file's size; what arrives before a lost connection stays.

    Raises:
        RpcError: INVALID_ARGUMENT when the file would have more than `limit` bytes.
    """
    with path.open("r+b" if path.exists() else "w+b") as file:
        file.truncate(start)
        file.seek(start)
        async for block in blocks:
            if limit is not None and file.tell() + len(block) > limit:
                raise invalid(f"more than the {limit} bytes came that the URL was made for")
            file.write(block)
        file.flush()
        return file.tell()


def _finish(temporary: Path, target: Path) -> None:
    """Make what was uploaded the file.

    Raises:
        RpcError: UNAVAILABLE when another upload of the same file has finished in between, which clears its folder.
    """
    try:
        temporary.replace(target)
    except FileNotFoundError:
        raise RpcError("UNAVAILABLE", f"{target.name}: another upload of it has just finished; look again") from None


def _store(blocks: Iterable[bytes], target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with temporary.open("wb") as file:
            for block in blocks:
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
        _finish(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)

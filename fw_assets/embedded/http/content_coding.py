"""Compressed request bodies: `Content-Encoding: zstd` or `gzip`, decoded before a handler sees them.

The limit on bodies holds for what was decoded as well: a few kilobytes may hold gigabytes.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping

import zstandard
from starlette.types import Message, Receive

from fw_assets.embedded.errors import RpcError, invalid
from fw_assets.embedded.http.body_limit import MAX_BODY_BYTES, too_large
from fw_assets.embedded.http.signing import SIGNED_PREFIX


def decoded(receive: Receive, path: str, headers: Mapping[bytes, bytes]) -> Receive:
    """A `receive` that gives the decoded body, in one message.

    Files are stored as they come: uploads and signed URLs are left alone. A body that ends too early is cut there, and
    is no JSON.

    Raises:
        RpcError: 415 for another coding, at once; from the `receive`, 413 for a body that is too large once decoded,
            INVALID_ARGUMENT for one that is not what its header says.
    """
    coding = headers.get(b"content-encoding", b"").decode("latin-1").strip().lower()
    if coding in ("", "identity") or path.startswith(SIGNED_PREFIX) or path.endswith(":upload"):
        return receive
    if coding not in _DECODERS:
        message = f"Content-Encoding: {coding}; expected one of {', '.join(_DECODERS)}, or none"
        raise RpcError("INVALID_ARGUMENT", message, status=415)
    pending = True

    async def decode() -> Message:
        nonlocal pending
        if not pending:
            return await receive()
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return message
            body += message.get("body", b"")
            more = message.get("more_body", False)
        pending = False
        try:
            content = _DECODERS[coding](body)
        except (zlib.error, zstandard.ZstdError) as error:
            raise invalid(f"the body is not {coding}, as its Content-Encoding says: {error}") from None
        if len(content) > MAX_BODY_BYTES:
            raise too_large(path)
        return {"type": "http.request", "body": content, "more_body": False}

    return decode


def _gzip(body: bytes) -> bytes:
    return zlib.decompressobj(wbits=16 + zlib.MAX_WBITS).decompress(body, MAX_BODY_BYTES + 1)


def _zstd(body: bytes) -> bytes:
    # A frame's header may name any window: it gets no more memory than bodies do.
    with zstandard.ZstdDecompressor(max_window_size=2 * MAX_BODY_BYTES).stream_reader(body) as reader:
        return reader.read(MAX_BODY_BYTES + 1)


_DECODERS: dict[str, Callable[[bytes], bytes]] = {"zstd": _zstd, "gzip": _gzip, "x-gzip": _gzip}

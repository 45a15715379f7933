"""Limits on request bodies, held while they are read: a chunked body does not say its length in advance."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.types import Message, Receive

from fw_assets.embedded.errors import RpcError
from fw_assets.embedded.http.signing import SIGNED_PREFIX

MAX_BODY_BYTES = 4 << 20
MAX_UPLOAD_BYTES = 150 << 20
_MULTIPART_OVERHEAD_BYTES = 1 << 20


def limited(receive: Receive, path: str, headers: Mapping[bytes, bytes]) -> Receive:
    """A `receive` that refuses to read more than a path's bodies may have.

    Bodies under signed URLs are as long as the URL says, which their endpoint checks.

    Raises:
        RpcError: 413, at once where the headers say the length, else from the `receive` that passes the limit.
    """
    if path.startswith(SIGNED_PREFIX):
        return receive
    limit = MAX_UPLOAD_BYTES + _MULTIPART_OVERHEAD_BYTES if path.endswith(":upload") else MAX_BODY_BYTES
    if int(headers.get(b"content-length", b"0")) > limit:
        raise too_large(path)
    received = 0

    async def counted() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > limit:
            raise too_large(path)
        return message

    return counted


def too_large(path: str) -> RpcError:
    """413, with what to do instead."""
    message = f"the request body is over {MAX_BODY_BYTES >> 20} MB"
    if path.endswith(":upload"):
        message = (
            f"the upload is over {MAX_UPLOAD_BYTES >> 20} MB; use :getUploadEndpoint, PUT the file there, then "
            ":validateUpload"
        )
    return RpcError("INVALID_ARGUMENT", message, status=413)

"""Signed URLs: a file of the home, one method, until a moment in time."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, urlencode

from fw_assets.embedded.errors import ApiError
from fw_assets.embedded.store.platform import Platform

LIFETIME_SECONDS = 3600
PREFIX = "/signed/"


def signed_url(platform: Platform, base_url: str, path: Path, method: str, size: int | None = None) -> str:
    """A URL under which `path` can be read (GET) or written (PUT) for an hour.

    `size` is what a PUT must send, in bytes; its header `x-goog-content-length-range` is then signed too.
    """
    relative = path.relative_to(platform.home).as_posix()
    fields = {
        "X-Goog-Expires": str(LIFETIME_SECONDS),
        "expires": str(int(platform.clock()) + LIFETIME_SECONDS),
    }
    if method == "PUT":
        signed = "content-type;host" if size is None else "content-type;host;x-goog-content-length-range"
        fields |= {"X-Goog-SignedHeaders": signed, "size": "" if size is None else str(size)}
    fields["X-Goog-Signature"] = _signature(platform, method, relative, fields)
    return f"{base_url}{PREFIX}{quote(relative)}?{urlencode(fields)}"


def check_signed(platform: Platform, method: str, relative: str, query: Mapping[str, str]) -> tuple[Path, int | None]:
    """The file that a signed URL stands for, and the size that a PUT to it must have.

    Raises:
        ApiError: PERMISSION_DENIED when the signature is wrong or the time is over.
    """
    fields = {key: value for key, value in query.items() if key != "X-Goog-Signature"}
    expected = _signature(platform, method, relative, fields)
    if not hmac.compare_digest(expected, query.get("X-Goog-Signature", "").encode("utf-8", "replace").decode()):
        raise ApiError("PERMISSION_DENIED", "the signature of this URL does not match", reason="SignatureDoesNotMatch")
    if float(query.get("expires", "0")) < platform.clock():
        raise ApiError("PERMISSION_DENIED", "this URL has expired; ask for a new one", reason="ExpiredToken")
    return platform.home / relative, int(query["size"]) if query.get("size") else None


def _signature(platform: Platform, method: str, relative: str, fields: Mapping[str, str]) -> str:
    text = "\n".join([method, relative, *(f"{key}={fields[key]}" for key in sorted(fields))])
    return hmac.new(platform.signing_key, text.encode(), hashlib.sha256).hexdigest()

"""Signed URLs: each permits one method on one file of the home until it expires."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, urlencode

from fw_assets.embedded.errors import RpcError
from fw_assets.embedded.store.embedded_platform import EmbeddedPlatform

LIFETIME_SECONDS = 3600
SIGNED_PREFIX = "/signed/"
TRANSFERRED_FOLDERS = ("datasets", "jobs", "models")


def signed_url(platform: EmbeddedPlatform, base_url: str, path: Path, method: str, size: int | None = None) -> str:
    """A URL under which `path` can be read (GET) or written (PUT) for an hour.

    Args:
        size: of a PUT, the bytes that it must send; the header `x-goog-content-length-range` is then signed too.
    """
    relative = path.relative_to(platform.home).as_posix()
    fields = {
        "X-Goog-Expires": str(LIFETIME_SECONDS),
        "expires": str(int(platform.clock()) + LIFETIME_SECONDS),
    }
    if method == "PUT":
        headers = "content-type;host" if size is None else "content-type;host;x-goog-content-length-range"
        fields |= {"X-Goog-SignedHeaders": headers, "size": "" if size is None else str(size)}
    fields["X-Goog-Signature"] = _signature(platform, method, relative, fields)
    return f"{base_url}{SIGNED_PREFIX}{quote(relative)}?{urlencode(fields)}"


def check_signed(
    platform: EmbeddedPlatform, method: str, relative: str, query: Mapping[str, str]
) -> tuple[Path, int | None]:
    """The file of a signed URL, and the size that a PUT to it must have.

    Raises:
        RpcError: PERMISSION_DENIED when the signature is wrong or the URL has expired.
    """
    fields = {key: value for key, value in query.items() if key != "X-Goog-Signature"}
    expected = _signature(platform, method, relative, fields)
    if not hmac.compare_digest(expected.encode(), query.get("X-Goog-Signature", "").encode("utf-8", "replace")):
        raise RpcError("PERMISSION_DENIED", "the signature of this URL does not match", reason="SignatureDoesNotMatch")
    if float(query.get("expires", "0")) < platform.clock():
        raise RpcError("PERMISSION_DENIED", "this URL has expired; ask for a new one", reason="ExpiredToken")
    return _inside(platform, relative), int(query["size"]) if query.get("size") else None


def _inside(platform: EmbeddedPlatform, relative: str) -> Path:
    """The path of a file in one of the folders that are transferred; a signature alone does not open the others."""
    home, path = platform.home.resolve(), (platform.home / relative).resolve()
    parts = path.relative_to(home).parts if path.is_relative_to(home) else ()
    if len(parts) < 2 or parts[0] not in TRANSFERRED_FOLDERS or any(part.startswith(".") for part in parts):
        raise RpcError("PERMISSION_DENIED", "this URL leaves the folders that can be transferred")
    return path


def _signature(platform: EmbeddedPlatform, method: str, relative: str, fields: Mapping[str, str]) -> str:
    text = "\n".join([method, relative, *(f"{key}={fields[key]}" for key in sorted(fields))])
    return hmac.new(platform.signing_key, text.encode(), hashlib.sha256).hexdigest()

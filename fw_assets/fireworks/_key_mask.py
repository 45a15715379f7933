"""Mask of the key: what a platform sends is shown and stored, and may quote the key that it was sent."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from urllib.parse import quote

from pydantic import SecretStr

MASK = b"[key]"
_MIN_KEY_LENGTH = 8
"""A shorter one is in other words too, and no platform hands it out."""
# An escape of an ASCII character that JSON has no need to escape.
_NEEDLESS_ESCAPE = re.compile(rb"\\u00(?:[3-6][0-9A-Fa-f]|2[D-Fd-f]|7[0-9A-Ea-e])")


class KeyMask:
    """Replaces a key, plain and percent-encoded in any case, by `[key]`."""

    def __init__(self, key: SecretStr) -> None:
        plain = key.get_secret_value()
        bytewise = "".join(f"%{byte:02X}" for byte in plain.encode())
        quoted = {quote(plain, safe=""), bytewise}
        forms = {plain, *quoted, *(re.sub("%..", lambda match: match[0].lower(), form) for form in quoted)}
        if len(plain) < _MIN_KEY_LENGTH:
            forms = set()
        self._forms = tuple(form.encode() for form in sorted(forms, key=len, reverse=True))

    def __call__(self, content: bytes) -> bytes:
        """The content without the key; JSON that escapes what needs no escape is written anew."""
        if _NEEDLESS_ESCAPE.search(content):
            content = _unescaped(content)
        return self._masked(content)

    def _masked(self, content: bytes) -> bytes:
        for form in self._forms:
            if form in content:
                content = content.replace(form, MASK)
        return content

    async def stream(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The pieces of a file without the key, which may lie across two of them."""
        kept = max((len(form) for form in self._forms), default=1) - 1
        rest = b""
        async for piece in pieces:
            whole = self._masked(rest + piece)
            rest = whole[-kept:] if kept else b""
            yield whole[: len(whole) - len(rest)]
        yield rest


def _unescaped(content: bytes) -> bytes:
    try:
        return json.dumps(json.loads(content)).encode()
    except (ValueError, RecursionError):
        return content

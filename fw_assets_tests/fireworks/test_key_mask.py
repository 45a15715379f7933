"""What a platform quotes of the key is masked, however it writes it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from fw_assets.fireworks._key_mask import KeyMask

KEY = "fw_3Z+a/b=c%40~secret"
MASK = KeyMask(SecretStr(KEY))
FORMS = (
    KEY,
    quote(KEY, safe=""),
    quote(KEY, safe="").lower().replace("fw_3z", "fw_3Z"),
    "".join(f"%{byte:02x}" for byte in KEY.encode()),
    "".join(f"%{byte:02X}" for byte in KEY.encode()),
)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_masked(form: str) -> None:
    masked = MASK(f"say {form} twice {form}.".encode())
    assert masked == b"say [key] twice [key]."


@pytest.mark.parametrize("escaped", [KEY[:3] + "\\u0033" + KEY[4:], "".join(f"\\u{ord(c):04x}" for c in KEY)])
def test_escapes_of_json_hide_nothing(escaped: str) -> None:
    masked = MASK(f'{{"message": "bad {escaped}", "é": "\\u00e9\\n"}}'.encode())
    assert json.loads(masked) == {"message": "bad [key]", "é": "é\n"}


@given(st.binary())
def test_other_content_stays(content: bytes) -> None:
    assert MASK(content) == content


@given(st.lists(st.sampled_from([KEY, "text", *KEY[:6]]), max_size=8), st.integers(1, 40))
def test_a_stream_is_masked_like_the_whole(parts: list[str], size: int) -> None:
    whole = "".join(parts).encode()

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(whole), size):
            yield whole[start : start + size]

    async def masked() -> bytes:
        return b"".join([piece async for piece in MASK.stream(pieces())])

    assert asyncio.run(masked()) == MASK(whole)


def test_a_key_that_is_a_word_masks_no_words() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"monk"
        yield b"ey"

    async def masked() -> bytes:
        return b"".join([piece async for piece in KeyMask(SecretStr("key")).stream(pieces())])

    assert asyncio.run(masked()) == b"monkey" == KeyMask(SecretStr("key"))(b"monkey")


def test_no_representation_shows_it() -> None:
    assert KEY not in repr(MASK)

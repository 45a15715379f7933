"""Compressed bodies: the same answers, the same limits."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable

import pytest
import zstandard

from fw_assets_tests.embedded.conftest import Client

COMPRESSED: dict[str, Callable[[bytes], bytes]] = {"zstd": zstandard.compress, "gzip": gzip.compress}
PATH = "/v1/accounts/local/datasets"


def send(client: Client, content: bytes, coding: str) -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {client.key}", "Content-Encoding": coding}
    response = client.send("POST", PATH, content=content, headers=headers)
    return response.status_code, response.text


@pytest.mark.parametrize("coding", ["zstd", "gzip", "GZIP", "identity"])
def test_bodies_are_decoded(client: Client, coding: str) -> None:
    body = json.dumps({"datasetId": "d", "dataset": {"exampleCount": "1", "userUploaded": {}}}).encode()
    content = COMPRESSED.get(coding.lower(), bytes)(body)
    assert send(client, content, coding)[0] == 200
    assert client.get(f"{PATH}/d")["state"]


@pytest.mark.parametrize("coding", COMPRESSED)
def test_a_bomb_is_too_large(client: Client, coding: str) -> None:
    status, text = send(client, COMPRESSED[coding](b" " * (64 << 20)), coding)
    assert status == 413
    assert "over 4 MB" in text


def test_a_frame_that_wants_a_large_window_is_refused(client: Client) -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=27, write_content_size=0)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    body = compressor.compress(b"{}" * 100) + compressor.flush()
    assert send(client, body, "zstd")[0] == 400


@pytest.mark.parametrize("coding", ["zstd", "gzip"])
@pytest.mark.parametrize(
    "content", [b"plain", zstandard.compress(b"{}")[:-2], gzip.compress(b"{" + b" " * 999, mtime=0)[:-20]]
)
def test_what_is_no_such_body_is_refused(client: Client, coding: str, content: bytes) -> None:
    status, _ = send(client, content, coding)
    assert status == 400


def test_another_coding_is_refused(client: Client) -> None:
    status, text = send(client, b"{}", "br")
    assert status == 415
    assert "zstd, gzip" in text

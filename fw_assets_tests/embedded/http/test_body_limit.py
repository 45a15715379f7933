"""Bodies over the limits are refused, with or without a length in their headers."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from fw_assets.embedded.http import body_limit
from fw_assets_tests.embedded.conftest import Client

BLOCK = b" " * (1 << 20)
PATHS = (
    "/v1/chat/completions",
    "/inference/v1/chat/completions",
    "/v1/accounts/local/datasets",
    "/v1/accounts/local/supervisedFineTuningJobs",
)


class Blocks:
    """A chunked body that notes how much of it was asked for."""

    def __init__(self, count: int) -> None:
        self.count, self.sent = count, 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(self.count):
            self.sent += 1
            yield BLOCK


@pytest.mark.parametrize("path", PATHS)
def test_a_body_that_states_its_length_is_refused(client: Client, path: str) -> None:
    response = client.send("POST", path, content=BLOCK * 5)
    assert response.status_code == 413
    assert "over 4 MB" in response.text


@pytest.mark.parametrize("path", PATHS)
def test_a_chunked_body_is_refused_while_it_is_read(client: Client, path: str) -> None:
    body = Blocks(64)
    response = client.send("POST", path, content=body)
    assert response.status_code == 413
    assert body.sent <= 6


def test_a_chunked_upload_is_refused_while_it_is_read(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_limit, "MAX_UPLOAD_BYTES", 2 << 20)
    body = Blocks(64)
    response = client.send("POST", "/v1/accounts/local/datasets/d:upload", content=body)
    assert response.status_code in (400, 404, 413)
    assert body.sent <= 5


def test_a_file_under_a_signed_url_is_refused_when_it_is_longer_than_announced(client: Client) -> None:
    client.post("/v1/accounts/local/datasets", {"datasetId": "d", "dataset": {"exampleCount": "1", "userUploaded": {}}})
    endpoint = "/v1/accounts/local/datasets/d:getUploadEndpoint"
    (url,) = client.post(endpoint, {"filenameToSize": {"a.jsonl": 100}})["filenameToSignedUrls"].values()
    path = url.removeprefix("http://embedded")
    body = Blocks(64)
    assert client.send("PUT", path, content=body).status_code == 400
    assert body.sent == 1
    part = Blocks(64)
    response = client.send("PUT", path, content=part, headers={"Content-Range": "bytes 0-67108863/67108864"})
    assert response.status_code == 400
    assert part.sent == 1
    assert sum(file.stat().st_size for file in client.home.rglob("*a.jsonl*")) <= 100

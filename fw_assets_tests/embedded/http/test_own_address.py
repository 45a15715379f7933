"""Signed URLs lead to this server by its own address, whatever headers say, unless another one is configured."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from fw_assets.embedded.http.own_address import own_address
from fw_assets_tests.embedded.conftest import Client


def scope(host: str, server: tuple[str, int | None] | None = ("10.0.0.5", 8432)) -> dict[str, Any]:
    return {"scheme": "http", "server": server, "headers": [(b"host", host.encode("latin-1"))]}


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("localhost:9000", "http://localhost:9000"),
        ("127.0.0.1", "http://127.0.0.1"),
        ("[::1]:8432", "http://[::1]:8432"),
        ("10.0.0.5:8432", "http://10.0.0.5:8432"),
        ("evil.example", "http://10.0.0.5:8432"),
        ("evil.example@localhost", "http://10.0.0.5:8432"),
        ("localhost.evil.example", "http://10.0.0.5:8432"),
        ("localhost:port", "http://10.0.0.5:8432"),
        ("localhost/path?", "http://localhost"),
        ("[::1", "http://10.0.0.5:8432"),
        ("é", "http://10.0.0.5:8432"),
        ("", "http://10.0.0.5:8432"),
    ],
)
def test_hosts(host: str, address: str) -> None:
    assert own_address(scope(host)) == address


def test_other_sockets() -> None:
    assert own_address(scope("x", ("fd00::5", 80))) == "http://[fd00::5]:80"
    assert own_address(scope("x", None)) == "http://127.0.0.1"


@pytest.mark.parametrize("configured", [None, "https://models.example/"])
def test_signed_urls_name_the_configured_address_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, configured: str | None
) -> None:
    if configured:
        monkeypatch.setenv("FW_PUBLIC_URL", configured)
    client = Client(tmp_path)
    client.post("/v1/accounts/local/datasets", {"datasetId": "d", "dataset": {"exampleCount": 3, "userUploaded": {}}})
    headers = {"X-Api-Key": client.key, "Host": "evil.example", "X-Forwarded-Proto": "gopher"}
    path = "/v1/accounts/local/datasets/d:getUploadEndpoint"
    reply = client.post(path, {"filenameToSize": {"data.jsonl": 3}}, headers=headers)
    url = urlsplit(reply["filenameToSignedUrls"]["data.jsonl"])
    assert f"{url.scheme}://{url.hostname}" == ("https://models.example" if configured else "http://embedded")

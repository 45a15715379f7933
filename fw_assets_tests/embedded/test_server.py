"""The platform over a real socket, on the same state as in-process calls."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from fw_assets.embedded import api_key, serve
from fw_assets_tests.browser.conftest import free_ports
from fw_assets_tests.embedded.conftest import Client, grammar

CHAT = {
    "model": "accounts/fireworks/models/char-ngram",
    "messages": [{"role": "user", "content": "about billing"}],
    "response_format": grammar("billing", "sales"),
}


def test_both_transports_share_one_state(client: Client, url: str) -> None:
    headers = {"Authorization": f"Bearer {client.key}"}
    create = {"datasetId": "d", "dataset": {"exampleCount": 3, "userUploaded": {}}}
    assert httpx.post(f"{url}/v1/accounts/local/datasets", json=create, headers=headers).status_code == 200
    assert client.get("/v1/accounts/local/datasets/d")["state"] == "UPLOADING"
    reply = httpx.post(f"{url}/v1/chat/completions", json=CHAT, headers=headers).json()
    assert reply["choices"][0]["message"]["content"] == "billing"
    urls = client.post("/v1/accounts/local/datasets/d:getUploadEndpoint", {"filenameToSize": {"f": 3}})
    path = urls["filenameToSignedUrls"]["f"].removeprefix("http://embedded")
    assert httpx.put(url + path, content=b"abc").status_code == 200


def test_faults_cut_the_connection(client: Client, url: str) -> None:
    for fault in ("drop", "truncate"):
        headers = {"X-Api-Key": client.key, "x-fw-faults": f'{{"{fault}": 1}}'}
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(f"{url}/v1/accounts", headers=headers)


def test_it_listens_on_loopback_and_shows_its_key_at_the_first_start_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    started: list[str] = []
    monkeypatch.setattr("uvicorn.Server.run", lambda _, sockets: started.append(sockets[0].getsockname()[0]))
    (port,) = free_ports(1)
    serve(tmp_path, port=port)
    first = capsys.readouterr()
    serve(tmp_path, port=port)
    second = capsys.readouterr()
    key = api_key(tmp_path)
    assert started == ["127.0.0.1", "127.0.0.1"]
    assert first.err.count(key) == 1
    assert key not in first.out + second.out + second.err

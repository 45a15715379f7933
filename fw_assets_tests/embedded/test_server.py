"""The platform over a real socket, beside the same state in-process."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from fw_assets_tests.embedded.conftest import Client, grammar, wait

CHAT = {
    "model": "accounts/fireworks/models/char-ngram",
    "messages": [{"role": "user", "content": "about billing"}],
    "response_format": grammar("billing", "sales"),
}


@pytest.fixture
def url(client: Client) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    serve = "from fw_assets.embedded import serve; serve(pathlib.Path(sys.argv[1]), port=int(sys.argv[2]))"
    command = f"import pathlib, sys; {serve}"
    process = subprocess.Popen([sys.executable, "-c", command, str(client.home), str(port)], stderr=subprocess.PIPE)
    address = f"http://127.0.0.1:{port}"

    def healthy() -> bool:
        try:
            return httpx.get(f"{address}/healthz").status_code == 200
        except httpx.TransportError:
            return False

    try:
        wait(healthy, bool)
        yield address
    finally:
        process.terminate()
        _, errors = process.communicate(timeout=20)
        assert client.key not in errors.decode(), "the key of an old home is not printed again"


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

"""The platform over a real socket, on the same state as in-process calls."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from fw_assets.embedded import api_key, serve
from fw_assets_tests.browser.conftest import free_ports
from fw_assets_tests.embedded.conftest import Client, grammar, wait

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


@pytest.mark.parametrize("base", ["tiny-llama"], indirect=True)
def test_a_server_imports_torch_before_the_first_request(
    base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And where no language model was added, it does not."""
    program = (
        "import pathlib, sys, threading, uvicorn\n"
        "from fw_assets.embedded import serve\n"
        "def run(_, sockets):\n"
        "    [each.join() for each in threading.enumerate() if each.name == 'import-language-models']\n"
        "    print('transformers' in sys.modules)\n"
        "uvicorn.Server.run = run\n"
        "serve(pathlib.Path(sys.argv[1]), port=int(sys.argv[2]))\n"
    )
    for folder, imported in ((os.environ["FW_LANGUAGE_MODELS"], "True"), (str(tmp_path / "none"), "False")):
        monkeypatch.setenv("FW_LANGUAGE_MODELS", folder)
        command = [sys.executable, "-c", program, str(tmp_path / "home"), str(free_ports(1)[0])]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert done.stdout.split() == [imported], done.stderr


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


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1 that is its own authority, and its key."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subject = ["-subj", "/CN=fw-assets test", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command, *files, *subject], check=True, capture_output=True)
    return certificate, key


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes a certificate with openssl")
def test_another_machine_reaches_it_by_https_with_its_key(tmp_path: Path) -> None:
    certificate, key_file = make_certificate(tmp_path)
    (port,) = free_ports(1)
    address = f"https://127.0.0.1:{port}"
    program = [sys.executable, "-m", "fw_assets"]
    box = os.environ | {"FW_PLATFORM_HOME": str(tmp_path / "box"), "FW_WORKSPACE": str(tmp_path / "box-workspace")}
    tls = ["--tls", str(certificate), str(key_file)]
    serving = subprocess.Popen(
        [*program, "serve", "--port", str(port), *tls], env=box, stderr=subprocess.PIPE, text=True
    )
    try:
        assert serving.stderr is not None
        wait(serving.stderr.readline, lambda line: f"Embedded platform on {address}" in line)
        own = {"FW_EMBEDDED_URL": address, "FIREWORKS_API_KEY": api_key(tmp_path / "box")}
        elsewhere = os.environ | own | {"FW_WORKSPACE": str(tmp_path / "workspace")}
        models = [*program, "models", "--json"]
        trusted = elsewhere | {"SSL_CERT_FILE": str(certificate)}
        listed = subprocess.run(models, env=trusted, capture_output=True, text=True, check=False)
        assert listed.returncode == 0, listed.stderr
        assert "char-ngram" in json.dumps(json.loads(listed.stdout))
        refused = subprocess.run(models, env=elsewhere, capture_output=True, text=True, check=False)
        assert refused.returncode != 0
        assert "the server's certificate is not trusted; SSL_CERT_FILE" in refused.stdout
    finally:
        serving.terminate()
        serving.communicate(timeout=20)


def test_a_certificate_that_cannot_be_used_is_said_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("no key")
    (tmp_path / "certificate.pem").write_text("no certificate")
    for certificate in ("missing.pem", "certificate.pem"):
        with pytest.raises(
            OSError, match=rf"the certificate .*{certificate} with the key .*key.pem cannot be used \(.+\)"
        ):
            serve(tmp_path / "home", tls=(tmp_path / certificate, tmp_path / "key.pem"))
    assert not (tmp_path / "home").exists()

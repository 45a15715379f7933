"""Credentials in a dataset's URL stay in its registration, which only its owner can read, and go on working."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from fw_assets.pipeline.values.registration import Registration
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.project import Project

SECRETS = (b"S3cretPassw0rd", b"S3cretSignature", b"S3cretT0ken")
QUERY = "X-Amz-Signature=S3cretSignature&token=S3cretT0ken"


class Guarded(SimpleHTTPRequestHandler):
    """Serves files to those who have the password and the signature."""

    def do_GET(self) -> None:
        if "S3cretSignature" not in self.path or not self.headers.get("Authorization"):
            self.send_error(403, f"refused {self.path}")
            return
        super().do_GET()

    do_HEAD = do_GET

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Guarded, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def holding(folder: Path) -> set[str]:
    """The files that hold a secret."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {
        path.relative_to(folder).as_posix()
        for path in files
        if any(secret in path.read_bytes() or secret.decode() in str(path) for secret in SECRETS)
    }


def test_only_the_registration_holds_them_and_a_rerun_works(tmp_path: Path, address: str) -> None:
    project = Project(tmp_path)
    reference = f"http://ann:S3cretPassw0rd@{address}/tickets.jsonl?{QUERY}"
    planned = project.run("plan", reference, "--model", "char-ngram")
    assert planned.returncode == 0, planned.stderr
    registration = project.workspace / "tickets" / "assets" / "registration.json"
    assert holding(project.workspace) == {"tickets/assets/registration.json"}
    assert registration.stat().st_mode & 0o777 == 0o600
    assert b"S3cret" not in f"{planned.stdout}{planned.stderr}".encode()
    again = project.run("plan", "tickets", "--seed", "7", "--json")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["session"]["dataset"] == f"http://{address}/tickets.jsonl"
    assert holding(project.workspace) == {"tickets/assets/registration.json"}


@pytest.mark.parametrize(
    "given", ["http://ann:S3cretPassw0rd@{}/tickets.jsonl?token=S3cretT0ken", "http://{}/x?" + QUERY]
)
def test_a_refusal_quotes_none(tmp_path: Path, address: str, given: str) -> None:
    project = Project(tmp_path)
    refused = project.run("plan", given.format(address), "--model", "char-ngram", "--name", "tickets")
    assert refused.returncode == 2
    assert "cannot be read" in refused.stderr
    assert "S3cret" not in refused.stderr + refused.stdout
    assert holding(project.workspace) == set()


def test_a_registration_of_the_version_before(tmp_path: Path) -> None:
    store = Workspace(str(tmp_path))
    reference = f"https://ann:S3cretPassw0rd@host/t.jsonl?{QUERY}"
    file = {"role": "train", "reference": reference, "path": "/t.jsonl", "sha256": "0", "size_bytes": 1}
    instruction = f"train on {reference}"
    session = {"dataset": reference, "models": ["char-ngram"], "instruction": instruction}
    before = {"name": "t", "session": session, "files": [file], "understood": [f"dataset: {reference}"]}
    path = tmp_path / "t" / "assets" / "registration.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"inputs": "i", "digest": "d", "value": before}))
    registration = store.require("registration", "t", Registration)
    assert registration.references == {"dataset": reference}
    assert registration.session_fields()["dataset"] == reference
    shown = registration.model_dump_json(exclude={"references"})
    assert "S3cret" not in shown
    assert Registration.model_validate_json(registration.model_dump_json()) == registration

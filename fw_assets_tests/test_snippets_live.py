"""The report's two snippets as a reader runs them: pasted, against `fw-assets serve`, for a model tuned here."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from fw_assets_tests.project import Project

pytest.importorskip("fireworks", reason="needs the development package fireworks-ai")
SESSION = """
models: [char-ngram]
lora_ranks: [32]
learning_rates: [0.01]
epochs: 5
deploy: always
wanted_precision: 0.5
"""
PRICES = {
    "prices": [{"model": "accounts/fireworks/models/char-ngram", "item": "training", "unit": "1M tokens", "usd": 3.0}]
}


@pytest.fixture(scope="module")
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found: int = probe.getsockname()[1]
        return found


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[Project]:
    """A finished run whose winner is deployed, and the platform that serves it."""
    project = Project(tmp_path_factory.mktemp("project"))
    project.environment["FW_PORT"] = str(port)
    session = project.folder / "session.yaml"
    session.write_text(SESSION)
    done = project.run("run", str(project.data), "--session", str(session), "--approve", "--yes")
    assert done.returncode == 0, done.stderr
    prices = project.folder / "prices.json"
    prices.write_text(json.dumps(PRICES))
    server = project.start("serve", "--port", str(port), "--rehearse-prices", str(prices))
    try:
        deadline = time.monotonic() + 30
        while not healthy(port):
            assert server.poll() is None, server.communicate()[1]
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield project
    finally:
        server.terminate()
        server.communicate(timeout=20)


def healthy(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
    except httpx.TransportError:
        return False


def shell(project: Project, script: str) -> str:
    """What a script prints in a shell that has seen nothing of this project but the report."""
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(project.folder),
    }
    for name in [name for name in environment if name.startswith(("FW_", "FIREWORKS_"))]:
        del environment[name]
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=project.folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def exports(report: dict[str, Any]) -> str:
    """The lines that the report says to run before, but for the server, which runs already."""
    return "\n".join(line for line in report["snippets"]["before"] if "serve" not in line)


def shown(project: Project, language: str) -> str:
    """The code that final_report.md shows in that language."""
    text = (project.workspace / "tickets" / "final_report.md").read_text("utf-8")
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return str(found)


def test_the_python_snippet(project: Project) -> None:
    report = project.report()
    code = shown(project, "python")
    assert code == report["snippets"]["python"]
    assert "THRESHOLD" in code
    (project.folder / "ask.py").write_text(code, "utf-8")
    script = f"{exports(report)}\npython ask.py\npython ask.py 'I forgot my password and cannot log in'"
    example, given = shell(project, script).splitlines()
    assert {example, given} <= {*report["labels"], "None"}
    assert given in ("account", "None")


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_the_curl_snippet(project: Project) -> None:
    report = project.report()
    answer = json.loads(shell(project, f"{exports(report)}\n{report['snippets']['curl']}"))
    assert answer["choices"][0]["message"]["content"] in report["labels"]
    assert answer["model"].endswith(report["deployment"]["id"])


def test_the_same_request_by_openais_sdk(project: Project, port: int) -> None:
    openai = pytest.importorskip("openai")
    report = project.report()
    key = (project.workspace / ".platform" / "api_key").read_text().strip()
    client = openai.OpenAI(base_url=f"http://127.0.0.1:{port}/inference/v1", api_key=key)
    answer = client.chat.completions.create(
        model=report["deployment"]["model"], messages=[{"role": "user", "content": "I forgot my password"}]
    )
    assert answer.choices[0].message.content in report["labels"]


def test_prices_to_rehearse_with_are_charged_from_then_on(project: Project, port: int) -> None:
    key = (project.workspace / ".platform" / "api_key").read_text().strip()
    found = httpx.get(f"http://127.0.0.1:{port}/v1/prices", headers={"Authorization": f"Bearer {key}"}).json()
    assert PRICES["prices"][0] in found["prices"]
    shown = json.loads(project.run("models", "--json").stdout)["models"]
    (usd,) = {
        price["usd"]
        for entry in shown
        if entry["slug"] == "char-ngram"
        for price in entry["prices"]
        if price["item"] == "training"
    }
    assert usd == 3.0

"""Alerts on a real workspace and instance, to a real command and a real web server."""

from __future__ import annotations

import json
import logging
import re
import shlex
import socketserver
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from fw_assets.pipeline.automation.alert_delivery import NotDelivered, post, run_command
from fw_assets.pipeline.automation.alert_events import Event
from fw_assets.pipeline.automation.alerts import alerts
from fw_assets.pipeline.resources import WorkspaceResource
from fw_assets.pipeline.runner.instance import open_instance
from fw_assets.pipeline.values.regression import Regression, ServedModel
from fw_assets.pipeline.workflow.instance import OWN
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.classification.selection.test_nightly_checks import check, usual
from fw_assets_tests.project import EXAMPLES, Project

STATE = ".alerts.json"
SECRET = "T0ken-of-the-channel"
EVENT = Event(id="plan-waits/tickets/1", kind="plan-waits", dataset="tickets", text="tickets: a plan", at="2026-01-01")
SCRIPT = """\
import json, os, pathlib, sys
event = json.load(sys.stdin)
with pathlib.Path(sys.argv[1]).open("a") as told:
    told.write(json.dumps(event) + "\\n")
"""


class Webhook:
    """A web server on loopback that keeps what it is sent.

    Attributes:
        answer: the status of its answers.
    """

    def __init__(self) -> None:
        self.answer = 200
        self.events: list[dict[str, Any]] = []
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if webhook.answer == 200:
                    webhook.events.append(body)
                self.send_response(webhook.answer)
                if webhook.answer == 302:
                    self.send_header("Location", f"{webhook.url}/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/services/{SECRET}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    server = Webhook()
    yield server
    server.close()


class Told:
    """What the command of `FW_NOTIFY_COMMAND` was told."""

    def __init__(self, folder: Path) -> None:
        script = folder / "notify me.py"
        script.write_text(SCRIPT)
        self._file = folder / "told.jsonl"
        self.command = shlex.join([sys.executable, str(script), str(self._file)])

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._file.read_text().splitlines()] if self._file.exists() else []


def tick(project: Project) -> str:
    """What a tick of the sensor says."""
    root = str(project.workspace)
    with open_instance(root) as instance:
        result = alerts(OWN)(dg.build_sensor_context(instance=instance), workspace=WorkspaceResource(root=root))
    assert isinstance(result, dg.SkipReason)
    return str(result.skip_message)


def test_everything_is_told_once_by_command_and_webhook(
    here: Project, monkeypatch: pytest.MonkeyPatch, webhook: Webhook, caplog: pytest.LogCaptureFixture
) -> None:
    told = Told(here.folder)
    caplog.set_level(logging.DEBUG)
    assert here.run("plan", str(here.data), "--model", "char-ngram", "--benchmark-only").returncode == 0
    assert tick(here) == "off: set FW_NOTIFY_COMMAND or FW_NOTIFY_URL"
    assert not (here.workspace / STATE).exists()

    monkeypatch.setenv("FW_NOTIFY_COMMAND", told.command)
    assert tick(here) == "told: 1"  # a plan that waits is told, however long it has
    (event,) = told.events
    assert (event["kind"], event["dataset"]) == ("plan-waits", "tickets")
    assert "waits for approval (it costs nothing)" in event["text"]
    assert Path(event["file"]).is_file()
    assert tick(here) == "nothing new"

    webhook.answer = 500
    monkeypatch.setenv("FW_NOTIFY_URL", webhook.url)
    refused = "nothing new; to be told again: 1 (the webhook of FW_NOTIFY_URL at 127.0.0.1 answered 500)"
    assert tick(here) == tick(here) == refused
    webhook.answer = 200
    assert tick(here) == "told: 1"
    assert [item["id"] for item in webhook.events] == [event["id"]]
    assert len(told.events) == 1, "the command had taken it"

    assert here.run(*here.workflow("--benchmark-only")).returncode == 0
    (here.folder / "bad.jsonl").write_text("no rows\n")
    assert here.run("plan", "bad.jsonl", "--model", "char-ngram").returncode == 2
    assert tick(here) == "told: 4"
    for channel in (told.events, webhook.events):
        assert sorted(item["kind"] for item in channel) == ["plan-waits", "report-ready", "run-failed"]
        failed, ready = (next(e for e in channel if e["kind"] == kind) for kind in ("run-failed", "report-ready"))
        assert (failed["dataset"], len(failed["run"])) == ("bad", 36)
        assert "bad.jsonl" in failed["text"]
        assert ready["text"].startswith("tickets: the report is ready. ")
        assert Path(ready["file"]).name == "final_report.html"
    assert tick(here) == "nothing new"
    assert SECRET not in caplog.text + (here.workspace / STATE).read_text()

    (here.workspace / STATE).unlink()  # as where the sensor is switched on later: what is over is no news
    assert tick(here) == "nothing new"


def test_a_deployment_that_got_worse_is_told_once_and_again_after_it_was_well(
    here: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def worse(row: int, gold: str, generator: object) -> str | None:
        return "returns" if row % 10 == 0 and gold != "returns" else usual(row, gold, generator)  # type: ignore[arg-type]

    told, store = Told(here.folder), Workspace(str(here.workspace))
    assert here.run("plan", str(here.data), "--model", "char-ngram", "--benchmark-only").returncode == 0
    monkeypatch.setenv("FW_NOTIFY_COMMAND", told.command)
    tick(here)
    for nights, expected in ((worse, "told: "), (worse, "nothing new"), (usual, "nothing new"), (worse, "told: ")):
        result = Regression(
            date="2026-03-08",
            deployment="accounts/me/deployments/one",
            predictions=("tickets", "predictions", "regression.parquet"),
            checks=check(nights),
            served=ServedModel(model="one"),
            served_since="2026-03-01",
        )
        store.write("regression", "tickets", result, inputs="2026-03-08")
        assert tick(here).startswith(expected)
    losses = [e["text"] for e in told.events if e["kind"] == "regression" and e["id"].endswith("one/regression")]
    assert len(losses) == 2
    assert "A loss is shown since 2026-03-0" in losses[0]
    assert losses[0].endswith("(check regression)")


class Mailbox(socketserver.StreamRequestHandler):
    """As much of an SMTP server as takes one mail."""

    def handle(self) -> None:
        self.wfile.write(b"220 mailbox\r\n")
        mail: list[str] = []
        for line in (item.decode().upper() for item in iter(self.rfile.readline, b"")):
            if line.startswith("DATA"):
                self.wfile.write(b"354 go on\r\n")
                mail += [item.decode().rstrip() for item in iter(self.rfile.readline, b".\r\n")]
            self.wfile.write(b"250 yes\r\n" if not line.startswith("QUIT") else b"221 bye\r\n")
            if line.startswith("QUIT"):
                break
        self.server.mails.append("\n".join(mail))  # type: ignore[attr-defined]


def recipe(module: str, folder: Path) -> str:
    """The command that runs the lines of docs/alerts.md that import a module."""
    page = (EXAMPLES.parents[1] / "docs/alerts.md").read_text("utf-8")
    (text,) = (block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if f"import {module}" in block)
    script = folder / f"notify_{module}.py"
    script.write_text(text, "utf-8")
    return shlex.join([sys.executable, str(script)])


def test_the_recipe_for_mail_sends_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with socketserver.TCPServer(("127.0.0.1", 0), Mailbox) as server:
        server.mails = []  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        for name, value in (("TO", "ann@example.com"), ("FROM", "fw@example.com"), ("HOST", "127.0.0.1")):
            monkeypatch.setenv(f"MAIL_{name}", value)
        monkeypatch.setenv("MAIL_PORT", str(server.server_address[1]))
        run_command(recipe("smtplib", tmp_path), EVENT)
        thread.join(timeout=30)
        (mail,) = server.mails  # type: ignore[attr-defined]
    assert "Subject: fw-assets: tickets: plan-waits" in mail
    assert mail.endswith("\n\ntickets: a plan")


def test_the_recipe_for_apprise_tells_its_services(
    webhook: Webhook, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("apprise", reason="apprise is not installed")
    monkeypatch.setenv("APPRISE_URLS", webhook.url.replace("http://", "json://"))
    run_command(recipe("apprise", tmp_path), EVENT)
    assert [item["message"] for item in webhook.events] == [EVENT.text]


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("false", "(false) ended with code 1"),
        (f"no-such-program --key {SECRET}", "(no-such-program) could not be started: No such file"),
        (f"curl '{SECRET}", "quotation marks do not match"),
        (" ", "is no command line"),
    ],
)
def test_a_command_that_fails_is_named_without_its_arguments(command: str, message: str) -> None:
    with pytest.raises(NotDelivered) as caught:
        run_command(command, EVENT)
    assert message in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(("answer", "message"), [(404, "answered 404"), (302, "answered 302")])
def test_a_webhook_that_refuses_is_named_without_its_address(webhook: Webhook, answer: int, message: str) -> None:
    webhook.answer = answer
    with pytest.raises(NotDelivered) as caught:
        post(webhook.url, EVENT)
    assert str(caught.value) == f"the webhook of FW_NOTIFY_URL at 127.0.0.1 {message}"
    assert webhook.events == []


@pytest.mark.parametrize(
    "url", [f"file:///etc/{SECRET}", f"hooks.example/{SECRET}", f"http://[{SECRET}", f"http://127.0.0.1:1/{SECRET}"]
)
def test_what_is_no_webhook_is_an_error_without_its_address(url: str) -> None:
    with pytest.raises(NotDelivered) as caught:
        post(url, EVENT)
    assert "FW_NOTIFY_URL" in str(caught.value)
    assert SECRET not in str(caught.value)

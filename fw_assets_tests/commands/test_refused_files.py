"""Files of the inbox that could not be registered, in `fw-assets status`."""

from __future__ import annotations

import json
import time
from pathlib import Path

from fw_assets.pipeline.automation.inbox import scan_inbox
from fw_assets.pipeline.automation.scan import keep_sensor_states
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.project import Project


def scan(project: Project) -> None:
    """One tick of the inbox's sensor, after the files have settled."""
    store = Workspace(str(project.workspace))
    inbox = project.workspace / "inbox"
    states = scan_inbox(
        str(inbox), store, Platform("embedded", project.folder / "platform"), {}, time.time() + 60
    ).states
    keep_sensor_states(store, "inbox", states, "dataset")


def put(project: Project, name: str, text: str) -> Path:
    inbox = project.workspace / "inbox"
    inbox.mkdir(parents=True, exist_ok=True)
    (inbox / name).write_text(text, "utf-8")
    return inbox / name


def test_file_with_a_wrong_session_is_listed_with_the_reason_until_it_is_right(tmp_path: Path) -> None:
    project = Project(tmp_path)
    put(project, "tickets.jsonl", project.data.read_text("utf-8"))
    session = put(project, "tickets.session.yaml", "model: [char-ngram]\n")
    scan(project)
    shown = " ".join(project.run("status").stdout.split())
    assert "tickets failed" in shown
    assert "did you mean models?" in shown
    (entry,) = json.loads(project.run("status", "--json").stdout)["datasets"]
    assert (entry["dataset"], entry["state"], entry["due"]) == ("tickets", "failed", [])
    assert "did you mean models?" in entry["note"]
    assert "did you mean models?" in " ".join(project.run("status", "tickets").stdout.split())

    session.write_text("models: [char-ngram]\n", "utf-8")
    scan(project)
    (entry,) = json.loads(project.run("status", "--json").stdout)["datasets"]
    assert entry["state"] != "failed"

    session.write_text("models: [char-ngram\n", "utf-8")
    scan(project)
    (entry,) = json.loads(project.run("status", "--json").stdout)["datasets"]
    assert "its newer file was not taken" in entry["note"]


def test_dataset_that_nobody_has_seen_is_still_unknown(tmp_path: Path) -> None:
    project = Project(tmp_path)
    assert project.run("status", "nothing").returncode == 2

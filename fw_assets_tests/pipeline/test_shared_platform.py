"""One platform for several names, workspaces and versions: equal work is done once."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from fw_assets.classification.plan.plan import Plan
from fw_assets.embedded import counts
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.project import Project

ONCE = {"datasets": 2, "supervisedFineTuningJobs": 4, "models": 4, "deployments": 1}
"""The training and the validation rows, a job and a model per grid cell, and the best one's deployment."""


def made(home: Path) -> dict[str, int]:
    return {kind: counts(home)[kind] for kind in ONCE}


def as_before(store: Workspace, dataset: str) -> None:
    """Store the plan as versions did whose ids of rows held the dataset's name."""
    plan, header = store.require("plan", dataset, Plan), store.header("plan", dataset)
    assert header is not None
    old = plan.model_copy(update={"id_rules": "dataset's name"})
    store.write("plan", dataset, old, inputs=header.inputs, digest=header.digest)


@pytest.mark.usefixtures("watched")
def test_the_same_rows_under_other_names_are_trained_on_once(project: Project) -> None:
    renamed = project.folder / "april.jsonl"
    shutil.copy(project.data, renamed)
    for name, path in (("tickets", project.data), ("other", project.data), ("april", renamed)):
        done = project.run(
            *("run", str(path), "--name", name, "--model", "char-ngram", "--approve", "--yes", "--deploy", "always")
        )
        assert done.returncode == 0, done.stderr
        assert made(project.workspace / ".platform") == ONCE
    reports = [
        json.loads((project.workspace / name / "report.json").read_text("utf-8"))
        for name in ("tickets", "other", "april")
    ]
    assert {report["status"] for report in reports} == {"complete"}
    assert {report["deployment"]["decision"] for report in reports} == {"deployed"}


@pytest.mark.usefixtures("watched")
def test_work_under_ids_with_the_datasets_name_is_adopted(project: Project) -> None:
    store = Workspace(str(project.workspace))
    assert project.run("plan", str(project.data), "--model", "char-ngram").returncode == 0
    as_before(store, "tickets")
    done = project.run("run", "tickets", "--approve")
    assert done.returncode == 0, done.stderr
    assert made(project.workspace / ".platform") == ONCE
    again = project.run(*project.workflow("--name", "other"))
    assert again.returncode == 0, again.stderr
    assert made(project.workspace / ".platform") == ONCE | {"datasets": 4}, "the rows under the new names, no job"


def test_two_workspaces_at_once_share_one_platform(tmp_path: Path) -> None:
    home = tmp_path / "platform"
    projects = []
    for name in ("ann", "bob"):
        folder = tmp_path / name
        folder.mkdir()
        projects.append(Project(folder))
        projects[-1].environment["FW_PLATFORM_HOME"] = str(home)
    running = [item.start(*item.workflow("--deploy", "always", "--name", item.folder.name)) for item in projects]
    for process in running:
        _, errors = process.communicate()
        assert process.returncode == 0, errors
    assert made(home) == ONCE

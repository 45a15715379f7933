from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from fw_assets.commands.forget import FORGOTTEN
from fw_assets.pipeline.runner.instance import open_instance
from fw_assets.pipeline.values.delivery import DeploymentRecord
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.project import Project


def partitions(project: Project) -> list[str]:
    with open_instance(str(project.workspace)) as instance:
        return list(instance.get_dynamic_partitions("datasets"))


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A finished run with its winner deployed; each test has a copy of its own."""
    project = Project(tmp_path_factory.mktemp("finished"))
    done = project.run(*project.workflow("--deploy", "always"))
    assert done.returncode == 0, done.stderr
    return project


@pytest.fixture
def project(finished: Project, tmp_path: Path) -> Project:
    return finished.copied(tmp_path)


def test_a_dataset_is_forgotten_and_everything_on_the_platform_stays(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.folder)
    assert partitions(project) == ["tickets"]
    before, report = project.platform(), project.report()
    deployment = Workspace(str(project.workspace)).require("deployment", "tickets", DeploymentRecord).deployment
    done = project.run("forget", "tickets")
    assert done.returncode == 0, done.stderr
    assert "tickets is forgotten" in done.stdout
    jobs, deployments = done.stdout.replace("\n", " ").split("On the platform everything stays")[1].split("So do its")
    assert "fwa-char-ngram" in jobs
    assert deployment is not None
    assert deployment in deployments.replace(" ", "")
    assert "No datasets" in project.run("status").stdout
    assert partitions(project) == []
    assert project.platform() == before

    (kept,) = (project.workspace / FORGOTTEN).iterdir()
    assert kept.name.startswith("tickets-")
    shutil.move(kept, project.workspace / "tickets")
    assert "done" in project.run("status").stdout
    assert project.report() == report


def test_what_was_forgotten_can_be_registered_again_and_pays_for_no_job_twice(project: Project) -> None:
    before = project.platform()
    assert project.run("forget", "tickets").returncode == 0
    assert project.run(*project.workflow("--deploy", "always")).returncode == 0
    after = project.platform()
    assert after.pop("inference_requests") > before.pop("inference_requests")
    assert after == before


def test_a_name_that_is_not_there_lists_those_that_are(project: Project) -> None:
    done = project.run("forget", "nobody")
    assert "tickets" in done.stderr
    assert done.returncode == 2
    assert "no dataset 'nobody'" in done.stderr

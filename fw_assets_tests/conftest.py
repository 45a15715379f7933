"""Fixtures that every package's tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from fw_assets_tests.dagster_databases import keep_what_does_not_change
from fw_assets_tests.project import InProcessPool, Project

# An example that took long says nothing of the code on a machine that is at work on other things.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session", autouse=True)
def light_databases() -> None:
    keep_what_does_not_change()


@pytest.fixture(scope="session", autouse=True)
def no_models_of_this_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Language models that the user has added are none of the tests'."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
        patch.delenv("FW_LANGUAGE_MODELS", raising=False)
        patch.setenv("FW_SENTENCE_ENCODER", "0")
        yield


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with the public datasets that figures are measured on; users do not have it."""
    folder = Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the measurement datasets are not on this machine")
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture
def here(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project whose workspace and folder this process has as its own."""
    for name in [name for name in os.environ if name.startswith(("FW_", "FIREWORKS_", "DAGSTER"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("FW_WORKSPACE", str(project.workspace))
    monkeypatch.setenv("FW_SENTENCE_ENCODER", "0")
    monkeypatch.chdir(project.folder)
    return project


@pytest.fixture
def watched(project: Project) -> None:
    """Have the project's commands run their steps in this process, where a test can watch or change what they meet."""
    project.make_pool = InProcessPool

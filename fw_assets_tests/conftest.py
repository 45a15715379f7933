"""Fixtures that every package's tests share."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from fw_assets.embedded.store import embedded_platform
from fw_assets_tests.dagster_databases import keep_what_does_not_change
from fw_assets_tests.project import InProcessPool, Project

# An example that took long says nothing of the code on a machine that is at work on other things.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


LONGEST = (
    "pipeline/runner/test_machines.py",
    "dagster_runtime/test_plain_dagster.py",
    "browser/test_ui.py",
    "components/test_fresh_project.py",
    "test_damaged_files.py",
    "pipeline/test_workflow.py",
    "pipeline/test_fault_schedules.py",
    "test_doc_examples.py",
    "pipeline/runner/test_process_pool.py",
    "embedded/endpoints/test_language_models.py",
    "embedded/endpoints/test_decision_clients.py",
    "embedded/engine/language_model/tuning/test_adapter_training.py",
    "embedded/jobs/test_ray.py",
    "embedded/test_server.py",
    "pipeline/test_own_models.py",
    "pipeline/test_shared_platform.py",
    "pipeline/steps/test_renewed_plan.py",
    "pipeline/test_decision_workflow.py",
    "test_cli.py",
    "api/test_notebook.py",
)
"""Files that take the longest, and begin first: none is still at work when all others are done."""


_DESCRIPTORS = 400
"""Open files of a process after which it closes what it can: on many machines it may have 1,024."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first; the order of the others, and that within each, is kept."""
    tests = Path(__file__).parent
    places = {tests / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


def pytest_collection_finish() -> None:
    """What all test modules have loaded stays to the end: the collector of cycles need not look through it again."""
    gc.freeze()


@pytest.fixture(scope="module", autouse=True)
def few_descriptors() -> Iterator[None]:
    """A process keeps every platform that it has opened; those of tests that are done close their files."""
    yield
    if sum(1 for _ in Path("/dev/fd").iterdir()) > _DESCRIPTORS:
        for platform in embedded_platform.open_platforms():
            platform.database.close_idle()


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

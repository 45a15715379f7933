"""A small dataset and the command line, as a user has them: real files, a real platform."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest
from click.testing import CliRunner

import fw_assets
from fw_assets.cli import main
from fw_assets.code_location import CODE_LOCATION
from fw_assets.embedded import counts
from fw_assets.pipeline.errors.phase import StepFailed
from fw_assets.pipeline.phases import Step
from fw_assets.pipeline.runner.worker import materialize
from fw_assets.pipeline.runner.worker_pool import PoolFactory
from fw_assets.workspace.workspace import Workspace

EXAMPLES = Path(__file__).parents[1] / "examples" / "support-intents.jsonl"


@dataclass(frozen=True)
class Done:
    """What a command came to."""

    returncode: int
    stdout: str
    stderr: str


class Project:
    """A folder with a dataset, a workspace, and `fw-assets`.

    Attributes:
        make_pool: the workers of commands that run in this process: by default it is at work itself, which has loaded
            what a process per step would load again; with None they are processes, as a user's are.
    """

    def __init__(self, folder: Path, rows: int = 160) -> None:
        self.folder = folder
        self.workspace = folder / "workspace"
        self.data = folder / "tickets.jsonl"
        self.make_pool: PoolFactory | None = InProcessPool
        self.data.write_text("".join(EXAMPLES.read_text("utf-8").splitlines(keepends=True)[:rows]), "utf-8")
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("FW_", "FIREWORKS_", "DAGSTER"))},
            "FW_WORKSPACE": str(self.workspace),
            # Seconds of CPU for each platform of a test's own; the tests of the encoder ask for it.
            "FW_SENTENCE_ENCODER": "0",
        }

    def copied(self, folder: Path) -> Self:
        """The project with all that it has, in an empty folder: what a test does to it is the test's alone."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        other = copy(self)
        other.folder, other.workspace, other.data = folder, folder / "workspace", folder / self.data.name
        other.environment = {**self.environment, "FW_WORKSPACE": str(other.workspace)}
        return other

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "fw_assets", *arguments]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> Done:
        """Run a command to its end in this process, which has loaded what a process of its own would have to load."""
        before, folder = dict(os.environ), Path.cwd()
        os.chdir(self.folder)
        os.environ.clear()
        os.environ.update(self.environment)
        try:
            result = CliRunner().invoke(main, arguments, prog_name="fw-assets", obj=self.make_pool)
        finally:
            os.environ.clear()
            os.environ.update(before)
            os.chdir(folder)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert "Traceback" not in result.stderr, result.stderr
        return Done(result.exit_code, result.stdout, result.stderr)

    def workflow(self, *more: str, model: str = "char-ngram") -> Sequence[str]:
        return ("run", str(self.data), "--model", model, "--approve", "--yes", *more)

    def approve(self, *more: str, name: str = "tickets") -> Done:
        """Say yes to the plan that is there."""
        head = Workspace(str(self.workspace)).header("plan", name)
        return self.run("approve", name, "--digest", head.digest if head else "", *more)

    def report(self) -> dict[str, Any]:
        report: dict[str, Any] = json.loads((self.workspace / "tickets" / "report.json").read_text("utf-8"))
        return report

    def platform(self) -> dict[str, int]:
        return counts(self.workspace / ".platform")


class InProcessPool:
    """Worker pool that runs each step at once and in this process, where a test can watch it."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._ended: list[StepFailed | None] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """No step is at work."""

    def __len__(self) -> int:
        return len(self._ended)

    def submit(self, step: Step, config: Mapping[str, Any] | None) -> None:
        try:
            materialize(self._root, CODE_LOCATION, step, config)
        except StepFailed as error:
            self._ended.append(error)
        else:
            self._ended.append(None)

    def wait(self, seconds: float | None = None) -> list[StepFailed]:
        del seconds
        ended = self._ended.pop()
        return [ended] if ended else []

    def join(self, step: Step) -> None:
        del step
        for error in self.wait():
            raise error


@contextmanager
def benchmarked_project(folder: Path) -> Iterator[Project]:
    """A project whose dataset `tickets` has a winner among models that were not fine-tuned, in its own folder."""
    project = Project(folder, rows=120)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DAGSTER_HOME", "FW_PLATFORM", "FW_PLATFORM_HOME"):
            patch.delenv(name, raising=False)
        patch.setenv("FW_WORKSPACE", str(project.workspace))
        patch.chdir(project.folder)
        work = fw_assets.plan(project.data, models="char-ngram", mode="benchmark", make_pool=InProcessPool)
        work.approve().run()
        yield project

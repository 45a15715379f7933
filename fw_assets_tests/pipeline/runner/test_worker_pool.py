"""The steps of a command in processes of their own: side by side, heard, interrupted with the command, and lost."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from fw_assets.exit_codes import FAILED, INCOMPLETE
from fw_assets.pipeline.errors import StepFailed
from fw_assets.pipeline.phases import PLANNING, DatasetStatus, Step, due
from fw_assets.pipeline.progress import Progress, listening
from fw_assets.pipeline.runner import driver as driving
from fw_assets.pipeline.runner.driver import MAX_CONCURRENT_STEPS, drive
from fw_assets.pipeline.runner.orphaned_runs import worker_of
from fw_assets.pipeline.runner.run_step import open_instance
from fw_assets.pipeline.runner.worker_pool import WorkerPool
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.project import Project

MODELS = [f"m{number}" for number in range(MAX_CONCURRENT_STEPS + 2)]


def working_for(project: Project) -> list[str]:
    """The command lines of the processes that have this project's workspace in their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if (
                entry.name.isdigit()
                and f"FW_WORKSPACE={project.workspace}".encode() in (entry / "environ").read_bytes()
            ):
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return [line for line in found if "embedded.jobs.worker" not in line]


@pytest.fixture
def planned(here: Project) -> Workspace:
    assert here.run("plan", str(here.data), "--model", "char-ngram", "--model", "minilm-ngram").returncode == 0
    assert here.run("approve", "tickets", "--by", "ann").returncode == 0
    return Workspace(str(here.workspace))


def test_models_are_worked_on_side_by_side_and_heard(planned: Workspace) -> None:
    heard: list[Progress] = []
    steps = due(planned, "tickets", driver="command-line").steps
    with WorkerPool(planned.root) as crew, listening(heard.append):
        for step in steps:
            crew.begin(step, None)
        assert len(crew) == len(steps) == 3
        while crew:
            assert crew.wait() == []
    assert {message.what for message in heard if message.done} >= {
        f"{model} base, test rows" for model in ("char-ngram", "minilm-ngram")
    }
    with open_instance(planned.root) as instance:
        runs = [r for r in instance.get_run_records() if r.dagster_run.tags.get("fw_assets/phase") != PLANNING[0]]
    worked = {r.dagster_run.tags["fw_assets/phase"]: (r.start_time or 0, r.end_time or 0) for r in runs}
    assert worked["base_metrics"][0] < worked["baselines"][1], "one began before the other had ended"
    assert due(planned, "tickets", driver="command-line").steps[0].assets == ("finalists",)


def test_a_process_that_dies_is_a_failed_step(planned: Workspace) -> None:
    step = due(planned, "tickets", driver="command-line").steps[0]
    with WorkerPool(planned.root) as crew:
        crew.begin(step, None)
        (process,) = crew._working.values()
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        (error,) = crew.wait()
    assert f"the process of {step.key} ended with code -9" in str(error)
    assert error.exit_code == FAILED


def test_one_is_waited_for_though_another_failed_before_it(planned: Workspace) -> None:
    first, second, *_ = due(planned, "tickets", driver="command-line").steps
    with WorkerPool(planned.root) as crew:
        crew.begin(first, None)
        (process,) = crew._working.values()
        crew.begin(second, None)
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        assert crew.wait_for(second) == []
        (error,) = crew.wait()
    assert error.step == first.key


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["told-to-end", "killed"])
def test_nothing_goes_on_without_its_command(project: Project, how: signal.Signals) -> None:
    process = project.start(*project.workflow())
    assert process.stderr is not None
    assert any("char-ngram base, validation rows" in line for line in process.stderr)
    process.send_signal(how)
    _, said = process.communicate(timeout=60)
    if how == signal.SIGTERM:
        assert process.returncode == 130
        assert "run the same command again" in said
        assert "Traceback" not in said
    end = time.monotonic() + 30
    while (left := working_for(project)) and time.monotonic() < end:
        time.sleep(0.05)
    assert left == []
    with open_instance(str(project.workspace)) as instance:
        runs = instance.get_run_records()
        assert all(worker_of(instance, record.dagster_run.run_id) for record in runs), "each said where it runs"
        assert not [r for r in runs if r.dagster_run.status == dg.DagsterRunStatus.STARTED]


class Pretended:
    """A crew whose steps end in the order in which they began, some with an error."""

    failing: dict[str, int]
    most = 0

    def __init__(self) -> None:
        self._begun: list[Step] = []

    def __len__(self) -> int:
        return len(self._begun)

    def begin(self, step: Step, config: object) -> None:
        del config
        self._begun.append(step)
        Pretended.most = max(Pretended.most, len(self))

    def wait(self, seconds: float | None = None) -> list[StepFailed]:
        del seconds
        step = self._begun.pop(0)
        DONE.append(step.model or "")
        code = self.failing.get(step.model or "")
        return [] if code is None else [StepFailed(f"{step.model} failed", code, step.key)]


DONE: list[str] = []


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    state: dict[str, Any] = {"stopped": False}
    DONE.clear()
    Pretended.most, Pretended.failing = 0, {}

    def standing(*_: object, **__: object) -> DatasetStatus:
        todo = tuple(Step(("base_metrics",), "tickets", model, "x") for model in MODELS if model not in DONE)
        return DatasetStatus(todo, "", "running" if todo else "done")

    monkeypatch.setattr(driving, "due", standing)
    monkeypatch.setattr(driving, "is_stopped", lambda *_: state["stopped"])
    return state


def test_so_many_at_a_time_until_all_are_done(pretended: dict[str, Any], tmp_path: Path) -> None:
    crew: Any = Pretended()
    assert drive(crew, Workspace(str(tmp_path)), "tickets", say=lambda _: None).state == "done"
    assert DONE == MODELS
    assert Pretended.most == MAX_CONCURRENT_STEPS


def test_after_a_failure_what_has_begun_is_finished_and_nothing_begins(
    pretended: dict[str, Any], tmp_path: Path
) -> None:
    Pretended.failing = {"m0": INCOMPLETE, "m2": FAILED}
    said: list[str] = []
    crew: Any = Pretended()
    with pytest.raises(StepFailed, match=r"\Am0 failed\nm2 failed\Z") as raised:
        drive(crew, Workspace(str(tmp_path)), "tickets", say=said.append)
    assert raised.value.exit_code == INCOMPLETE
    assert MODELS[:MAX_CONCURRENT_STEPS] == DONE
    assert "m0 failed\ntickets: what has begun is finished first" in said


def test_what_nothing_else_needs_is_not_waited_for(
    pretended: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crew: Any = Pretended()
    planning = DatasetStatus((Step(PLANNING, "tickets", None, "x"),), "", "running")
    standings = iter([planning, planning, DatasetStatus((), "", "waiting")])
    monkeypatch.setattr(driving, "due", lambda *_, **__: next(standings))
    monkeypatch.setattr(crew, "wait", lambda seconds: [])
    assert drive(crew, Workspace(str(tmp_path)), "tickets", say=print, only=PLANNING, ahead=True).state == "waiting"
    assert len(crew) == 1, "it still works on what is left of planning"

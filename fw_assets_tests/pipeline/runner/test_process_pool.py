"""Worker pool of real processes: side by side, relayed, interrupted with the command, and lost."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import dagster as dg
import pytest

from fw_assets.code_location import CODE_LOCATION
from fw_assets.exit_codes import FAILED
from fw_assets.pipeline.phases import PLANNING, Step, due
from fw_assets.pipeline.progress import Message, Progress, listening
from fw_assets.pipeline.run_tags import PHASE
from fw_assets.pipeline.run_workers import worker_of
from fw_assets.pipeline.runner.instance import open_instance
from fw_assets.pipeline.runner.process_pool import ProcessPool
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.project import Project

PATIENCE_SECONDS = 60.0
PROGRAM = """
import os
import dagster as dg
from sqlalchemy import create_engine

@dg.asset(partitions_def=dg.DynamicPartitionsDefinition(name="datasets"))
def approval():
    print("printed by the step")
    with create_engine("sqlite://").connect() as connection:
        print("databases wait for the disk:", connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2)
    os.system("echo printed by a child of the step >&2")

@dg.asset(partitions_def=dg.DynamicPartitionsDefinition(name="datasets"))
def report():
    raise ZeroDivisionError("a bug")

names = ("approve_plan", "deploy_and_report")
jobs = [dg.define_asset_job(name, executor_def=dg.in_process_executor) for name in names]
defs = dg.Definitions(assets=[approval, report], jobs=jobs)
"""
RUN_BOTH = """
import sys
from fw_assets.pipeline.phases import Step
from fw_assets.pipeline.runner.process_pool import ProcessPool
with ProcessPool(sys.argv[1], "small_code_location") as pool:
    pool.submit(Step(("approval",), "tickets", None, ""), None)
    assert pool.wait() == []
    pool.submit(Step(("report",), "tickets", None, ""), None)
    (error,) = pool.wait()
    assert error.exit_code == 1
"""


def eventually(condition: Callable[[], bool]) -> bool:
    """Whether a condition comes true before a deadline."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def workers_of(project: Project) -> list[str]:
    """The command lines of the processes that have this project's workspace in their environment."""
    mark = f"FW_WORKSPACE={project.workspace}".encode()
    command_lines = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and mark in (entry / "environ").read_bytes():
                command_lines.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return [line for line in command_lines if "fw_assets.embedded" not in line]


def kill_worker(step: Step) -> None:
    (process,) = [child for child in multiprocessing.active_children() if child.name == step.key]
    process.kill()


@pytest.fixture(scope="module")
def approved(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A dataset whose plan for two models is approved, to be copied."""
    project = Project(tmp_path_factory.mktemp("approved"))
    arguments = ("plan", str(project.data), "--model", "char-ngram", "--model", "minilm-ngram")
    assert project.run(*arguments).returncode == 0
    assert project.approve("--by", "ann").returncode == 0
    return project


@pytest.fixture
def planned(here: Project, approved: Project) -> Workspace:
    approved.copied(here.folder)
    return Workspace(str(here.workspace))


def test_models_are_worked_on_side_by_side_and_their_progress_is_relayed(planned: Workspace) -> None:
    messages: list[Message] = []
    steps = due(planned, "tickets", driver="command-line").steps
    with ProcessPool(planned.root, CODE_LOCATION) as pool, listening(messages.append):
        for step in steps:
            pool.submit(step, None)
        assert len(pool) == len(steps) == 3
        while len(pool):
            assert pool.wait() == []
    assert {message.what for message in messages if isinstance(message, Progress) and message.done} >= {
        f"{model} base, test rows" for model in ("char-ngram", "minilm-ngram")
    }
    with open_instance(planned.root) as instance:
        runs = [r for r in instance.get_run_records() if r.dagster_run.tags.get(PHASE) != PLANNING[0]]
    spans = {r.dagster_run.tags[PHASE]: (r.start_time or 0, r.end_time or 0) for r in runs}
    assert spans["base_metrics"][0] < spans["baselines"][1], "one began before the other had ended"
    assert due(planned, "tickets", driver="command-line").steps[0].assets == ("finalists",)


def test_a_process_that_dies_is_a_failed_step(planned: Workspace) -> None:
    step = due(planned, "tickets", driver="command-line").steps[0]
    with ProcessPool(planned.root, CODE_LOCATION) as pool:
        pool.submit(step, None)
        kill_worker(step)
        (error,) = pool.wait()
    assert f"the process of {step.key} was ended by SIGKILL" in str(error)
    assert error.exit_code == FAILED


def test_one_is_joined_though_another_failed_before_it(planned: Workspace) -> None:
    first, second, *_ = due(planned, "tickets", driver="command-line").steps
    with ProcessPool(planned.root, CODE_LOCATION) as pool:
        pool.submit(first, None)
        pool.submit(second, None)
        kill_worker(first)
        pool.join(second)
        (error,) = pool.wait()
    assert error.step == first.key


@pytest.mark.skipif(sys.platform != "linux", reason="processes are found by their environment, in /proc")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["told-to-end", "killed"])
def test_nothing_goes_on_without_its_command(here: Project, how: signal.Signals) -> None:
    process = here.start(*here.workflow())
    assert process.stderr is not None
    assert any("char-ngram base, validation rows" in line for line in process.stderr)
    process.send_signal(how)
    _, stderr = process.communicate(timeout=PATIENCE_SECONDS)
    if how == signal.SIGTERM:
        assert process.returncode == 130
        assert "run the same command again" in stderr
        assert "Traceback" not in stderr
    assert eventually(lambda: workers_of(here) == []), workers_of(here)
    with open_instance(str(here.workspace)) as instance:
        runs = [record.dagster_run for record in instance.get_run_records()]
        assert all(worker_of(run) for run in runs), "each is tagged with its process"
        assert not [run for run in runs if run.status == dg.DagsterRunStatus.STARTED]


@pytest.mark.skipif("forkserver" not in multiprocessing.get_all_start_methods(), reason="there is no fork server")
def test_an_interrupt_while_the_program_is_loaded_prints_no_traceback(project: Project) -> None:
    process = project.start(*project.workflow())
    time.sleep(0.7)  # the fork server has begun to load, which takes a second or more
    os.kill(process.pid, signal.SIGINT)
    _, stderr = process.communicate(timeout=PATIENCE_SECONDS)
    assert "forkserver" not in stderr


def test_what_a_step_prints_is_in_its_logs_and_a_bug_on_the_terminal(here: Project) -> None:
    (here.folder / "small_code_location.py").write_text(PROGRAM, "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", RUN_BOTH, str(here.workspace)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(here.folder), os.environ.get("PYTHONPATH", "")])},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    assert "printed" not in done.stdout + done.stderr
    assert "ZeroDivisionError: a bug" in done.stderr
    logs = [path.read_text("utf-8") for path in (here.workspace / ".dagster" / "storage").rglob("*.*")]
    assert "printed by the step\ndatabases wait for the disk: True\n" in logs
    assert "printed by a child of the step\n" in logs

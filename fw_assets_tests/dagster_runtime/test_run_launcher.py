"""Run launcher: runs are forked from a process that has loaded the program. The test stands for the daemon."""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.code_pointer import ModuleCodePointer
from dagster._core.errors import DagsterLaunchFailedError
from dagster._core.launcher import DefaultRunLauncher, LaunchRunContext, WorkerStatus
from dagster._core.origin import DEFAULT_DAGSTER_ENTRY_POINT, JobPythonOrigin, RepositoryPythonOrigin
from dagster._core.remote_origin import (
    CodeLocationOrigin,
    GrpcServerCodeLocationOrigin,
    ManagedGrpcPythonEnvCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._daemon.monitoring.run_monitoring import monitor_started_run

from fw_assets.dagster_runtime.run_launcher import ForkServerRunLauncher, reason_not_forkable
from fw_assets.pipeline.machine import this_machine
from fw_assets.pipeline.run_workers import WORKER_TAG, worker_of
from fw_assets.pipeline.runner.orphaned_runs import fail_orphaned_runs

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the program of the runs reads /proc")
MODULE = "small_program.definitions"
PROGRAM = """
import os, time
import dagster as dg
import dagster._cli.api

@dg.op
def note(context):
    with open(f"/proc/{os.getppid()}/cmdline") as parent:
        context.add_output_metadata({"server": os.getppid(), "command": parent.read(), "main": os.getpid()})

@dg.op
def wait():
    time.sleep(60)

@dg.job(executor_def=dg.in_process_executor)
def quick():
    note()

@dg.job(executor_def=dg.in_process_executor)
def slow():
    wait()

defs = dg.Definitions(jobs=[quick, slow])
"""
DAGSTER_YAML = """
telemetry: {{enabled: false}}
storage: {{sqlite: {{base_dir: "{base}"}}}}
run_launcher: {{module: fw_assets.dagster_runtime.run_launcher, class: ForkServerRunLauncher}}
run_monitoring: {{enabled: true}}
"""
PATIENCE_SECONDS = 60.0
HERE = ManagedGrpcPythonEnvCodeLocationOrigin(LoadableTargetOrigin(module_name=MODULE))


class Daemon:
    """An instance with the launcher, and a program to launch."""

    def __init__(self, folder: Path, instance: dg.DagsterInstance) -> None:
        self.source, self.instance = folder / "small_program" / "definitions.py", instance
        launcher = instance.run_launcher
        assert isinstance(launcher, ForkServerRunLauncher)
        self.launcher: ForkServerRunLauncher = launcher
        self.launcher.program, self.launcher.preload = MODULE, ()

    def run(self, job: str, **code: Any) -> dg.DagsterRun:
        from small_program.definitions import defs  # type: ignore[import-not-found]

        pointer = ModuleCodePointer(code.get("module", MODULE), "defs")
        python = RepositoryPythonOrigin(
            executable_path=code.get("executable", sys.executable),
            code_pointer=pointer,
            container_image=code.get("image"),
            entry_point=DEFAULT_DAGSTER_ENTRY_POINT,
        )
        location: CodeLocationOrigin = code.get("location", HERE)
        return self.instance.create_run_for_job(
            defs.resolve_job_def(job),
            job_code_origin=JobPythonOrigin(job, python),
            remote_job_origin=RemoteJobOrigin(RemoteRepositoryOrigin(location, "__repository__"), job),
            status=dg.DagsterRunStatus.STARTING,
        )

    def launch(self, job: str, until: str) -> dg.DagsterRun:
        run = self.run(job)
        self.launcher.launch_run(LaunchRunContext(run, None))
        return self.until(run, until)

    def until(self, run: dg.DagsterRun, status: str) -> dg.DagsterRun:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (current := self.instance.get_run_by_id(run.run_id)) is None or current.status.value != status:
            assert time.monotonic() < deadline, current
            assert current is None or not current.is_finished, current.status
            time.sleep(0.02)
        return current

    def process_of(self, run: dg.DagsterRun) -> dict[str, Any]:
        """What the job `quick` notes of the process that executes it."""
        (entry,) = self.instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_OUTPUT)
        assert entry.dagster_event is not None
        return {key: value.value for key, value in entry.dagster_event.step_output_data.metadata.items()}


@contextmanager
def own_fork_server() -> Iterator[None]:
    """Without the fork server of other tests in this process, which has loaded something else."""
    server: Any = forkserver._forkserver
    server._stop()
    yield
    server._stop()


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    folder = tmp_path_factory.mktemp("launcher")
    (folder / "small_program").mkdir()
    (folder / "small_program" / "__init__.py").touch()
    (folder / "small_program" / "definitions.py").write_text(PROGRAM, "utf-8")
    (folder / "dagster.yaml").write_text(DAGSTER_YAML.format(base=folder / "state"), "utf-8")
    with pytest.MonkeyPatch.context() as patch, own_fork_server():
        patch.syspath_prepend(str(folder))
        patch.setenv("PYTHONPATH", os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]))
        with dg.DagsterInstance.from_config(str(folder)) as instance:
            yield Daemon(folder, instance)
            for record in instance.get_run_records():
                if (worker := worker_of(record.dagster_run)) and not record.dagster_run.is_finished:
                    with suppress(ProcessLookupError):
                        os.kill(worker.pid, signal.SIGKILL)


@pytest.fixture
def by_dagster(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The runs that were left to Dagster's own launcher."""
    run_ids: list[str] = []
    monkeypatch.setattr(DefaultRunLauncher, "launch_run", lambda _, context: run_ids.append(context.dagster_run.run_id))
    return run_ids


def terminate(folder: str, run_id: str) -> None:
    """In a process of its own, as the webserver is one."""
    with dg.DagsterInstance.from_config(folder) as instance:
        sys.exit(0 if instance.run_launcher.terminate(run_id) else 1)


def test_a_run_is_forked_from_what_has_loaded_the_program(daemon: Daemon) -> None:
    process = daemon.process_of(run := daemon.launch("quick", "SUCCESS"))
    assert "multiprocessing.forkserver" in process["command"]
    assert process["main"] != os.getpid()
    assert (worker := worker_of(run)) is not None
    assert worker.pid == process["main"]
    assert not multiprocessing.active_children(), "the daemon would wait for them at its end"
    assert daemon.process_of(daemon.launch("quick", "SUCCESS"))["server"] == process["server"]


def test_another_process_ends_a_run(daemon: Daemon) -> None:
    run = daemon.launch("slow", "STARTED")
    arguments = (str(daemon.source.parents[1]), run.run_id)
    webserver = multiprocessing.get_context("forkserver").Process(target=terminate, args=arguments)
    webserver.start()
    daemon.until(run, "CANCELED")
    webserver.join()
    assert webserver.exitcode == 0
    assert daemon.launcher.terminate(run.run_id) is False, "it has ended"


def test_a_run_of_a_command_or_of_the_code_server_is_ended_too(daemon: Daemon) -> None:
    program = "import time; print('up', flush=True); time.sleep(60)"
    worker = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert worker.stdout is not None
    assert worker.stdout.readline() == "up\n"
    run = daemon.run("slow")
    tag = json.dumps([run.run_id, this_machine(), worker.pid, time.time()])
    daemon.instance.add_run_tags(run.run_id, {WORKER_TAG: tag})
    assert daemon.launcher.terminate(run.run_id)
    assert worker.wait(PATIENCE_SECONDS) == -signal.SIGINT
    worker.stdout.close()
    assert daemon.launcher.terminate(run.run_id)
    daemon.until(run, "CANCELED")


def test_a_run_that_is_ended_before_its_process_says_who_it_is_executes_nothing(daemon: Daemon) -> None:
    run = daemon.run("quick")
    assert daemon.launcher.terminate(run.run_id)
    daemon.launcher.launch_run(LaunchRunContext(run, None))
    daemon.until(run, "CANCELED")
    assert not daemon.instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_START)


def test_a_dead_worker_is_noticed_once(daemon: Daemon) -> None:
    run = daemon.launch("slow", "STARTED")
    assert daemon.launcher.check_run_worker_health(run).status is WorkerStatus.RUNNING
    worker = worker_of(run)
    assert worker is not None
    os.kill(worker.pid, signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while daemon.launcher.check_run_worker_health(run).status is WorkerStatus.RUNNING:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    (record,) = daemon.instance.get_run_records(dg.RunsFilter(run_ids=[run.run_id]))
    workspace: Any = None
    monitor_started_run(daemon.instance, workspace, record, logging.getLogger("dagster.daemon"))
    daemon.until(run, "FAILURE")
    assert fail_orphaned_runs(daemon.instance) == []
    assert len(daemon.instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_FAILURE)) == 1


def test_a_process_that_ends_before_it_begins_fails_the_launch(
    daemon: Daemon, by_dagster: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fw_assets.dagster_runtime.run_launcher.execute", os.abort)
    with pytest.raises(DagsterLaunchFailedError, match="ended before it began"):
        daemon.launcher.launch_run(LaunchRunContext(daemon.run("quick"), None))
    assert not by_dagster


def test_changed_code_is_not_passed_over_and_a_killed_server_is_replaced(daemon: Daemon, by_dagster: list[str]) -> None:
    before = daemon.process_of(daemon.launch("quick", "SUCCESS"))["server"]
    daemon.source.write_text(PROGRAM + "CHANGED = True\n", "utf-8")
    run = daemon.run("quick")
    daemon.launcher.launch_run(LaunchRunContext(run, None))
    assert by_dagster == [run.run_id]
    messages = [entry.message for entry in daemon.instance.all_logs(run.run_id)]
    assert any("files have changed" in message for message in messages), messages
    with pytest.raises(ProcessLookupError):
        os.kill(before, 0)  # the launcher killed it and has begun another, which has reaped it

    assert daemon.process_of(daemon.launch("quick", "SUCCESS"))["server"] != before
    assert by_dagster == [run.run_id]


@pytest.mark.parametrize(
    ("code", "fits"),
    [
        ({}, True),
        ({"location": GrpcServerCodeLocationOrigin(host="localhost", port=None, socket="/tmp/s")}, True),
        ({"location": GrpcServerCodeLocationOrigin(host="code.example.org", port=4000)}, False),
        ({"module": "another.definitions"}, False),
        ({"executable": "/usr/bin/another-python"}, False),
        ({"image": "registry.example.org/fw-assets"}, False),
    ],
    ids=["here", "by-socket", "another-machine", "another-program", "another-python", "a-container"],
)
def test_only_this_program_on_this_machine_is_forked(
    daemon: Daemon, by_dagster: list[str], code: dict[str, Any], fits: bool
) -> None:
    run = daemon.run("quick", **code)
    assert (reason_not_forkable(run, daemon.launcher.program) is None) == fits
    if not fits:
        daemon.launcher.launch_run(LaunchRunContext(run, None))
        assert by_dagster == [run.run_id]


def test_the_fork_server_starts_with_the_first_launch_and_not_with_an_instance(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []
    monkeypatch.setattr("fw_assets.dagster_runtime.fork_server.ensure_running", started.extend)
    with dg.DagsterInstance.from_config(str(daemon.source.parents[1])) as instance:
        assert isinstance(instance.run_launcher, ForkServerRunLauncher)
        instance.get_run_records()
        assert not started
    daemon.launch("quick", "SUCCESS")
    assert started == [MODULE]

"""Dagster's default run launcher, whose runs are forked from a process that has loaded the program.

`run_launcher: {module: fw_assets.dagster_runtime.run_launcher, class: ForkServerRunLauncher}` in `dagster.yaml`. What
cannot be forked, as `reason_not_forkable` says, is launched as Dagster does: by the code server, in a fresh process.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
from contextlib import ExitStack, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import dagster as dg
from dagster._core.code_pointer import ModuleCodePointer
from dagster._core.errors import DagsterLaunchFailedError
from dagster._core.instance import InstanceRef
from dagster._core.launcher import CheckRunHealthResult, DefaultRunLauncher, LaunchRunContext, WorkerStatus
from dagster._core.remote_origin import (
    CodeLocationOrigin,
    GrpcServerCodeLocationOrigin,
    ManagedGrpcPythonEnvCodeLocationOrigin,
)
from dagster._core.storage.tags import GRPC_INFO_TAG
from dagster._serdes import deserialize_value, serialize_value
from dagster._utils.error import serializable_error_info_from_exc_info
from dagster._utils.interrupts import capture_interrupts
from dagster_shared.error import SerializableErrorInfo

from fw_assets.dagster_runtime import fork_server
from fw_assets.pipeline.run_tags import this_machine
from fw_assets.pipeline.runner.orphaned_runs import dead_worker, is_alive, own_worker, tag_worker

START_TIMEOUT_SECONDS = 30.0
"""Seconds that a forked process has to say that it is there: less than run monitoring gives a run to start."""
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Ready(NamedTuple):
    """What a forked process says before it executes its run: who forked it, and whether that one is out of date."""

    server: int
    changed: bool


class ForkServerRunLauncher(DefaultRunLauncher):
    """Forks runs; knows which of them live, and ends them."""

    program: str = "fw_assets.definitions"
    """The code location's module, which is loaded in advance; runs of others are launched as Dagster does."""

    def launch_run(self, context: LaunchRunContext) -> None:
        """Fork a process that executes the run, or have the code server start one.

        Raises:
            DagsterLaunchFailedError: the process ended before it began with the run.
        """
        if reason_not_forkable(context.dagster_run, self.program) or not self._fork(context.dagster_run):
            super().launch_run(context)

    def _fork(self, run: dg.DagsterRun) -> bool:
        """Whether a process has taken the run. One that was not told to go on executes nothing."""
        forking = fork_server.context(fork_server.EXTRA_PRELOAD_MODULES)
        if forking is None:
            return False
        # Not `Process.start()`: the daemon would wait for its runs when it ends.
        from multiprocessing.popen_forkserver import Popen

        ours, theirs = forking.Pipe()
        with ours:
            arguments = (theirs, run.run_id, serialize_value(self._instance.get_ref()), self.program.partition(".")[0])
            try:
                with theirs:
                    Popen(forking.Process(target=execute, args=arguments))  # type: ignore[attr-defined]
            except (EOFError, OSError) as error:
                self._log_event(run, f"The process that runs are forked from cannot be had ({error or type(error)}).")
                return False
            if not ours.poll(START_TIMEOUT_SECONDS):
                self._log_event(run, f"The forked process has said nothing for {START_TIMEOUT_SECONDS:g} s.")
                return False
            try:
                said = ours.recv()
                if isinstance(said, Ready) and not said.changed:
                    ours.send("go on")
            except (EOFError, OSError) as error:
                raise _failed("The process of this run ended before it began with it.") from error
        if isinstance(said, SerializableErrorInfo):
            raise _failed(said.message, said)
        if said.changed:
            self._log_event(run, "The program's files have changed since they were loaded.")
            _end(said.server)
            fork_server.ensure_running(fork_server.EXTRA_PRELOAD_MODULES)
        return not said.changed

    def _log_event(self, run: dg.DagsterRun, why: str) -> None:
        self._instance.report_engine_event(f"{why} This run gets a process of its own.", run, cls=type(self))

    def terminate(self, run_id: str) -> bool:
        """Interrupt the run's process, from whichever process of its machine; False where that is not possible."""
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return False
        starting = run.status is dg.DagsterRunStatus.STARTING and GRPC_INFO_TAG not in run.tags
        if own_worker(run) is None and not starting:
            return bool(super().terminate(run_id))  # type: ignore[no-untyped-call]
        self._instance.report_run_canceling(run)
        # Read again: a process that says who it is after this sees that it is cancelled before it executes anything.
        run = self._instance.get_run_by_id(run_id) or run
        worker = own_worker(run)
        if worker is None:
            return True
        if worker.machine != this_machine():
            self._tell_where(run, worker.machine)
            return False
        if not is_alive(worker.pid, worker.at):
            self._instance.report_run_canceled(run, f"The process {worker.pid} of this run is gone.")
            return True
        with suppress(ProcessLookupError):
            os.kill(worker.pid, signal.SIGINT)
        return True

    def _tell_where(self, run: dg.DagsterRun, machine: str) -> None:
        self._instance.report_engine_event(f"Only {machine}, where this run is, can end it.", run, cls=type(self))

    @property
    def supports_check_run_worker_health(self) -> bool:
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Whether the process of a started run lives; of another machine's runs nothing is known."""
        gone = dead_worker(self._instance, run)
        if gone is None:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.FAILED, f"The process {gone} of this run is gone.")


def reason_not_forkable(run: dg.DagsterRun, program: str) -> str | None:
    """Why a run cannot be executed by a process forked here: its code is another's, or elsewhere. None if it can."""
    if run.job_code_origin is None or run.remote_job_origin is None:
        return "nothing says where its code is"
    code = run.job_code_origin.repository_origin
    if not isinstance(code.code_pointer, ModuleCodePointer) or code.code_pointer.module != program:
        return "another program"
    if code.executable_path != sys.executable or code.container_image is not None:
        return "another environment"
    if code.code_pointer.working_directory not in (None, str(Path.cwd())):
        return "another folder"
    return None if _is_here(run.remote_job_origin.repository_origin.code_location_origin) else "another machine"


def _is_here(location: CodeLocationOrigin) -> bool:
    if isinstance(location, GrpcServerCodeLocationOrigin):
        return location.socket is not None or location.host in LOOPBACK
    return isinstance(location, ManagedGrpcPythonEnvCodeLocationOrigin)


def _end(server: int) -> None:
    with suppress(ProcessLookupError, ChildProcessError):
        os.kill(server, signal.SIGKILL)
        # Its death is left for multiprocessing to find, which replaces it then.
        os.waitid(os.P_PID, server, os.WEXITED | os.WNOWAIT)


def _failed(message: str, error: SerializableErrorInfo | None = None) -> DagsterLaunchFailedError:
    return DagsterLaunchFailedError(message, serializable_error_info=error)  # type: ignore[no-untyped-call]


def execute(channel: Connection[Any, Any], run_id: str, instance: str, package: str) -> None:
    """What a forked process does: as `dagster api execute_run`, once it is told to go on.

    Args:
        instance: the serialized `InstanceRef`.
        package: whose files have to be those that were loaded.
    """
    from dagster._cli.api import _execute_run_command_body

    with capture_interrupts(), ExitStack() as stack:
        fork_server.reset_signals()
        try:
            opened = stack.enter_context(dg.DagsterInstance.from_ref(deserialize_value(instance, InstanceRef)))
            channel.send(Ready(os.getppid(), fork_server.has_changed(package)))
        except Exception:  # noqa: BLE001  whatever it is, the launch fails with it
            channel.send(serializable_error_info_from_exc_info(sys.exc_info()))
            return
        try:
            channel.recv()
        except EOFError:
            return
        channel.close()
        tag_worker(opened, run_id)
        _execute_run_command_body(run_id, opened, lambda _: None, set_exit_code_on_failure=False)
        # Dagster passes over a run that is cancelled before it began, and would leave it so.
        run = opened.get_run_by_id(run_id)
        if run is not None and run.status is dg.DagsterRunStatus.CANCELING:
            opened.report_run_canceled(run, "The run was cancelled before it began.")
    # A forked process ends without what a program does at its exit, such as writing the last counts.
    atexit._run_exitfuncs()

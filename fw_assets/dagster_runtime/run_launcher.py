"""Run launcher of Dagster that forks runs from a process that has loaded the program.

`run_launcher: {module: fw_assets.dagster_runtime.run_launcher, class: ForkServerRunLauncher}` in `dagster.yaml`. Runs
that cannot be forked (see `reason_not_forkable`) are launched as Dagster does: by the code server, in a fresh process.
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

# What a run's origin says about where its code is: Dagster has no public names for it.
from dagster._core.code_pointer import ModuleCodePointer

# What a launcher has to raise: the daemon records it on the run.
from dagster._core.errors import DagsterLaunchFailedError

# The interface of launchers, which every integration implements (dagster-k8s, dagster-celery); `DefaultRunLauncher`
# alone has a public name.
from dagster._core.launcher import CheckRunHealthResult, LaunchRunContext, WorkerStatus
from dagster._core.remote_origin import (
    CodeLocationOrigin,
    GrpcServerCodeLocationOrigin,
    ManagedGrpcPythonEnvCodeLocationOrigin,
)

# Tells runs that a code server has started from those that were forked here.
from dagster._core.storage.tags import GRPC_INFO_TAG

# An error of the forked process as the run's page shows it.
from dagster._utils.error import serializable_error_info_from_exc_info

# Turns the interrupt of a terminated run into an orderly end, as in Dagster's own run processes.
from dagster._utils.interrupts import capture_interrupts
from dagster_shared.error import SerializableErrorInfo

from fw_assets.code_location import CODE_LOCATION
from fw_assets.dagster_runtime import fork_server
from fw_assets.pipeline.machine import is_alive, this_machine
from fw_assets.pipeline.run_workers import dead_worker, worker_of, worker_tags
from fw_assets.pipeline.runner.fork_server import PRELOAD, reset_signals

START_TIMEOUT_SECONDS = 30.0
"""How long a forked process may take until it reports: less than run monitoring gives a run to start."""
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Ready(NamedTuple):
    """First message of a forked process, before it executes its run.

    Attributes:
        server: the process id of the fork server.
        outdated: the program's files have changed since the fork server loaded them.
    """

    server: int
    outdated: bool


class ForkServerRunLauncher(dg.DefaultRunLauncher):
    """Forks runs, checks whether they live, and interrupts them.

    The fork server starts with the first launch, which therefore takes as long as Dagster's own, and ends with the
    process that launches: the daemon.
    """

    program: str = CODE_LOCATION
    """The code location's module, which is preloaded; runs of others are launched as Dagster does."""
    preload: tuple[str, ...] = (PRELOAD, *fork_server.LAUNCHER_PRELOAD)

    def launch_run(self, context: LaunchRunContext) -> None:
        """Fork a process that executes the run, or have the code server start one.

        Raises:
            DagsterLaunchFailedError: the process ended before it began with the run.
        """
        if reason_not_forkable(context.dagster_run, self.program) or not self._fork(context.dagster_run):
            super().launch_run(context)

    def _fork(self, run: dg.DagsterRun) -> bool:
        """Whether a forked process executes the run. One that was not told to go on executes nothing."""
        if not fork_server.is_available():
            return False
        arguments = (run.run_id, dg.serialize_value(self._instance.get_ref()), self.program.partition(".")[0])
        try:
            self._start_fork_server()
            channel = fork_server.fork(execute, *arguments)
        except (EOFError, OSError) as error:
            self._log_event(run, f"The process that runs are forked from cannot be had ({error or type(error)}).")
            return False
        with channel:
            if not channel.poll(START_TIMEOUT_SECONDS):
                self._log_event(run, f"The forked process has said nothing for {START_TIMEOUT_SECONDS:g} s.")
                return False
            try:
                message = channel.recv()
                if isinstance(message, Ready) and not message.outdated:
                    channel.send("go on")
            except (EOFError, OSError) as error:
                raise _launch_failed("The process of this run ended before it began with it.") from error
        if isinstance(message, SerializableErrorInfo):
            raise _launch_failed(message.message, message)
        if message.outdated:
            self._log_event(run, "The program's files have changed since they were loaded.")
            fork_server.kill(message.server)
            self._start_fork_server()
        return not message.outdated

    def _start_fork_server(self) -> None:
        fork_server.ensure_running([self.program, *self.preload])

    def _log_event(self, run: dg.DagsterRun, reason: str) -> None:
        self._instance.report_engine_event(f"{reason} This run gets a process of its own.", run, cls=type(self))

    def terminate(self, run_id: str) -> bool:
        """Interrupt the run's process, from whichever process of its machine; False where that is not possible."""
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return False
        starting = run.status is dg.DagsterRunStatus.STARTING and GRPC_INFO_TAG not in run.tags
        if worker_of(run) is None and not starting:
            return bool(super().terminate(run_id))  # type: ignore[no-untyped-call]
        self._instance.report_run_canceling(run)
        # Read again: a process that tags the run after this sees that it is cancelled before it executes anything.
        run = self._instance.get_run_by_id(run_id) or run
        worker = worker_of(run)
        if worker is None:
            return True
        if worker.machine != this_machine():
            message = f"Only {worker.machine}, where this run is, can end it."
            self._instance.report_engine_event(message, run, cls=type(self))
            return False
        if not is_alive(worker.pid, worker.at):
            self._instance.report_run_canceled(run, f"The process {worker.pid} of this run is gone.")
            return True
        with suppress(ProcessLookupError):
            os.kill(worker.pid, signal.SIGINT)
        return True

    @property
    def supports_check_run_worker_health(self) -> bool:
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Whether the process of a started run lives; the runs of other machines count as running."""
        process = dead_worker(run)
        if process is None:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.FAILED, f"The process {process} of this run is gone.")


def reason_not_forkable(run: dg.DagsterRun, program: str) -> str | None:
    """Why a run cannot be executed by a process forked here; None if it can."""
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


def _launch_failed(message: str, error: SerializableErrorInfo | None = None) -> DagsterLaunchFailedError:
    return DagsterLaunchFailedError(message, serializable_error_info=error)  # type: ignore[no-untyped-call]


def execute(channel: Connection[Any, Any], run_id: str, instance_ref: str, package: str) -> None:
    """Main function of a forked process: `dagster api execute_run`, once the launcher says to go on.

    Args:
        instance_ref: the serialized reference to the instance.
        package: the package whose files must be those that were loaded.
    """
    # The body of `dagster api execute_run`, which is the only code that executes a run as a daemon wants it.
    from dagster._cli.api import _execute_run_command_body

    with capture_interrupts(), ExitStack() as stack:
        reset_signals()
        try:
            ref: Any = dg.deserialize_value(instance_ref)
            instance = stack.enter_context(dg.DagsterInstance.from_ref(ref))
            channel.send(Ready(os.getppid(), fork_server.has_changed(package)))
        except Exception:  # noqa: BLE001  whatever it is, the launch fails with it
            channel.send(serializable_error_info_from_exc_info(sys.exc_info()))
            return
        try:
            channel.recv()
        except EOFError:
            return
        channel.close()
        instance.add_run_tags(run_id, worker_tags(run_id))
        _execute_run_command_body(run_id, instance, lambda _: None, set_exit_code_on_failure=False)
        # Dagster passes over a run that is cancelled before it began, and would leave it so.
        run = instance.get_run_by_id(run_id)
        if run is not None and run.status is dg.DagsterRunStatus.CANCELING:
            instance.report_run_canceled(run, "The run was cancelled before it began.")
    # A forked process ends without what a program does at its exit, such as the embedded platform's writing of its last
    # counts. Python has no public call for it; the fork server's own exit handler must not be among them.
    atexit.unregister(os._exit)
    atexit._run_exitfuncs()

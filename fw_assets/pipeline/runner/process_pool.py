"""Worker pool that runs each step in a forked process and relays its progress."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self

from fw_assets.exit_codes import FAILED, INTERRUPTED
from fw_assets.pipeline.errors.phase import StepFailed
from fw_assets.pipeline.phases import Step
from fw_assets.pipeline.progress import Notice, Progress, relay
from fw_assets.pipeline.runner.fork_server import pipe, reset_signals, start_process
from fw_assets.pipeline.runner.task import COMMAND, SHUTDOWN_GRACE_SECONDS, Recording, StepError, Task


class ProcessPool:
    """Processes of one command; see `WorkerPool`.

    Args:
        root: the workspace.
        definitions: the module that holds the code location's `defs`, which the workers load.
    """

    def __init__(self, root: str, definitions: str, recording: Recording = COMMAND) -> None:
        self._root = root
        self._definitions = definitions
        self._recording = recording
        self._submitted = 0
        self._workers: dict[Connection, BaseProcess] = {}
        self._reported: dict[str, StepFailed] = {}
        """Errors of workers that have not ended yet, by step."""
        self._errors: list[StepFailed] = []
        """Errors of workers that have ended, to be returned by the next `wait`."""
        self._sigterm_handler: Any = None

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._sigterm_handler = signal.signal(signal.SIGTERM, _raise_interrupt)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        try:
            self._interrupt_all()
        finally:
            if self._sigterm_handler is not None:
                signal.signal(signal.SIGTERM, self._sigterm_handler)

    def __len__(self) -> int:
        return len(self._workers)

    def submit(self, step: Step, config: Mapping[str, Any] | None) -> None:
        task = Task(
            self._root,
            self._definitions,
            step,
            config,
            fail_orphaned_runs=self._submitted == 0,
            folder=str(Path.cwd()),
            environment=dict(os.environ),
            recording=self._recording,
        )
        receiver, sender = pipe()
        with sender:
            self._workers[receiver] = start_process(self._definitions, step.key, _work, task, sender)
        self._submitted += 1

    def wait(self, seconds: float | None = None) -> list[StepFailed]:
        deadline = None if seconds is None else time.monotonic() + seconds
        at_work = len(self)
        while self._workers and len(self) == at_work and not self._errors:
            remaining = None if deadline is None else deadline - time.monotonic()
            if remaining is not None and remaining <= 0:
                break
            self._receive(remaining)
        errors, self._errors = self._errors, []
        return errors

    def join(self, step: Step) -> None:
        while any(process.name == step.key for process in self._workers.values()):
            self._receive(None)
        for error in self._errors:
            if error.step == step.key:
                self._errors.remove(error)
                raise error

    def _receive(self, seconds: float | None) -> None:
        """Wait for messages and ends of workers; the errors of those that have ended are kept."""
        for channel in wait(list(self._workers), seconds):
            assert isinstance(channel, Connection)
            try:
                message = channel.recv()
            except EOFError:
                self._reap(channel)
                continue
            if isinstance(message, StepError):
                step = self._workers[channel].name
                self._reported[step] = StepFailed(
                    message.message, message.exit_code, step, message.kind, message.question
                )
            elif isinstance(message, Progress | Notice):
                relay(message)

    def _reap(self, channel: Connection) -> None:
        process = self._workers.pop(channel)
        channel.close()
        process.join()
        error = self._reported.pop(process.name, None)
        if error is None and process.exitcode:
            message = f"the process of {process.name} {_ending(process.exitcode)}"
            error = StepFailed(message, FAILED, process.name)
        if error is not None:
            self._errors.append(error)

    def _interrupt_all(self) -> None:
        for process in self._workers.values():
            if process.pid is not None and process.is_alive():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGINT)
        for process in self._workers.values():
            process.join(SHUTDOWN_GRACE_SECONDS)
            if process.is_alive():
                process.kill()
                process.join()


def _ending(code: int) -> str:
    """How a process ended that said nothing."""
    if code >= 0:
        return f"ended with code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    reason = ", as where memory runs out" if name in ("SIGKILL", "SIGABRT") else ""
    return f"was ended by {name}{reason}; run the same command again: what was done is kept"


def _raise_interrupt(number: int, frame: FrameType | None) -> None:
    """SIGTERM handler: the workers have to be interrupted as by the keyboard."""
    raise KeyboardInterrupt


def _work(task: Task, channel: Connection) -> None:
    """Main function of a worker."""
    os.chdir(task.folder)
    os.environ.clear()
    os.environ.update(task.environment)
    if hasattr(os, "setpgid"):
        # The keyboard's interrupt goes to the command alone, which passes it on once.
        os.setpgid(0, 0)
    try:
        reset_signals()
        # Start-up time: the command itself does without Dagster, which takes a second to import.
        from fw_assets.pipeline.runner.worker import run

        run(task, channel)
    except KeyboardInterrupt:  # before or after the step, which notices it by itself
        sys.exit(INTERRUPTED)

"""Steps in processes of their own: forked from one that has loaded the program, and heard while they work."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self

from fw_assets.dagster_runtime.fork_server import context, ensure_running, reset_signals
from fw_assets.exit_codes import FAILED
from fw_assets.pipeline.errors import StepFailed
from fw_assets.pipeline.phases import Step
from fw_assets.pipeline.progress import Progress, relay

SHUTDOWN_GRACE_SECONDS = 30.0
"""Seconds that interrupted steps have to say on their runs that they were interrupted."""


@dataclass(frozen=True)
class Task:
    """What a process has to do, and where: it shares nothing with the one that asks."""

    root: str
    step: Step
    config: Mapping[str, Any] | None
    first: bool
    """The first of a command also looks after runs whose process is gone."""
    folder: str
    environment: Mapping[str, str]


@dataclass(frozen=True)
class StepError:
    """What a step ended with, in its own words."""

    said: str
    exit_code: int


class WorkerPool:
    """The processes of one command; leaving it by an exception interrupts those that still work."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._begun = 0
        self._working: dict[Connection, BaseProcess] = {}
        self._said: dict[str, StepFailed] = {}
        self._failed: list[StepFailed] = []
        self._before: Any = None

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGTERM, _interrupt)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        try:
            self._end()
        finally:
            if self._before is not None:
                signal.signal(signal.SIGTERM, self._before)

    def __len__(self) -> int:
        return len(self._working)

    def begin(self, step: Step, config: Mapping[str, Any] | None) -> None:
        """Start a step."""
        ensure_running()
        processes: Any = context() or get_context("spawn")
        order = Task(self._root, step, config, not self._begun, str(Path.cwd()), dict(os.environ))
        ours, theirs = processes.Pipe(duplex=False)
        process = processes.Process(target=_work, args=(order, theirs), name=step.key)
        process.start()
        theirs.close()
        self._begun += 1
        self._working[ours] = process

    def wait(self, seconds: float | None = None) -> list[StepFailed]:
        """Until one ends, or for some seconds: relays what they tell, and gives the errors of those that ended."""
        end = None if seconds is None else time.monotonic() + seconds
        waiting = len(self)
        while self._working and len(self) == waiting and not self._failed:
            left = None if end is None else end - time.monotonic()
            if left is not None and left <= 0:
                break
            self._hear(left)
        failed, self._failed = self._failed, []
        return failed

    def wait_for(self, step: Step) -> list[StepFailed]:
        """Until this one has ended; gives its error. Those of the others are kept for `wait`."""
        while any(process.name == step.key for process in self._working.values()):
            self._hear(None)
        own = [error for error in self._failed if error.step == step.key]
        self._failed = [error for error in self._failed if error.step != step.key]
        return own

    def _hear(self, seconds: float | None) -> None:
        """What some of them have to say, once there is anything; the errors of those that ended are kept."""
        for channel in wait(list(self._working), seconds):
            assert isinstance(channel, Connection)
            self._failed += self._heard(channel)

    def _heard(self, channel: Connection) -> list[StepFailed]:
        """One message of one of them, or its end."""
        try:
            message = channel.recv()
        except EOFError:
            process = self._working.pop(channel)
            channel.close()
            process.join()
            said = self._said.pop(process.name, None)
            return [said] if said else [_died(process)] if process.exitcode else []
        if isinstance(message, StepError):
            name = self._working[channel].name
            self._said[name] = StepFailed(message.said, message.exit_code, name)
        elif isinstance(message, Progress):
            relay(message)
        return []

    def _end(self) -> None:
        for process in self._working.values():
            if process.pid is not None and process.is_alive():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGINT)
        for process in self._working.values():
            process.join(SHUTDOWN_GRACE_SECONDS)
            if process.is_alive():
                process.kill()
                process.join()


def _died(process: BaseProcess) -> StepFailed:
    return StepFailed(f"the process of {process.name} ended with code {process.exitcode}", FAILED, process.name)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """To end is to be interrupted: what works for this process must hear of it."""
    raise KeyboardInterrupt


def _work(order: Task, channel: Connection) -> None:
    """In the step's own process."""
    os.chdir(order.folder)
    os.environ.clear()
    os.environ.update(order.environment)
    if hasattr(os, "setpgid"):
        # The keyboard's interrupt goes to the command alone, which passes it on once.
        os.setpgid(0, 0)
    reset_signals()
    from fw_assets.pipeline.runner.worker import run

    run(order, channel)

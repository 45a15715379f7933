"""Steps in processes of their own: forked from one that has loaded the program, and heard while they work."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self

from fw_assets.exit_codes import FAILED
from fw_assets.pipeline.errors import StepFailed
from fw_assets.pipeline.phases import Step
from fw_assets.pipeline.progress import Progress, relay
from fw_assets.pipeline.warm import load, unmask, warm

PATIENCE = 30.0
"""Seconds that interrupted steps have to say on their runs that they were interrupted."""


@dataclass(frozen=True)
class Order:
    """What a process has to do, and where: it shares nothing with the one that asks."""

    root: str
    step: Step
    config: Mapping[str, Any] | None
    first: bool
    """The first of a command also looks after runs whose process is gone."""
    folder: str
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Failed:
    """What a step ended with, in its own words."""

    said: str
    exit_code: int


class Crew:
    """The processes of one command; leaving it by an exception interrupts those that still work."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._begun = 0
        self._working: dict[Connection, BaseProcess] = {}
        load()
        self._context: Any = warm() or get_context("spawn")
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
        order = Order(self._root, step, config, not self._begun, str(Path.cwd()), dict(os.environ))
        ours, theirs = self._context.Pipe(duplex=False)
        process = self._context.Process(target=_work, args=(order, theirs), name=step.key)
        process.start()
        theirs.close()
        self._begun += 1
        self._working[ours] = process

    def wait(self) -> list[StepFailed]:
        """Until one of them ends: relays what they tell of their progress, and gives the errors of those that ended."""
        failed: list[StepFailed] = []
        waiting = len(self)
        while len(self) == waiting and self._working:
            for channel in wait(list(self._working)):
                assert isinstance(channel, Connection)
                try:
                    message = channel.recv()
                except EOFError:
                    process = self._working.pop(channel)
                    channel.close()
                    process.join()
                    if process.exitcode and not any(error.step == process.name for error in failed):
                        failed.append(_died(process))
                    continue
                if isinstance(message, Failed):
                    failed.append(StepFailed(message.said, message.exit_code, self._working[channel].name))
                elif isinstance(message, Progress):
                    relay(message)
        return failed

    def _end(self) -> None:
        for process in self._working.values():
            if process.pid is not None and process.is_alive():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGINT)
        for process in self._working.values():
            process.join(PATIENCE)
            if process.is_alive():
                process.kill()
                process.join()


def _died(process: BaseProcess) -> StepFailed:
    return StepFailed(f"the process of {process.name} ended with code {process.exitcode}", FAILED, process.name)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """To end is to be interrupted: what works for this process must hear of it."""
    raise KeyboardInterrupt


def _work(order: Order, channel: Connection) -> None:
    """In the step's own process."""
    os.chdir(order.folder)
    os.environ.clear()
    os.environ.update(order.environment)
    if hasattr(os, "setpgid"):
        # The keyboard's interrupt goes to the command alone, which passes it on once.
        os.setpgid(0, 0)
    unmask()
    from fw_assets.pipeline.step_process import run

    run(order, channel)

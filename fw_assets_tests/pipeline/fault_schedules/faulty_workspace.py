"""Workspace whose writes are points of a schedule: a process may die before, after or within one, or find no space."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from fw_assets.workspace.append_log import FileLog, NextLine
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.pipeline.fault_schedules.processes import Process
from fw_assets_tests.pipeline.fault_schedules.record import Record


@dataclass(frozen=True)
class FaultyWorkspace(Workspace):
    """The workspace as one process has it."""

    process: Process
    record: Record

    def write_bytes(self, data: bytes, *parts: str, **options: Any) -> None:
        event = self.process.point("kill", "kill-after", "torn")
        if event == "kill":
            self.process.die()
        if event == "torn":
            temporary = Path(self.path(*parts)).with_name(f".{parts[-1]}.torn.tmp")
            temporary.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(data[: len(data) // 2])
            self.process.die()
        if self.process.has_no_space():
            raise _no_space()
        super().write_bytes(data, *parts, **options)
        if event == "kill-after":
            self.process.die()

    def log(self, *parts: str) -> FaultyLog:
        return FaultyLog(self.path(*parts), self.process, synced=False)

    def collection(self, *parts: str) -> FaultyLog:
        return FaultyAnswers(self.path(*parts), self.process, self.record)

    def exclusive(self, *parts: str, **_: Any) -> AbstractContextManager[Any]:
        return self.process.lock(*parts)


class FaultyLog(FileLog):
    """A log whose appends are points. What is synced matters to no schedule: the machine itself stays up."""

    def __init__(self, path: str, process: Process, *, synced: bool = False) -> None:
        super().__init__(path, synced=synced)
        self._file, self._process = Path(path), process
        self._holds_lock = False

    def append(self, line: str) -> None:
        if self._holds_lock:  # the machine knows nothing of this lock: nobody else may go on before it is free
            super().append(line)
        else:
            self._at_point(lambda: line, lambda: super(FaultyLog, self).append(line))

    def append_if(self, next_line: NextLine) -> None:
        self._at_point(lambda: next_line(list(self.lines())), lambda: self._append_if(next_line))

    def _append_if(self, next_line: NextLine) -> None:
        self._holds_lock = True
        try:
            super().append_if(next_line)
        finally:
            self._holds_lock = False

    def _at_point(self, line: Callable[[], str | None], write: Callable[[], None]) -> None:
        event = self._process.point("kill", "kill-after", "torn")
        if event == "kill":
            self._process.die()
        if event == "torn":
            self._tear(line())
            self._process.die()
        if self._process.has_no_space() and line() is not None:
            raise _no_space()
        write()
        if event == "kill-after":
            self._process.die()

    def _tear(self, line: str | None) -> None:
        if line is not None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("ab") as file:
                file.write(line.encode()[: max(1, len(line) // 2)])

    def flush(self) -> None:
        """Nothing is waiting."""


class FaultyAnswers(FaultyLog):
    """A collection of answers: each that is kept, or is lost on its way here, is written down."""

    def __init__(self, path: str, process: Process, record: Record) -> None:
        super().__init__(path, process)
        self._record = record

    def append(self, line: str) -> None:
        key = msgspec.json.decode(line)["key"]
        before = self._kept(key)
        try:
            super().append(line)
        finally:
            self._record.arrived(self._process, key, kept=self._kept(key) - before)

    def _kept(self, key: str) -> int:
        return sum(f'"{key}"' in line for line in self.lines())


def _no_space() -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def keys(lines: Iterable[str]) -> list[str]:
    """The keys of stored answers."""
    return [msgspec.json.decode(line)["key"] for line in lines]

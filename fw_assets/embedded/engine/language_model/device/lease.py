"""Lease of a device: processes and threads that compute on it take turns, in the order in which they asked.

Each that waits or computes holds a lock of the operating system on a numbered file, and the lowest number has the
device. The kernel releases the lock however a process ends, so that one that was killed holds nobody up.
"""

from __future__ import annotations

import fcntl
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

from fw_assets.embedded.engine.errors import DeviceBusy
from fw_assets.embedded.settings import data_home, embedded_settings

SLICE_SECONDS = 1.0
"""How long a training keeps the device at least while others wait for it."""
_POLL_SECONDS = 0.02
_patient: ContextVar[bool] = ContextVar("fw_assets.embedded.patient", default=False)


def device_lease(device: str) -> DeviceLease | None:
    """The lease of an accelerator of this machine, or of what `FW_DEVICE_LEASE` names; None on a CPU without it."""
    name = embedded_settings().fw_device_lease or ("" if device == "cpu" else device)
    # Not beside the models, which may lie on a disk that others only read.
    return DeviceLease(data_home() / "leases" / f"{platform.node()}-{name}") if name else None


@contextmanager
def patience() -> Iterator[None]:
    """Have this thread wait for its turns without end, as jobs do."""
    token = _patient.set(True)
    try:
        yield
    finally:
        _patient.reset(token)


class DeviceLease:
    """The lease that a folder of numbered files stands for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        """The device, until the block ends.

        Raises:
            DeviceBusy: others had it for longer than `FW_DEVICE_WAIT` seconds.
        """
        turn = Turn(self._folder)
        turn.take()
        try:
            yield turn
        finally:
            turn.end()


class Turn:
    """One holder's place in the queue."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path, self._file = folder, -1
        self._since = 0.0

    def take(self) -> None:
        """Wait until the device is free for this one."""
        limit = None if _patient.get() else embedded_settings().fw_device_wait
        started = time.monotonic()
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._guard():
            number = max((int(path.name) for path in self._waiting()), default=0) + 1
            self._path = self._folder / f"{number:09d}"
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            while not self._is_first():
                if limit is not None and time.monotonic() - started > limit:
                    raise DeviceBusy(f"the device was busy for {limit:g} seconds: a job trains on it, or others ask")
                time.sleep(_POLL_SECONDS)
        except BaseException:
            self.end()
            raise
        self._since = time.monotonic()

    def end(self) -> None:
        """Let the next one have the device."""
        if self._file < 0:
            return
        with self._guard():
            self._path.unlink(missing_ok=True)
            os.close(self._file)
            self._file = -1

    def pass_on(self) -> bool:
        """Whether others waited, had the device after it was kept for a while, and this one has it again."""
        if time.monotonic() - self._since < SLICE_SECONDS:
            return False
        with self._guard():
            waits = any(path.name > self._path.name for path in self._waiting())
        if not waits:
            return False
        self.end()
        self.take()
        return True

    def _is_first(self) -> bool:
        with self._guard():
            return min(self._waiting()) == self._path

    def _waiting(self) -> list[Path]:
        """The files of those that live; those of others are removed. The guard is held."""
        alive = []
        for path in self._folder.glob("[0-9]*"):
            if path == self._path or _is_locked(path):
                alive.append(path)
            else:
                path.unlink(missing_ok=True)
        return alive

    @contextmanager
    def _guard(self) -> Iterator[None]:
        """One at a time looks at the files: a file that is there is locked by then, or its process is dead."""
        file = os.open(self._folder / "guard", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        finally:
            os.close(file)


def _is_locked(path: Path) -> bool:
    with suppress(FileNotFoundError):
        file = os.open(path, os.O_RDWR)
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(file)
    return False

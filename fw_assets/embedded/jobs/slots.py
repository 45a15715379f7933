"""Worker slots: one file per worker that may run at once, held by a lock of the operating system.

A slot is held for exactly as long as its worker lives: the kernel releases the lock however the process ends, so that
SIGKILL and a reboot need no detection by timing, and a reused process id cannot be mistaken for the worker.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from fw_assets.embedded.settings import embedded_settings

MAX_WORKERS = 2
MAX_WAITING_WORKERS = 8
"""... whose arithmetic is done on a Ray cluster."""


def slot_count() -> int:
    """One slot per processor, at most two; where a cluster does the arithmetic, more."""
    if embedded_settings().fw_ray_address is not None:
        return MAX_WAITING_WORKERS
    return min(MAX_WORKERS, os.cpu_count() or 1)


def take_slot(home: Path, slot: int) -> int | None:
    """The file descriptor that holds `slot`, or None when another process holds it."""
    return _lock(home, slot, fcntl.LOCK_EX)


def take_free_slot(home: Path) -> tuple[int, int] | None:
    """(slot, descriptor) of the first slot that nobody holds."""
    for slot in range(slot_count()):
        descriptor = take_slot(home, slot)
        if descriptor is not None:
            return slot, descriptor
    return None


def is_held(home: Path, slot: int) -> bool:
    """Whether a worker lives in `slot`."""
    # A shared lock, so that two processes that look at once do not see each other.
    descriptor = _lock(home, slot, fcntl.LOCK_SH)
    if descriptor is None:
        return True
    os.close(descriptor)
    return False


def _lock(home: Path, slot: int, mode: int) -> int | None:
    folder = home / "workers"
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / f"slot-{slot}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor

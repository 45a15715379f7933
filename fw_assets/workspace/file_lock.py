"""Lock of a file against the other processes and threads of this machine; the kernel releases it when a holder dies."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fw_assets.workspace.contention import Contender, WaitNotices

_POLL_SECONDS = 0.1
_MAX_HOLDER_BYTES = 4096


@contextmanager
def locked(path: Path, contender: Contender | None = None) -> Iterator[bool]:
    """Hold the lock of a file; whether another held it first.

    Args:
        contender: who wants it. The holder's name is in the lock's file for as long as somebody waits for it.

    Raises:
        OSError: the lock's file cannot be had.
    """
    lock_path = path.with_name(f".{path.name}.lock")
    lock_path.parent.mkdir(parents=True, exist_ok=True)
    # Not truncated: it holds the name of whoever holds the lock.
    descriptor = os.open(lock_path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        waited = not _take(descriptor)
        if waited:
            _wait(descriptor, contender)
        if contender is not None:
            _write_holder(descriptor, contender.name)
        try:
            yield waited
        finally:
            # By name and not by closing: a forked process has the descriptor too.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
    finally:
        os.close(descriptor)


def is_locked(path: Path) -> bool:
    """Whether somebody holds the lock of a file."""
    try:
        descriptor = os.open(path.with_name(f".{path.name}.lock"), os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        # Shared, so that two who look do not see each other.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _take(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait(descriptor: int, contender: Contender | None) -> None:
    if contender is None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return
    notices = WaitNotices(contender)
    while not _take(descriptor):
        notices.poll(lambda: os.pread(descriptor, _MAX_HOLDER_BYTES, 0))
        time.sleep(_POLL_SECONDS)


def _write_holder(descriptor: int, name: str) -> None:
    # On a full disk the lock holds as well; those who wait then do not learn for whom.
    with contextlib.suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, name.encode("utf-8", "replace")[:_MAX_HOLDER_BYTES], 0)

"""Durable writes: what a function of this module has written is on the disk when it returns, or it raises.

Without `fsync` a power cut can leave a renamed file empty, and without a look at what `write` returns a full disk loses
the end of a line in silence.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fw_assets.workspace.file_faults import faults_of

ABANDONED_SECONDS = 24 * 3600.0
"""A temporary file that was not written to for so long has lost its writer."""


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A temporary path; what the block writes there becomes `target`, whole and synced, or nothing is left of it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_path(target)
    try:
        with faults_of(target.parent):
            yield temporary
            sync(temporary)
            temporary.replace(target)
            sync(target.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def temporary_path(target: Path) -> Path:
    """A hidden path beside `target` that no other writer has; those that lost their writer are removed."""
    for other in target.parent.glob(f".{target.name}.*.tmp"):
        with contextlib.suppress(OSError):
            if time.time() - other.stat().st_mtime > ABANDONED_SECONDS:
                shutil.rmtree(other) if other.is_dir() else other.unlink()
    return target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.tmp")


def sync(path: Path) -> None:
    """Have a file's content, or a folder's entries, on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def append_whole(descriptor: int, data: bytes) -> None:
    """Append to a file opened with `O_APPEND`: all of it, or nothing and an error.

    Raises:
        OSError: the disk is full, or the file may not grow.
    """
    start = os.fstat(descriptor).st_size
    written = 0
    try:
        while written < len(data):
            count = os.write(descriptor, data[written:])
            if not count:
                raise OSError(f"only {written} of {len(data)} bytes could be written")
            written += count
    except OSError:
        # Only if nobody else has appended in between: a torn line is recognized as one, a cut one of another is not.
        if written and os.fstat(descriptor).st_size == start + written:
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, start)
        raise

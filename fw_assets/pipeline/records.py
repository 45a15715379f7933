"""A record that only ever grows: one line after the other in a file, each there as a whole or not at all."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CANCELLED = b"\x18\n"
"""Ends a line that a crash cut off, so that the next one starts on its own."""


class Record:
    """A record that is open for adding to, by this and other processes."""

    def __init__(self, path: str) -> None:
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT
        try:
            self._descriptor = os.open(path, flags, 0o644)
        except FileNotFoundError:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(path, flags, 0o644)

    def add(self, line: bytes) -> None:
        """Add a line in one write, unbuffered: the operating system has it when this returns."""
        size = os.fstat(self._descriptor).st_size
        cut_off = size > 0 and os.pread(self._descriptor, 1, size - 1) != b"\n"
        os.write(self._descriptor, b"%b%b\n" % (CANCELLED if cut_off else b"", line))

    def close(self) -> None:
        """Let go of the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __del__(self) -> None:
        self.close()


class Objects:
    """The same behind a URL, where nothing can be appended to: each line is an object of its own in a folder."""

    def __init__(self, fs: Any, folder: str) -> None:
        self._fs, self._folder = fs, folder

    def add(self, line: bytes) -> None:
        """Add a line; it is stored when this returns."""
        self._fs.pipe_file(f"{self._folder}/{time.time_ns():020d}-{uuid.uuid4().hex[:8]}", line + b"\n")

    def close(self) -> None:
        """Nothing is held open."""


def whole_lines(path: str) -> Iterator[str]:
    """The lines of a record in order, without those that a crash cut off; none where there is no file."""
    try:
        with Path(path).open("rb") as file:
            for line in file:
                if line.endswith(b"\n") and not line.endswith(CANCELLED):
                    yield line[:-1].decode("utf-8", "surrogatepass")
    except (FileNotFoundError, NotADirectoryError):
        return

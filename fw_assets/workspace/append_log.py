"""Records that only ever grow, a line at a time; here on a disk of this machine, where one file holds the lines."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

CANCELLED = b"\x18\n"
"""Ends a line that a crash cut off, so that the next one starts on its own."""

Decision = Callable[[Sequence[str]], str | None]
"""From the lines that are there to the line that is to follow them, or to None where none is."""


class Log(Protocol):
    """A record that many processes read and add to; no line of it is ever changed or lost."""

    def lines(self) -> Iterable[str]:
        """The whole lines, in order."""
        ...

    def append(self, line: str) -> None:
        """Add a line; it is stored when this returns."""
        ...

    def decide(self, decision: Decision) -> None:
        """Add the line that `decision` makes of the lines before it; no other line can come in between.

        `decision` may be asked more than once, each time with all the lines that are there by then.
        """
        ...


class Collection(Protocol):
    """A record of very many lines whose order says nothing."""

    def lines(self) -> Iterable[str]:
        """The whole lines."""
        ...

    def append(self, line: str) -> None:
        """Add a line; it is stored at the latest when `flush` returns."""
        ...

    def flush(self) -> None:
        """Store every line that was added."""
        ...


class FileLog:
    """A record as a file of lines; a collection too, in which each line is stored at once. It stays open for adding."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._descriptor = -1

    def lines(self) -> Iterator[str]:
        """The whole lines, in order; a line cut off by a crash is left out."""
        try:
            with Path(self._path).open("rb") as file:
                for line in file:
                    if line.endswith(b"\n") and not line.endswith(CANCELLED):
                        yield line[:-1].decode("utf-8", "surrogatepass")
        except (FileNotFoundError, NotADirectoryError):
            return

    def append(self, line: str) -> None:
        """Add a line in one write, unbuffered: the operating system has it when this returns."""
        if self._descriptor < 0:
            self._descriptor = self._opened()
        size = os.fstat(self._descriptor).st_size
        cut_off = size > 0 and os.pread(self._descriptor, 1, size - 1) != b"\n"
        data = line.rstrip("\n").encode("utf-8", "surrogatepass")
        os.write(self._descriptor, b"%b%b\n" % (CANCELLED if cut_off else b"", data))

    def _opened(self) -> int:
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT
        try:
            return os.open(self._path, flags, 0o644)
        except FileNotFoundError:
            Path(self._path).parent.mkdir(parents=True, exist_ok=True)
            return os.open(self._path, flags, 0o644)

    def __del__(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)

    def decide(self, decision: Decision) -> None:
        """Add the line that `decision` makes of the lines before it, under the file's lock."""
        with locked(Path(self._path)):
            line = decision(list(self.lines()))
            if line is not None:
                self.append(line)

    def flush(self) -> None:
        """Nothing is ever left to store."""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a file's lock against the other processes of this machine; the system gives it back when one dies."""
    lock = path.with_name(f".{path.name}.lock")
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield

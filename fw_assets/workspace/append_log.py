"""Append-only logs of lines, and the one on a local disk: a file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from fw_assets.workspace.durable import append_whole, sync
from fw_assets.workspace.file_faults import faults_of
from fw_assets.workspace.file_lock import locked

TORN_LINE_END = b"\x18\n"
"""Ends a line that a crash cut off, so that the next one starts on its own."""

NextLine = Callable[[Sequence[str]], str | None]
"""From the lines of a log to the line that should follow them; None appends nothing."""


class Log(Protocol):
    """An append-only log that many processes read and write."""

    def lines(self) -> Iterable[str]:
        """The complete lines, in order."""
        ...

    def append(self, line: str) -> None:
        """Append a line; it is stored when this returns."""
        ...

    def append_if(self, next_line: NextLine) -> None:
        """Append the line that follows from those before it; no other line can come in between.

        `next_line` may be called more than once, each time with all lines that are stored by then.
        """
        ...


class Collection(Protocol):
    """A log of very many lines whose order has no meaning, so that they may be stored in blocks."""

    def lines(self) -> Iterable[str]:
        """The complete lines."""
        ...

    def append(self, line: str) -> None:
        """Append a line; it is stored when `flush` returns, if not before."""
        ...

    def flush(self) -> None:
        """Store every line that was appended."""
        ...


class FileLog:
    """A log, and a collection, in one file, which stays open for appending.

    Args:
        synced: every line is on the disk when `append` returns, and survives a power cut. Otherwise the operating
            system has it, which outlives the process, and `flush` has it on the disk.
    """

    def __init__(self, path: str, *, synced: bool = True) -> None:
        self._path = path
        self._synced = synced
        self._descriptor = -1

    def lines(self) -> Iterator[str]:
        """The complete lines, in order; a line that a crash cut off is left out."""
        try:
            with Path(self._path).open("rb") as file:
                for line in file:
                    if line.endswith(b"\n") and not line.endswith(TORN_LINE_END):
                        yield _text(line[:-1])
        except (FileNotFoundError, NotADirectoryError):
            return

    def append(self, line: str) -> None:
        """Append a whole line, or nothing of it and raise."""
        if self._descriptor < 0:
            self._descriptor = self._open()
        size = os.fstat(self._descriptor).st_size
        torn = size > 0 and os.pread(self._descriptor, 1, size - 1) != b"\n"
        data = line.rstrip("\n").encode("utf-8", "surrogatepass")
        with faults_of(Path(self._path)):
            append_whole(self._descriptor, b"%b%b\n" % (TORN_LINE_END if torn else b"", data))
            if self._synced:
                self.flush()

    def _open(self) -> int:
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT
        folder = Path(self._path).parent
        try:
            descriptor = os.open(self._path, flags, 0o644)
        except FileNotFoundError:
            folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path, flags, 0o644)
        sync(folder)
        return descriptor

    def __del__(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)

    def append_if(self, next_line: NextLine) -> None:
        """Append the line that follows from those before it, under the file's lock."""
        with locked(Path(self._path)):
            line = next_line(list(self.lines()))
            if line is not None:
                self.append(line)

    def flush(self) -> None:
        """Have every line on the disk."""
        if self._descriptor >= 0:
            os.fsync(self._descriptor)


def _text(line: bytes) -> str:
    """A line; one that is damaged is text as well, which its reader refuses or leaves out."""
    try:
        return line.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return line.decode("utf-8", "backslashreplace")

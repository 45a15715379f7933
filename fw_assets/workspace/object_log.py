"""Logs behind a URL, where nothing can be appended to: lines as objects in a folder. Experimental.

Tested on an S3-compatible server on loopback, not on a real object store.
"""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from fw_assets.workspace.append_log import NextLine
from fw_assets.workspace.conditional_put import put_if_absent, require_conditional_put

APPEND_TIMEOUT_SECONDS = 120.0
"""For so long an append is tried again when other writers are faster."""
_MAX_BACKOFF_SECONDS = 0.5
SEGMENT_LINES = 500
SEGMENT_SECONDS = 5.0
"""A collection holds at most so many lines in memory, and none for longer than this."""


class ObjectLog:
    """A log whose lines are numbered objects, `00000001`, `00000002`, ...

    A line is written under the next number, create-only. If another writer was first, the lines are read again and the
    next line is computed again: no line is lost, and none is computed without those before it. Each object holds its
    line and a mark of its writer, by which a writer whose PUT the network repeated recognises its own.
    """

    def __init__(self, fs: Any, root: str, folder: str) -> None:
        """`root` is the workspace's folder, `folder` the log's own."""
        self._fs, self._root, self._folder = fs, root, folder
        self._cache: dict[str, str] = {}

    def lines(self) -> Iterator[str]:
        """The lines, in order."""
        return iter(self._lines_of(self._names()))

    def append(self, line: str) -> None:
        """Append a line; it is stored when this returns.

        Raises:
            NoConditionalWrites: the store has no create-only writes.
            TimeoutError: other writers were faster all the time.
        """
        self._append(lambda names: line)

    def append_if(self, next_line: NextLine) -> None:
        """Append the line that follows from those before it.

        Raises:
            NoConditionalWrites: the store has no create-only writes.
            TimeoutError: other writers were faster all the time.
        """
        self._append(lambda names: next_line(self._lines_of(names)))

    def _append(self, line_after: Callable[[list[str]], str | None]) -> None:
        require_conditional_put(self._fs, self._root)
        deadline, mark, attempts = time.monotonic() + APPEND_TIMEOUT_SECONDS, uuid.uuid4().hex, 0
        while time.monotonic() < deadline:
            names = self._names()
            line = line_after(names)
            if line is None:
                return
            name = f"{int(names[-1]) + 1 if names else 1:08d}"
            data = (line.rstrip("\n") + f"\n{mark}\n").encode("utf-8", "surrogatepass")
            if put_if_absent(self._fs, f"{self._folder}/{name}", data) or mark in self._contents([name])[0]:
                return
            attempts += 1
            time.sleep(random.uniform(0, min(0.02 * attempts, _MAX_BACKOFF_SECONDS)))
        raise TimeoutError(f"{self._folder}: other writers were first for {APPEND_TIMEOUT_SECONDS:.0f} seconds")

    def _names(self) -> list[str]:
        return [name for name in list_names(self._fs, self._folder) if name.isdecimal()]

    def _lines_of(self, names: list[str]) -> list[str]:
        return [content.split("\n", 1)[0] for content in self._contents(names)]

    def _contents(self, names: list[str]) -> list[str]:
        """The contents of objects, each fetched once: an object never changes."""
        missing = [name for name in names if name not in self._cache]
        for name, raw in read_objects(self._fs, self._folder, missing):
            self._cache[name] = raw.decode("utf-8", "surrogatepass")
        return [self._cache[name] for name in names]


class SegmentedCollection:
    """A collection whose lines are stored many at a time, in objects of their own.

    A process that dies loses at most `SEGMENT_LINES` lines, none of them older than `SEGMENT_SECONDS`. Several writers
    write segments side by side.
    """

    def __init__(self, fs: Any, folder: str) -> None:
        self._fs, self._folder = fs, folder
        self._pending: list[str] = []
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def lines(self) -> Iterator[str]:
        """The stored lines."""
        for _, raw in read_objects(self._fs, self._folder, list_names(self._fs, self._folder)):
            yield from raw.decode("utf-8", "surrogatepass").split("\n")[:-1]

    def append(self, line: str) -> None:
        """Append a line; it is stored when `flush` returns, if not before."""
        with self._lock:
            self._pending.append(line.rstrip("\n"))
            if self._timer is None:
                self._timer = threading.Timer(SEGMENT_SECONDS, self.flush)
                self._timer.daemon = True
                self._timer.start()
            full = len(self._pending) >= SEGMENT_LINES
        if full:
            self.flush()

    def flush(self) -> None:
        """Store every line that was appended.

        Raises:
            OSError: they could not be stored; they stay pending, and are stored with the next ones.
        """
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            if not self._pending:
                return
            data = "".join(f"{line}\n" for line in self._pending).encode("utf-8", "surrogatepass")
            self._fs.pipe_file(f"{self._folder}/{time.time_ns():020d}-{uuid.uuid4().hex[:8]}", data)
            self._pending.clear()


def list_names(fs: Any, folder: str) -> list[str]:
    """The names in a folder, sorted, uncached; empty if there is none."""
    try:
        paths = fs.ls(folder, detail=False, refresh=True)
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(path.rstrip("/").rsplit("/", 1)[-1] for path in paths if path.rstrip("/") != folder.rstrip("/"))


def read_objects(fs: Any, folder: str, names: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Objects of a folder that are not empty, fetched concurrently, in the order of `names`."""
    if names:
        # A range from the first byte on: without one s3fs asks for the size of each object first.
        contents = fs.cat_ranges([f"{folder}/{name}" for name in names], 0, None, on_error="raise")
        yield from zip(names, map(bytes, contents), strict=True)

"""Growing records behind a URL, where nothing can be appended to: lines as objects in a folder of the record's name."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from fw_assets.workspace.append_log import Decision
from fw_assets.workspace.conditional_put import put_if_absent, require_conditional_put

APPEND_TIMEOUT_SECONDS = 120.0
"""How long a line is tried again that other writers forestall."""
_NEWLINE = "\n"
SEGMENT_LINES = 500
SEGMENT_SECONDS = 5.0
"""A collection keeps at most so many lines, and none longer than this, before they are stored."""


class ObjectLog:
    """A record whose lines are numbered objects, `00000001`, `00000002`, ...

    A line is written under the next number, create-only. Where another writer was first, the lines are read again and
    the decision is made anew: no line is lost, and none is decided without those before it. Each object holds its
    line and a mark of its writer, by which a writer whose PUT was repeated by the network knows its own.
    """

    def __init__(self, fs: Any, root: str, folder: str) -> None:
        """`root` is the workspace's, `folder` the record's own."""
        self._fs, self._root, self._folder = fs, root, folder
        self._seen: dict[str, str] = {}

    def lines(self) -> Iterator[str]:
        """The lines, in order."""
        return iter(self._read(self._names()))

    def append(self, line: str) -> None:
        """Add a line; it is stored when this returns.

        Raises:
            NoConditionalWrites: the store has no create-only writes.
            TimeoutError: other writers were first all the time.
        """
        self._add(lambda names: line)

    def decide(self, decision: Decision) -> None:
        """Add the line that `decision` makes of the lines before it.

        Raises:
            NoConditionalWrites: the store has no create-only writes.
            TimeoutError: other writers were first all the time.
        """
        self._add(lambda names: decision(self._read(names)))

    def _add(self, made: Callable[[list[str]], str | None]) -> None:
        require_conditional_put(self._fs, self._root)
        end, mark, tries = time.monotonic() + APPEND_TIMEOUT_SECONDS, uuid.uuid4().hex, 0
        while time.monotonic() < end:
            names = self._names()
            line = made(names)
            if line is None:
                return
            name = f"{int(names[-1]) + 1 if names else 1:08d}"
            data = f"{line.rstrip(_NEWLINE)}\n{mark}\n".encode("utf-8", "surrogatepass")
            if put_if_absent(self._fs, f"{self._folder}/{name}", data) or mark in self._text([name])[0]:
                return
            tries += 1
            time.sleep(random.uniform(0, 0.02 * min(tries, 25)))
        raise TimeoutError(f"{self._folder}: other writers were first for {APPEND_TIMEOUT_SECONDS:.0f} seconds")

    def _names(self) -> list[str]:
        return [name for name in listed(self._fs, self._folder) if name.isdecimal()]

    def _read(self, names: list[str]) -> list[str]:
        return [text.split("\n", 1)[0] for text in self._text(names)]

    def _text(self, names: list[str]) -> list[str]:
        """What the objects hold. An object never changes, so each is fetched once."""
        new = [name for name in names if name not in self._seen]
        self._seen |= {name: raw.decode("utf-8", "surrogatepass") for name, raw in read(self._fs, self._folder, new)}
        return [self._seen[name] for name in names]


class SegmentedCollection:
    """A collection whose lines are stored many at a time, in segments of their own.

    What is not stored yet is at most `SEGMENT_LINES` lines, and none that was added over `SEGMENT_SECONDS` ago: a
    process that dies loses no more than those. Segments of several writers stand side by side.
    """

    def __init__(self, fs: Any, folder: str) -> None:
        self._fs, self._folder = fs, folder
        self._held: list[str] = []
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def lines(self) -> Iterator[str]:
        """The stored lines."""
        for _, raw in read(self._fs, self._folder, listed(self._fs, self._folder)):
            yield from raw.decode("utf-8", "surrogatepass").split("\n")[:-1]

    def append(self, line: str) -> None:
        """Add a line; it is stored at the latest when `flush` returns."""
        with self._lock:
            self._held.append(line.rstrip("\n"))
            if self._timer is None:
                self._timer = threading.Timer(SEGMENT_SECONDS, self.flush)
                self._timer.daemon = True
                self._timer.start()
            full = len(self._held) >= SEGMENT_LINES
        if full:
            self.flush()

    def flush(self) -> None:
        """Store every line that was added.

        Raises:
            OSError: they could not be stored; they are held, and stored with the next ones.
        """
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            if not self._held:
                return
            data = "".join(f"{line}\n" for line in self._held).encode("utf-8", "surrogatepass")
            self._fs.pipe_file(f"{self._folder}/{time.time_ns():020d}-{uuid.uuid4().hex[:8]}", data)
            self._held.clear()


def listed(fs: Any, folder: str) -> list[str]:
    """The names in a folder, sorted, as they are now; empty where there is none."""
    try:
        found = fs.ls(folder, detail=False, refresh=True)
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(name.rstrip("/").rsplit("/", 1)[-1] for name in found if name.rstrip("/") != folder.rstrip("/"))


def read(fs: Any, folder: str, names: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Objects of a folder that are not empty, fetched side by side, in the order of `names`."""
    if names:
        # From the first byte on: without a range s3fs asks for the size of each first.
        found = fs.cat_ranges([f"{folder}/{name}" for name in names], 0, None, on_error="raise")
        yield from zip(names, map(bytes, found), strict=True)

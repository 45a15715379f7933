"""A large plain file in byte ranges that end with a line, parsed by several processes at once.

This process reads the bytes once, for their digest and to number the lines; the workers read their range again
and write their rows to the spool, so that only counts and bad lines come back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Lock
from typing import Any

from fw_assets.classification.dataset.chunk_parser import Parsed
from fw_assets.classification.dataset.cpu_count import cores
from fw_assets.classification.dataset.files import is_plain
from fw_assets.classification.dataset.parallel_worker import Segment, Task, Worker, WorkerLostError
from fw_assets.classification.dataset.row_store import Spool
from fw_assets.classification.errors import InputError, Problem

SEGMENT = 8 << 20
MIN_PARALLEL_BYTES = 64 << 20
"""Bytes of a file from which starting processes (about half a second each) pays."""
MAX_WORKERS = 8
"""Each holds up to about 250 MB."""


def is_worth_workers(path: Path, size: int) -> bool:
    """Whether a file of `size` bytes is read sooner by `parse_in_parallel`, and can be."""
    return size >= MIN_PARALLEL_BYTES and cores() > 1 and is_plain(path)


def parse_in_parallel(
    path: Path, first: int, source: str, spool: Spool, *, stop_after: int | None = None
) -> tuple[Parsed, str]:
    """`parse_pieces` over a plain file, and the file's SHA-256; the spool must be a folder.

    Raises:
        InputError: a worker was lost.
        OSError: the file cannot be read or the spool not be written.
    """
    digest = hashlib.sha256()
    share = _Share(_segments(path, first, digest), source, spool, stop_after)
    count = min(cores(), MAX_WORKERS)
    try:
        # Ended from the inside outwards: without its worker no thread waits any longer.
        with ThreadPoolExecutor(count) as threads, ExitStack() as workers:
            jobs = [threads.submit(share.work, workers.enter_context(Worker())) for _ in range(count)]
            for job in jobs:
                job.result()
    except WorkerLostError as lost:
        problem = Problem(kind="unreadable", file=str(path), message=f"could not be read to its end: {lost}")
        raise InputError([problem], advice="Free some memory and run again; nothing was started.") from None
    parsed = Parsed()
    for _, part in sorted(share.found.items()):
        parsed.extend(part)
    return parsed, digest.hexdigest()


class _Share:
    """The segments, dealt out in order to whoever asks next, and what each one held."""

    def __init__(self, segments: Iterator[Segment], source: str, spool: Spool, stop_after: int | None) -> None:
        self.segments, self.source, self.spool, self.stop_after = segments, source, spool, stop_after
        self.found: dict[int, Parsed] = {}
        self.refused = 0
        self.stopped = False
        self.lock = Lock()

    def work(self, worker: Worker) -> None:
        try:
            while (segment := self._next()) is not None:
                parsed = worker.parse(Task(segment, self.source, self.spool, self.stop_after))
                with self.lock:
                    self.found[segment.start] = parsed
                    self.refused += len(parsed.refused)
        finally:
            self.stopped = True

    def _next(self) -> Segment | None:
        with self.lock:
            if self.stopped or (self.stop_after is not None and self.refused >= self.stop_after):
                return None
            return next(self.segments, None)


def _segments(path: Path, first: int, digest: Any) -> Iterator[Segment]:
    start, row = 0, first
    with path.open("rb") as file:
        while data := file.read(SEGMENT):
            if not data.endswith(b"\n"):
                data += file.readline()
            digest.update(data)
            yield Segment(path, start, start + len(data), row)
            start += len(data)
            row += data.count(b"\n")

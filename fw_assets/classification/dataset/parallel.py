"""Parallel parsing of one file: its chunks by threads, or, if it is large and plain, its byte ranges by processes.

With processes, this one reads the bytes once, for their digest and to number the lines; the workers read their ranges
again and write the rows to the store, so that only counts and bad lines come back.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

from fw_assets.classification.dataset.chunk_parser import ParseSummary, parse_chunk
from fw_assets.classification.dataset.cpu_count import cores
from fw_assets.classification.dataset.files import file_sha256, is_plain, read_chunks
from fw_assets.classification.dataset.parallel_worker import ParserProcess, ParserProcessLostError, Segment
from fw_assets.classification.dataset.row_store import RowStore
from fw_assets.classification.errors import InputError, Problem

SEGMENT_BYTES = 8 << 20
MIN_PARALLEL_BYTES = 64 << 20
"""File size from which starting processes (about half a second each) pays."""
MAX_WORKERS = 8
"""Each takes up to about 250 MB of memory."""
THREADS = 2
"""About half of the work releases the interpreter lock, so more threads gain nothing."""


def parse_file(
    path: Path, first_row: int, source: str, row_store: RowStore, *, stop_after: int | None = None
) -> tuple[ParseSummary, str]:
    """Parse a file into the store.

    Args:
        first_row: the `row` of the first line.
        source: "train" or "eval".
        stop_after: give up after this many bad lines; the summary is of the lines before.

    Returns:
        The summary and the file's SHA-256.

    Raises:
        InputError: the file is not of a kind to be read, or a worker process was lost.
        OSError: the file cannot be read or the store not be written.
    """
    large = row_store.folder is not None and path.stat().st_size >= MIN_PARALLEL_BYTES
    if large and cores() > 1 and is_plain(path):
        return parse_in_processes(path, first_row, source, row_store, stop_after=stop_after)
    return parse_in_threads(path, first_row, source, row_store, stop_after=stop_after), file_sha256(path)


def parse_in_threads(
    path: Path, first_row: int, source: str, row_store: RowStore, *, stop_after: int | None = None
) -> ParseSummary:
    """`parse_file` in this process, of any kind of file."""

    def parse(chunk: bytes, row: int) -> ParseSummary:
        rows, chunk_summary = parse_chunk(chunk, row, source, row_store.fields, row_store.group_field)
        row_store.add(rows)
        return chunk_summary

    def jobs() -> Iterator[Callable[[], ParseSummary]]:
        row = first_row
        for chunk in read_chunks(path):
            yield partial(parse, chunk, row)
            row += chunk.count(b"\n")

    return run_in_threads(jobs(), stop_after)


def run_in_threads(jobs: Iterator[Callable[[], ParseSummary]], stop_after: int | None) -> ParseSummary:
    """The summary of parts of a file, each parsed by one job; few are held at a time."""
    summary = ParseSummary()
    pending: deque[Future[ParseSummary]] = deque()
    with ThreadPoolExecutor(THREADS) as pool:
        for job in jobs:
            pending.append(pool.submit(job))
            if len(pending) > THREADS:
                summary.extend(pending.popleft().result())
            if stop_after is not None and len(summary.rejected) >= stop_after:
                break
        while pending:
            summary.extend(pending.popleft().result())
    return summary


def parse_in_processes(
    path: Path,
    first_row: int,
    source: str,
    row_store: RowStore,
    *,
    stop_after: int | None = None,
    segment_bytes: int = SEGMENT_BYTES,
    workers: int | None = None,
    start_worker: Callable[[], ParserProcess] = ParserProcess,
) -> tuple[ParseSummary, str]:
    """`parse_file` by `workers` processes (one per core, at most `MAX_WORKERS`); the store must be a folder."""
    sha256 = hashlib.sha256()
    segments = _segments(path, first_row, source, row_store, segment_bytes, sha256)
    queue = _SegmentQueue(segments, stop_after)
    count = workers or min(cores(), MAX_WORKERS)
    try:
        # The processes end first, which ends the waiting of their threads.
        with ThreadPoolExecutor(count) as threads, ExitStack() as stack:
            futures = [threads.submit(queue.work, stack.enter_context(start_worker())) for _ in range(count)]
            for future in futures:
                future.result()
    except ParserProcessLostError as lost:
        problem = Problem(kind="unreadable", file=str(path), message=f"could not be read to its end: {lost}")
        raise InputError([problem], advice="Free some memory and run again; nothing was started.") from None
    return queue.summary(), sha256.hexdigest()


class _SegmentQueue:
    """The segments in order, each given to the next free worker, and their summaries."""

    def __init__(self, segments: Iterator[Segment], stop_after: int | None) -> None:
        self._segments, self._stop_after = segments, stop_after
        self._summaries: dict[int, ParseSummary] = {}
        self._rejected = 0
        self._stopped = False
        self._lock = Lock()

    def work(self, worker: ParserProcess) -> None:
        """Have a worker parse segments until none is left, or any worker has failed."""
        try:
            while (segment := self._next()) is not None:
                summary = worker.parse(segment)
                with self._lock:
                    self._summaries[segment.start] = summary
                    self._rejected += len(summary.rejected)
        finally:
            self._stopped = True

    def summary(self) -> ParseSummary:
        """The summary of all segments that were parsed."""
        whole = ParseSummary()
        for _, part in sorted(self._summaries.items()):
            whole.extend(part)
        return whole

    def _next(self) -> Segment | None:
        with self._lock:
            if self._stopped or (self._stop_after is not None and self._rejected >= self._stop_after):
                return None
            return next(self._segments, None)


def _segments(
    path: Path, first_row: int, source: str, row_store: RowStore, segment_bytes: int, sha256: Any
) -> Iterator[Segment]:
    start = 0
    with path.open("rb") as file:
        while data := file.read(segment_bytes):
            if not data.endswith(b"\n"):
                data += file.readline()
            sha256.update(data)
            yield Segment(path, start, start + len(data), first_row, source, row_store)
            start += len(data)
            first_row += data.count(b"\n")

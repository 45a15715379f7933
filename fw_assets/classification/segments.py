"""A large plain file in byte ranges that end with a line, parsed by several processes at once.

This process reads the bytes once, for their digest and to number the lines; the workers read their range again
and write their rows to the spool, so that only counts and bad lines come back.
"""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from fw_assets.classification.lines import BLOCK, UTF8_BOM, split_lines
from fw_assets.classification.parse_lines import Parsed, parse_lines
from fw_assets.classification.spool import Spool

SEGMENT = 16 << 20
WORTH_WORKERS = 128 << 20
"""Bytes of a file from which starting processes (about a second each) pays."""


@dataclass(frozen=True)
class Segment:
    """Bytes `start` to `stop` of a file; its first line is the row `row`."""

    path: Path
    start: int
    stop: int
    row: int


def cores() -> int:
    """The processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def parse_in_parallel(
    path: Path, first: int, source: str, spool: Spool, *, stop_after: int | None = None, workers: int | None = None
) -> tuple[Parsed, str]:
    """`parse_lines` over a plain file, and the file's SHA-256; the spool must be a folder.

    Processes are spawned, not forked: polars' and Dagster's threads do not survive a fork.
    """
    digest = hashlib.sha256()
    parsed = Parsed()
    waiting: deque[Future[Parsed]] = deque()
    workers = workers or cores()
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for segment in _segments(path, first, digest):
            waiting.append(pool.submit(parse_segment, segment, source, spool, stop_after))
            if len(waiting) > 2 * workers:
                parsed.extend(waiting.popleft().result())
            if stop_after is not None and len(parsed.refused) >= stop_after:
                break
        while waiting:
            parsed.extend(waiting.popleft().result())
    return parsed, digest.hexdigest()


def parse_segment(segment: Segment, source: str, spool: Spool, stop_after: int | None) -> Parsed:
    """`parse_lines` over one segment."""
    return parse_lines(split_lines(_range(segment)), segment.row, source, spool, stop_after=stop_after)


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


def _range(segment: Segment) -> Iterator[bytes]:
    left = segment.stop - segment.start
    with segment.path.open("rb") as file:
        file.seek(segment.start)
        at_start = True
        while left and (block := file.read(min(BLOCK, left))):
            left -= len(block)
            # A BOM is one in front of the file only; elsewhere it is a fault of its line.
            yield UTF8_BOM + block if at_start and segment.start else block
            at_start = False

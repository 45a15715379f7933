"""A process beside this one that parses segments of a file: its start, its questions and answers, its end.

Run as `python -m fw_assets.classification.dataset.parallel_worker` with pickles on its standard input and output. It
is no `multiprocessing` process: those import the program that starts them anew (Dagster, say), may not start others
where they are daemons themselves, and wait for ever for a starter that was killed. This one ends when its input does.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from fw_assets.classification.dataset.chunk_parser import Parsed, parse_pieces
from fw_assets.classification.dataset.files import BLOCK, whole_lines
from fw_assets.classification.dataset.row_store import Spool


@dataclass(frozen=True)
class Segment:
    """Bytes `start` to `stop` of a plain file, whole lines; the first one is the row `row`."""

    path: Path
    start: int
    stop: int
    row: int


@dataclass(frozen=True)
class Task:
    """A segment whose rows are to go to a spool."""

    segment: Segment
    source: str
    spool: Spool
    stop_after: int | None


class WorkerLostError(RuntimeError):
    """The process ended before it answered."""


class Worker:
    """One such process. Its answers come one at a time; leaving the block ends it, whatever it is doing."""

    def __init__(self) -> None:
        # The parsers share the cores among themselves already.
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "POLARS_MAX_THREADS": "1"}
        command = [sys.executable, "-P", "-m", __name__]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env)

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            # What a lost process never read is still to be written, which fails once more.
            with suppress(BrokenPipeError):
                assert pipe is not None
                pipe.close()

    def parse(self, task: Task) -> Parsed:
        """What the segment held.

        Raises:
            WorkerLostError: the process ended without an answer.
            Exception: what it failed with.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            pickle.dump(task, self.process.stdin)
            self.process.stdin.flush()
            answer = pickle.load(self.process.stdout)  # noqa: S301 - our own process writes it
        except (EOFError, BrokenPipeError, pickle.UnpicklingError):
            raise WorkerLostError(_ending(self.process.wait())) from None
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[no-any-return]


def _ending(code: int) -> str:
    if code == -signal.SIGKILL:
        return "a reading process was killed; perhaps the machine ran out of memory"
    return f"a reading process ended with {f'signal {-code}' if code < 0 else f'code {code}'}"


def parse_segment(task: Task) -> Parsed:
    """`parse_pieces` over one segment."""
    segment = task.segment
    # A BOM is one in front of the file only; elsewhere it is a fault of its line.
    pieces = whole_lines(_range(segment), bom=segment.start == 0)
    return parse_pieces(pieces, segment.row, task.source, task.spool, stop_after=task.stop_after, threads=1)


def _range(segment: Segment) -> Iterator[bytes]:
    left = segment.stop - segment.start
    with segment.path.open("rb") as file:
        file.seek(segment.start)
        while left and (block := file.read(min(BLOCK, left))):
            left -= len(block)
            yield block


def main() -> None:
    """Answer tasks until the input ends."""
    # Ctrl-C reaches the whole group; the starter ends its workers itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tasks, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    # What anything else prints must not come between the answers.
    os.dup2(2, 1)
    while True:
        try:
            task: Task = pickle.load(tasks)  # noqa: S301 - the starter writes it
        except EOFError:
            return
        answer: Parsed | Exception
        try:
            answer = parse_segment(task)
        except Exception as error:  # noqa: BLE001 - whatever it is, the starter raises it
            answer = error
        try:
            pickle.dump(answer, answers)
            answers.flush()
        except BrokenPipeError:
            return


if __name__ == "__main__":
    main()

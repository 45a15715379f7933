"""Worker process that parses byte ranges of a plain file into a row store on disk.

Run as `python -m fw_assets.classification.dataset.parallel_worker` with pickles on its standard input and output.
Not a `multiprocessing` process: those import the program that starts them again (Dagster, say), cannot start others
where they are daemons themselves, and outlive a parent that was killed. This one ends when its input does.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from fw_assets.classification.dataset.chunk_parser import ParseSummary, parse_chunk
from fw_assets.classification.dataset.files import read_range_chunks
from fw_assets.classification.dataset.row_store import RowStore


@dataclass(frozen=True)
class Segment:
    """Bytes `start` to `stop` of a plain file, whole lines, and where their rows go."""

    path: Path
    start: int
    stop: int
    first_row: int
    source: str
    row_store: RowStore


class ParserProcessLostError(RuntimeError):
    """The process ended before it returned a result."""


class ParserProcess:
    """A worker process, one segment at a time; leaving the block kills it, whatever it is doing."""

    def __init__(self) -> None:
        # One thread each: the workers themselves are as many as there are cores.
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "POLARS_MAX_THREADS": "1"}
        command = [sys.executable, "-P", "-m", __name__]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env)

    def __enter__(self) -> ParserProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            # Closing flushes what a lost process never read, which fails.
            with suppress(BrokenPipeError):
                assert pipe is not None
                pipe.close()

    def parse(self, segment: Segment) -> ParseSummary:
        """Parse a segment; its rows go to the store.

        Raises:
            ParserProcessLostError: the process ended without a result.
            Exception: the process failed with it.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            pickle.dump(segment, self.process.stdin)
            self.process.stdin.flush()
            result = pickle.load(self.process.stdout)  # noqa: S301 - written by this program's own process
        except (EOFError, BrokenPipeError, pickle.UnpicklingError):
            raise ParserProcessLostError(_exit_reason(self.process.wait())) from None
        if isinstance(result, Exception):
            raise result
        return result  # type: ignore[no-any-return]


def _exit_reason(code: int) -> str:
    if code == -signal.SIGKILL:
        return "a reading process was killed; perhaps the machine ran out of memory"
    return f"a reading process ended with {f'signal {-code}' if code < 0 else f'code {code}'}"


def parse_segment(segment: Segment) -> ParseSummary:
    """Parse a segment in this process; its rows go to the store."""
    summary = ParseSummary()
    for chunk in read_range_chunks(segment.path, segment.start, segment.stop):
        first_row = segment.first_row + summary.lines
        rows, chunk_summary = parse_chunk(
            chunk, first_row, segment.source, segment.row_store.fields, segment.row_store.group_field
        )
        segment.row_store.add(rows)
        summary.extend(chunk_summary)
    return summary


def main() -> None:
    """Answer segments until the input ends."""
    # Ctrl-C reaches the whole process group; the parent ends its workers itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    segments, results = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    # Anything that prints must not write between the pickles.
    os.dup2(2, 1)
    while True:
        try:
            segment: Segment = pickle.load(segments)  # noqa: S301 - written by the parent
        except EOFError:
            return
        result: ParseSummary | Exception
        try:
            result = parse_segment(segment)
        except Exception as error:  # noqa: BLE001 - raised again in the parent
            result = error
        try:
            pickle.dump(result, results)
            results.flush()
        except BrokenPipeError:
            return


if __name__ == "__main__":
    main()

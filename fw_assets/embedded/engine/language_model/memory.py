"""Passes that fit into memory: one that does not is tried again with half of its rows, down to one.

On a CPU passes of scoring are done side by side, each on a core of its own: they are the same numbers in less time.
"""

from __future__ import annotations

import contextlib
import gc
import math
import os
import resource
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar, TypeVar
from weakref import WeakSet

import torch

RowT = TypeVar("RowT")
ResultT = TypeVar("ResultT")

_CLEAR, _STATUS = Path("/proc/self/clear_refs"), Path("/proc/self/status")
_PEAK_OF_RESIDENT_MEMORY = "5"
"""As of proc(5)."""
_MOST_SAID = 200
_FEWEST_ROWS = 4
"""Rows of a pass beside another; with fewer, the weights are read too often."""
# Torch has an error of its own for its allocator on accelerators; elsewhere there is the text alone.
_MESSAGES = ("not enough memory", "can't allocate memory", "out of memory", "STATUS_ALLOC_FAILED")


def is_out_of_memory(error: BaseException) -> bool:
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(text in str(error) for text in _MESSAGES)


def passes(
    rows: Sequence[RowT], size: int, run: Callable[[Sequence[RowT]], ResultT]
) -> Iterator[tuple[Sequence[RowT], ResultT]]:
    """The rows in parts of at most `size`, each with the result of its pass; the size halves where memory runs out.

    Raises:
        MemoryError: one row alone does not fit.
    """
    start = 0
    while start < len(rows):
        part = rows[start : start + size]
        try:
            result = run(part)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            size = halved(len(part))
        else:
            yield part, result
            start += len(part)
            continue
        # Outside of the handler: the error's frames hold the tensors of the pass.
        free_memory()


def passes_side_by_side(
    rows: Sequence[RowT], size: int, run: Callable[[Sequence[RowT]], ResultT]
) -> list[tuple[Sequence[RowT], ResultT]]:
    """As `passes`, several at a time where that is what the cores are for; `run` is called in threads of their own.

    Raises:
        MemoryError: as of `passes`.
    """
    cores = 1 if torch.cuda.is_available() else (os.cpu_count() or 1) // torch.get_num_threads()
    size = min(size, max(_FEWEST_ROWS, math.ceil(len(rows) / max(1, cores))))
    if cores < 2 or len(rows) <= size:
        return list(passes(rows, size, run))
    parts = [rows[start : start + size] for start in range(0, len(rows), size)]
    with ThreadPoolExecutor(min(cores, len(parts))) as threads:
        done = threads.map(lambda part: list(passes(part, size, run)), parts)
        return [each for part in done for each in part]


@contextlib.contextmanager
def one_memory_error() -> Iterator[None]:
    """What is not done in passes: an accelerator whose memory runs out raises what a CPU does.

    Raises:
        MemoryError: there is no room for what the block does.
    """
    try:
        yield
        return
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        said = (str(error).splitlines() or [""])[0][:_MOST_SAID]
    # Outside of the handler, whose error holds the tensors.
    free_memory()
    raise MemoryError(
        f"the language model and what it computes do not fit ({said}); free memory, or take a smaller model"
    )


def halved(rows: int) -> int:
    """Half of the rows of a pass that did not fit.

    Raises:
        MemoryError: it was one row.
    """
    if rows > 1:
        return rows // 2
    raise MemoryError(
        "one row alone does not fit beside the language model; free memory, shorten the texts (`maxContextLength` of a "
        "job), or take a smaller model"
    )


def free_memory() -> None:
    """Give what a failed pass has left back to the allocator."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


class PeakMemory:
    """The most memory that this process has, on the accelerator where there is one, from now on.

    Counters of the device and of Linux are set back; a watch that goes on meanwhile has what it saw before. Elsewhere,
    and where Linux does not let them be set back, it is the most that the process has ever had.
    """

    _watches: ClassVar[WeakSet[PeakMemory]] = WeakSet()

    def __init__(self) -> None:
        self._seen = 0
        for watch in list(self._watches):
            watch._seen = watch.bytes
        if torch.cuda.is_available():
            torch.cuda.reset_peak_memory_stats()
        else:
            with contextlib.suppress(OSError):
                _CLEAR.write_text(_PEAK_OF_RESIDENT_MEMORY, "ascii")
        self._watches.add(self)

    @property
    def bytes(self) -> int:
        return max(self._seen, peak_bytes())


def peak_bytes() -> int:
    """The most memory that this process has had since the last `PeakMemory`, on the accelerator where there is one."""
    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    with contextlib.suppress(OSError, StopIteration, ValueError):
        line = next(line for line in _STATUS.read_text("utf-8").splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024

"""Passes that fit into memory: one that does not is tried again with half of its rows, down to one."""

from __future__ import annotations

import gc
import resource
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import torch

RowT = TypeVar("RowT")
ResultT = TypeVar("ResultT")

# Torch has an error of its own for accelerators; for the CPU there is the text alone.
_CPU_MESSAGES = ("not enough memory", "can't allocate memory")


def is_out_of_memory(error: BaseException) -> bool:
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(text in str(error) for text in _CPU_MESSAGES)


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


def peak_bytes() -> int:
    """The most memory that this process has had, on the accelerator where there is one."""
    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024

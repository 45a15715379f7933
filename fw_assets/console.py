"""Console of the command line: standard output and standard error, and the progress of long work."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from fw_assets.pipeline.progress import Progress as Message
from fw_assets.pipeline.progress import listening

PLAIN_WIDTH = 120
"""Columns if the output is not a terminal."""

err = Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else PLAIN_WIDTH)
out = Console(highlight=False, width=None if sys.stdout.isatty() else PLAIN_WIDTH)


def is_terminal() -> bool:
    """Whether a person can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


@contextmanager
def show_progress(quiet: bool = False) -> Iterator[None]:
    """Show a bar for each piece of long work while the block runs; lines of text if there is no terminal."""
    if quiet:
        yield
        return
    if not err.is_terminal:
        with listening(_FinishedLines()):
            yield
        return
    columns = (
        TextColumn("  {task.description}"),
        BarColumn(),
        TextColumn("{task.completed:g}/{task.total:g}"),
    )
    with Progress(*columns, TextColumn("{task.fields[detail]}"), TimeElapsedColumn(), console=err) as bars:
        tasks: dict[str, TaskID] = {}

        def listen(message: Message) -> None:
            total = message.total or 100
            if message.what not in tasks:
                tasks[message.what] = bars.add_task(message.what, total=total, detail="")
            bars.update(tasks[message.what], completed=message.done, total=total, detail=message.detail)

        with listening(listen):
            yield


class _FinishedLines:
    """A listener that prints one line per finished piece of work."""

    def __init__(self) -> None:
        self._finished: set[str] = set()

    def __call__(self, message: Message) -> None:
        if message.total is not None and message.done >= message.total and message.what not in self._finished:
            self._finished.add(message.what)
            detail = f" ({message.detail})" if message.detail else ""
            err.print(f"  {message.what}: {message.done:g}{detail}", markup=False)

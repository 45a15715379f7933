"""Console of the command line: standard output and standard error, and the progress of long work.

Everything that a command says goes through here, since everything may hold text from outside: no character of it drives
the terminal, and no bracket is markup.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from fw_assets.classification.visible_text import printable, visible_json
from fw_assets.pipeline.progress import Message, Notice, listening

PLAIN_WIDTH = 120
"""Columns if the output is not a terminal."""


class PlainConsole(Console):
    """A console on which strings, those in tables too, are neither markup nor a control of the terminal."""

    def render_str(self, text: str, **options: Any) -> Text:
        options |= {"emoji": False, "markup": False, "highlight": False}
        return super().render_str(printable(text) + "\n" * text.endswith("\n"), **options)


err = PlainConsole(stderr=True, width=None if sys.stderr.isatty() else PLAIN_WIDTH)
out = PlainConsole(width=None if sys.stdout.isatty() else PLAIN_WIDTH)


def echo(text: str, *, to_stderr: bool = False) -> None:
    """Print text as it is, without line breaks of our own."""
    click.echo(printable(text), err=to_stderr)


def echo_json(value: object) -> None:
    """Print the one object of `--json`."""
    click.echo(visible_json(value, indent=2))


def is_terminal() -> bool:
    """Whether a person can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


@contextmanager
def show_progress(quiet: bool = False) -> Iterator[None]:
    """Show a bar for each piece of long work while the block runs; lines of text if there is no terminal.

    Args:
        quiet: show nothing but notices.
    """
    if quiet or not err.is_terminal:
        with listening(_print_notice if quiet else _FinishedLines()):
            yield
        return
    columns = (
        TextColumn("  {task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.completed:g}/{task.total:g}"),
    )
    with Progress(
        *columns, TextColumn("{task.fields[detail]}", markup=False), TimeElapsedColumn(), console=err
    ) as bars:
        tasks: dict[str, TaskID] = {}

        def listen(message: Message) -> None:
            if isinstance(message, Notice):
                _print_notice(message)
                return
            total = message.total or 100
            if message.what not in tasks:
                tasks[message.what] = bars.add_task(printable(message.what), total=total, detail="")
            bars.update(tasks[message.what], completed=message.done, total=total, detail=printable(message.detail))

        with listening(listen):
            yield


def _print_notice(message: Message) -> None:
    if isinstance(message, Notice):
        err.print(f"  {message.text}")


class _FinishedLines:
    """A listener that prints one line per finished piece of work."""

    def __init__(self) -> None:
        self._finished: set[str] = set()

    def __call__(self, message: Message) -> None:
        if isinstance(message, Notice):
            _print_notice(message)
            return
        if message.total is not None and message.done >= message.total and message.what not in self._finished:
            self._finished.add(message.what)
            detail = f" ({message.detail})" if message.detail else ""
            err.print(f"  {message.what}: {message.done:g}{detail}")

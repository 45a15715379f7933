"""Progress of long work where the caller looks: as bars in a notebook's cell, else as the command line shows it."""

from __future__ import annotations

import html
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fw_assets.classification.visible_text import printable
from fw_assets.console import err, show_progress
from fw_assets.pipeline.progress import Message, Progress, announce, listening

MAX_LINES = 8
"""Sentences that a cell shows; older ones make room."""


class CellProgress:
    """What a notebook's cell shows of work under way: the last sentences, and a bar for each piece of long work."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._bars: dict[str, Progress] = {}

    def __call__(self, message: Message) -> None:
        if isinstance(message, Progress):
            self._bars[message.what] = message
        else:
            self._lines = [*self._lines, message.text][-MAX_LINES:]

    def _repr_html_(self) -> str:
        lines = "".join(f"<div>{_text(line)}</div>" for line in self._lines)
        bars = "".join(
            f"<div><progress value='{bar.done:g}' max='{bar.total or 100:g}'></progress> {_text(bar.what)}: "
            f"{bar.done:g}{'' if bar.total is None else f' of {bar.total:g}'} {_text(bar.detail)}</div>"
            for bar in self._bars.values()
        )
        return f"<div style='font-size:.9em'>{lines}{bars}</div>"

    def __repr__(self) -> str:
        return "\n".join([*self._lines, *(f"{bar.what}: {bar.done:g}" for bar in self._bars.values())])


@contextmanager
def progress() -> Iterator[None]:
    """Show progress and notices while the block runs."""
    if _kernel() is None:
        with show_progress():
            yield
        return
    shown, handles = CellProgress(), list[Any]()

    def listen(message: Message) -> None:
        shown(message)
        if handles:
            handles[0].update(shown)
        else:
            handles.append(sys.modules["IPython"].display.display(shown, display_id=True))

    with listening(listen):
        yield


def say(text: str) -> None:
    """Show a sentence among the progress."""
    if _kernel() is None:
        err.print(text)
    else:
        announce(text)


def _kernel() -> Any:
    """The kernel of the notebook that this process runs; it has loaded IPython, which is not imported otherwise."""
    ipython = sys.modules.get("IPython")
    return getattr(ipython.get_ipython(), "kernel", None) if ipython is not None else None


def _text(text: str) -> str:
    return html.escape(printable(text))

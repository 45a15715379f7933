"""How far long work has come, told to whoever listens: the run's log by default, a progress bar on the command line."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

Listener = Callable[["Progress"], None]


@dataclass(frozen=True)
class Progress:
    """One message: `done` of `total` units of `what`. `total` is None where it is not known."""

    what: str
    done: float
    total: float | None
    detail: str = ""


MIN_REPORTED_ITEMS = 5_000_000
"""Bytes from which an upload tells how far it is."""

_listeners: list[Listener] = []


def tell(what: str, done: float, total: float | None = None, detail: str = "") -> None:
    """Tell all listeners."""
    relay(Progress(what, done, total, detail))


def relay(message: Progress) -> None:
    """Pass on a message, such as one of another process."""
    for listener in tuple(_listeners):
        listener(message)


def sending(what: str) -> Callable[[int, int], None]:
    """Tells how much of a file has been sent, in MB; what is sent at once is not worth a message."""

    def listen(sent: int, size: int) -> None:
        if size >= MIN_REPORTED_ITEMS:
            tell(f"upload of {what}, MB", round(sent / 1e6, 1), round(size / 1e6, 1))

    return listen


def remaining(seconds: float) -> str:
    """`, 4 s left`, `, 12 min left`; nothing when it is about over."""
    if seconds < 1:
        return ""
    return f", {seconds:.0f} s left" if seconds < 120 else f", {seconds / 60:.0f} min left"


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Have `listener` called while the block runs."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def to_log(write: Callable[[str], object], every: float = 10.0) -> Listener:
    """A listener that writes a line at the start and end of each piece of work and every `every` seconds between."""
    last: dict[str, float] = {}

    def listen(message: Progress) -> None:
        now = time.monotonic()
        finished = message.total is not None and message.done >= message.total
        if not finished and now - last.get(message.what, float("-inf")) < every:
            return
        last[message.what] = now
        of = f" of {message.total:g}" if message.total is not None else ""
        detail = f" ({message.detail})" if message.detail else ""
        write(f"{message.what}: {message.done:g}{of}{detail}")

    return listen

"""Messages of long work, sent to whoever listens in this process, such as a run's log or a progress bar."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from fw_assets.classification.visible_text import printable


@dataclass(frozen=True)
class Progress:
    """One message: `done` of `total` units of `what`. `total` is None where it is not known."""

    what: str
    done: float
    total: float | None
    detail: str = ""


@dataclass(frozen=True)
class Notice:
    """A sentence that a person should read now."""

    text: str


Message = Progress | Notice
Listener = Callable[[Message], None]
MIN_REPORTED_BYTES = 5_000_000
"""Smaller uploads are over before anyone could read a message about them."""

_listeners: list[Listener] = []


def tell(what: str, done: float, total: float | None = None, detail: str = "") -> None:
    """Send a message to all listeners."""
    relay(Progress(what, done, total, detail))


def announce(text: str) -> bool:
    """Send a notice to all listeners; returns whether there was one."""
    relay(Notice(text))
    return bool(_listeners)


def relay(message: Message) -> None:
    """Send a message that was made elsewhere, such as in another process, to all listeners."""
    for listener in tuple(_listeners):
        listener(message)


def upload_progress(what: str) -> Callable[[int, int], None]:
    """A callback `(bytes sent, size)` for an upload, which reports in MB."""

    def on_bytes(sent: int, size: int) -> None:
        if size >= MIN_REPORTED_BYTES:
            tell(f"upload of {what}, MB", round(sent / 1e6, 1), round(size / 1e6, 1))

    return on_bytes


def time_left(seconds: float) -> str:
    """`, 4 s left` or `, 12 min left`, to be appended to a message; empty below one second."""
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
    """A listener that writes the start and end of each piece of work, and a line every `every` seconds in between."""
    last: dict[str, float] = {}

    def listen(message: Message) -> None:
        if isinstance(message, Notice):
            write(printable(message.text))
            return
        now = time.monotonic()
        finished = message.total is not None and message.done >= message.total
        if not finished and now - last.get(message.what, float("-inf")) < every:
            return
        last[message.what] = now
        of = f" of {message.total:g}" if message.total is not None else ""
        detail = f" ({message.detail})" if message.detail else ""
        write(printable(f"{message.what}: {message.done:g}{of}{detail}"))

    return listen

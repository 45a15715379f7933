"""Contention for a lock: who wants it, and what those who wait are told of who holds it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

FIRST_NOTICE_SECONDS = 2.0
"""A shorter wait is not worth a word."""
NEXT_NOTICE_SECONDS = 60.0
UNKNOWN_HOLDER = "another process"


@dataclass(frozen=True)
class Contender:
    """Somebody who wants a lock.

    Attributes:
        name: what those who wait for it are told, such as `the daemon (pid 12 on host, since 09:41)`.
        on_wait: is told the name of the holder while it waits, after two seconds and then once a minute.
    """

    name: str
    on_wait: Callable[[str], None]


class WaitNotices:
    """The notices of one wait."""

    def __init__(self, contender: Contender) -> None:
        self._contender = contender
        self._due = time.monotonic() + FIRST_NOTICE_SECONDS

    def poll(self, read_holder: Callable[[], bytes]) -> None:
        """Tell who holds the lock, if it is time to."""
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + NEXT_NOTICE_SECONDS
            self._contender.on_wait(read_holder().decode("utf-8", "replace").strip() or UNKNOWN_HOLDER)

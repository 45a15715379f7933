"""Waiting for a resource: always with a ceiling, always saying what for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from ._clock import Clock
from ._errors import NotFound, Stalled, WaitTimeout
from ._retry import log

R = TypeVar("R")

NOT_FOUND_GRACE_SECONDS = 30.0
"""Seconds for which a resource just created may still be answered with 404."""


async def poll(
    what: str,
    look: Callable[[], Awaitable[R]],
    done: Callable[[R], bool],
    *,
    clock: Clock,
    every: float,
    ceiling: float,
    show: Callable[[R], str],
    on_progress: Callable[[R], Any] | None = None,
    stall: float | None = None,
    progress: Callable[[R], object] | None = None,
) -> R:
    """`look()` until `done`, every `every` seconds at the latest and sooner in the beginning.

    `stall`: how long `progress(resource)` may stay the same.

    Raises:
        WaitTimeout: `ceiling` seconds have passed.
        Stalled: no progress for `stall` seconds.
    """
    started = moved = clock.now()
    pause = min(0.05, every)
    shown = last = "not seen yet"
    mark: object = None
    while True:
        try:
            found = await look()
        except NotFound:
            if shown != "not seen yet" or clock.now() - started > min(NOT_FOUND_GRACE_SECONDS, ceiling):
                raise
        else:
            last = show(found)
            if last != shown:
                log.info("waiting for %s: %s", what, last)
                shown = last
            if on_progress:
                on_progress(found)
            if done(found):
                return found
            seen = progress(found) if progress else last
            if seen != mark:
                mark, moved = seen, clock.now()
        now = clock.now()
        if now - started >= ceiling:
            raise WaitTimeout(what, now - started, last)
        if stall is not None and now - moved >= stall:
            raise Stalled(what, now - moved, f"{last}, without progress")
        await clock.sleep(min(pause, max(0.0, ceiling - (now - started))))
        pause = min(every, pause * 1.5)

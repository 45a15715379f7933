"""Waiting for a resource: always with a timeout, always saying what for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from ._clock import Clock
from ._errors import NotFound, Stalled, WaitTimeout
from ._logger import log
from ._reminders import remind

R = TypeVar("R")

NOT_FOUND_GRACE_SECONDS = 30.0
"""How long the platform may answer 404 for a resource that has just been created."""
_NOT_SEEN = "not seen yet"


async def poll(
    name: str,
    fetch: Callable[[], Awaitable[R]],
    done: Callable[[R], bool],
    *,
    clock: Clock,
    interval: float,
    timeout: float,
    describe: Callable[[R], str],
    on_progress: Callable[[R], Any] | None = None,
    stall_timeout: float | None = None,
    progress: Callable[[R], object] | None = None,
) -> R:
    """`fetch()` until `done`, every `interval` seconds at the latest and more often in the beginning.

    Args:
        describe: a resource's state in a few words, logged when it changes.
        stall_timeout: seconds for which `progress(resource)` (by default its description) may stay the same.

    Raises:
        WaitTimeout: `timeout` seconds have passed.
        Stalled: no progress for `stall_timeout` seconds.
    """
    started = last_moved = clock.now()
    pause = min(0.05, interval)
    description = _NOT_SEEN
    last_progress: object = None
    while True:
        try:
            resource = await fetch()
        except NotFound:
            if description != _NOT_SEEN or clock.now() - started > min(NOT_FOUND_GRACE_SECONDS, timeout):
                raise
        else:
            if describe(resource) != description:
                description = describe(resource)
                log.info("waiting for %s: %s", name, description)
            if on_progress:
                on_progress(resource)
            if done(resource):
                return resource
            current_progress = progress(resource) if progress else description
            if current_progress != last_progress:
                last_progress, last_moved = current_progress, clock.now()
        now = clock.now()
        if now - started >= timeout:
            raise WaitTimeout(name, now - started, description)
        if stall_timeout is not None and now - last_moved >= stall_timeout:
            raise Stalled(name, now - last_moved, f"{description}, without progress")
        left = timeout - (now - started)
        if stall_timeout is not None:
            left = min(left, stall_timeout - (now - last_moved))
        remind(name, description, waited=now - started, left=left, now=now)
        await clock.sleep(min(pause, max(0.0, timeout - (now - started))))
        pause = min(interval, pause * 1.5)

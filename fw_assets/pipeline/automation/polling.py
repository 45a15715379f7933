"""Polling within a sensor's tick: Dagster starts one every five seconds at most, which is long for who waits."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import dagster as dg

T = TypeVar("T")
TICK_SECONDS = 4.0
"""How long a tick polls; less than the daemon's loop of five seconds."""
MIN_PAUSE_SECONDS = 0.25
MIN_REMOTE_PAUSE_SECONDS = 1.0
"""The same where every poll is a request."""
PAUSE_RATIO = 9
"""A pause is this many times as long as the poll before it, which bounds the processor time to a tenth."""


def poll_until(
    instance: dg.DagsterInstance, poll: Callable[[], T], enough: Callable[[T], bool], *, remote: bool = False
) -> T:
    """Poll until there is enough to end the tick, or the tick is about to be over; returns the last poll's result.

    Sensors poll once where they do not have a thread each (`sensors: use_threads` in dagster.yaml): they would wait for
    each other.
    """
    sensor_settings = instance.get_settings("sensors") if instance.is_persistent else None
    threaded = bool(sensor_settings and sensor_settings.get("use_threads"))
    end = time.monotonic() + (TICK_SECONDS if threaded else 0)
    while True:
        started = time.monotonic()
        result = poll()
        pause = max(
            MIN_REMOTE_PAUSE_SECONDS if remote else MIN_PAUSE_SECONDS, PAUSE_RATIO * (time.monotonic() - started)
        )
        if enough(result) or time.monotonic() + pause > end:
            return result
        time.sleep(pause)

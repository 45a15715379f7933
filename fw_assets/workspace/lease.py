"""Lease over several machines: a claim behind a URL that its holder keeps fresh. Experimental, as `conditional_put`.

Claims are numbered objects; the last one holds, and the next is written create-only. A holder rewrites its claim every
few seconds. Whoever waits takes over a claim that has not changed for a while by its own clock, so the machines' clocks
need not agree. A holder that was suspended for longer may find that another has taken over: what must never happen
twice therefore rests on names and conditional writes, not on a lease.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from fw_assets.workspace.conditional_put import put_if_absent, require_conditional_put
from fw_assets.workspace.contention import UNKNOWN_HOLDER, Contender, WaitNotices
from fw_assets.workspace.object_log import list_names

HEARTBEAT_SECONDS = 5.0
LEASE_TIMEOUT_SECONDS = 30.0
"""A claim that has not changed for so long is abandoned."""
_MIN_POLL_SECONDS, _MAX_POLL_SECONDS = 0.5, 5.0
"""Every look is two requests: who waits for long looks less often, but several times before a claim is abandoned."""
_RELEASED = b"free\n"


@contextmanager
def lease(fs: Any, root: str, folder: str, contender: Contender | None = None) -> Iterator[bool]:
    """Hold the lease of a folder; waits until its holder releases it or is gone. Whether another held it first.

    Args:
        contender: who wants it. The holder's name is in its claim, for those who wait.

    Raises:
        NoConditionalWrites: the store has no create-only writes.
    """
    require_conditional_put(fs, root)
    mark, name = uuid.uuid4().hex, contender.name if contender else UNKNOWN_HOLDER
    claim, waited = _acquire(fs, folder, _claim(mark, 0, name), contender)
    released = threading.Event()

    def send_heartbeats() -> None:
        beats = 0
        while not released.wait(HEARTBEAT_SECONDS):
            beats += 1
            try:
                fs.pipe_file(claim, _claim(mark, beats, name))
            except OSError:
                continue  # the next beat comes in time, or another machine takes over

    heartbeat = threading.Thread(target=send_heartbeats, daemon=True, name=f"lease of {folder}")
    heartbeat.start()
    try:
        yield waited
    finally:
        released.set()
        heartbeat.join()
        # A claim that could not be released is abandoned after a while.
        with suppress(OSError):
            fs.pipe_file(claim, _RELEASED)


def _acquire(fs: Any, folder: str, content: bytes, contender: Contender | None) -> tuple[str, bool]:
    """The path of a new claim, the last of the folder, and whether another held it first."""
    notices = WaitNotices(contender) if contender else None
    previous: tuple[str, bytes] | None = None
    pause, waited = _MIN_POLL_SECONDS, False
    unchanged_since = time.monotonic()
    while True:
        numbers = [name for name in list_names(fs, folder) if name.isdecimal()]
        last = numbers[-1] if numbers else ""
        claim = (last, bytes(fs.cat_file(f"{folder}/{last}"))) if last else ("", _RELEASED)
        if claim != previous:
            previous, unchanged_since = claim, time.monotonic()
        if claim[1] == _RELEASED or time.monotonic() - unchanged_since > LEASE_TIMEOUT_SECONDS:
            path = f"{folder}/{int(last or 0) + 1:08d}"
            if put_if_absent(fs, path, content):
                return path, waited
        else:
            if notices is not None:
                notices.poll(partial(_holder, claim[1]))
            time.sleep(pause)
            pause = min(2 * pause, _MAX_POLL_SECONDS)
        waited = True


def _claim(mark: str, beats: int, name: str) -> bytes:
    return f"{mark} {beats} {name}\n".encode("utf-8", "replace")


def _holder(claim: bytes) -> bytes:
    """The name in a claim; an earlier version wrote none."""
    return b" ".join(claim.split(b" ")[2:])

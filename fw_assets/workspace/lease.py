"""One at a time over several machines: a claim behind a URL that its holder keeps fresh.

Claims are numbered objects; the last one holds, and the next is written create-only. A holder writes its own claim
anew every few seconds. Whoever waits takes over a claim that has not changed for a while by its own clock, so the
machines' clocks need not agree. A holder that stood still for longer (a suspended machine) may find that another has
taken over: what must never happen twice does not rest on a lease, but on names and on create-only records.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fw_assets.workspace.conditional_put import put_if_absent, require_conditional_put
from fw_assets.workspace.object_log import listed

HEARTBEAT_SECONDS = 5.0
LEASE_TIMEOUT_SECONDS = 30.0
"""A claim that has not changed for so long is nobody's."""
_POLL_SECONDS = 0.5
_FREE = b"free\n"


@contextmanager
def lease(fs: Any, root: str, folder: str) -> Iterator[None]:
    """Hold the lease of that folder; waits until whoever has it gives it back or is gone.

    Raises:
        NoConditionalWrites: the store has no create-only writes.
    """
    require_conditional_put(fs, root)
    claim, mine = _claimed(fs, folder), uuid.uuid4().hex
    over = threading.Event()

    def beat() -> None:
        count = 0
        while not over.wait(HEARTBEAT_SECONDS):
            count += 1
            try:
                fs.pipe_file(claim, f"{mine} {count}\n".encode())
            except OSError:
                continue  # the next beat comes in time, or another takes over

    holder = threading.Thread(target=beat, daemon=True, name=f"lease of {folder}")
    holder.start()
    try:
        yield
    finally:
        over.set()
        holder.join()
        fs.pipe_file(claim, _FREE)


def _claimed(fs: Any, folder: str) -> str:
    """The path of a new claim, the last of the folder."""
    seen: tuple[str, bytes] | None = None
    since = time.monotonic()
    while True:
        names = [name for name in listed(fs, folder) if name.isdecimal()]
        last = names[-1] if names else ""
        found = (last, bytes(fs.cat_file(f"{folder}/{last}"))) if last else ("", _FREE)
        if found != seen:
            seen, since = found, time.monotonic()
        if found[1] == _FREE or time.monotonic() - since > LEASE_TIMEOUT_SECONDS:
            path = f"{folder}/{int(last or 0) + 1:08d}"
            if put_if_absent(fs, path, f"{uuid.uuid4().hex} new\n".encode()):
                return path
        else:
            time.sleep(_POLL_SECONDS)

"""Slots: so many holders at a time over the processes of this machine, or behind a URL over all machines."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO

from fw_assets.workspace.workspace import Workspace


@asynccontextmanager
async def slot(store: Workspace, limit: int, holder: str, *parts: str, poll: float) -> AsyncIterator[None]:
    """Hold one of `limit` slots; waits until one is free. The slot of a process that dies is free at once.

    Behind a URL each holder waits for one of the slots, chosen by its name, and not for the first that is free.

    Args:
        holder: who holds it, for as long as it does.
        parts: the path of the slots.
        poll: seconds between two looks.
    """
    if not store.is_local:
        number = int.from_bytes(hashlib.sha256(holder.encode()).digest()[:4], "big") % limit
        lease = store.exclusive(*parts[:-1], f"{parts[-1]}-{number}")
        await asyncio.to_thread(lease.__enter__)
        try:
            yield
        finally:
            await asyncio.to_thread(lease.__exit__, None, None, None)
        return
    folder = store.local(*parts)
    folder.mkdir(parents=True, exist_ok=True)
    while (file := _free_slot(folder, limit)) is None:
        await asyncio.sleep(poll)
    with file:
        yield


def _free_slot(folder: Path, limit: int) -> IO[str] | None:
    """The file of a slot that nobody holds, locked until it is closed."""
    for number in range(limit):
        file = (folder / f"slot-{number}.lock").open("a")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
        else:
            return file
    return None

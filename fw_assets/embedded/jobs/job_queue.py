"""The queue of unfinished jobs: claims that expire with their worker, and workers started when due."""

from __future__ import annotations

import atexit
import os
import secrets
import sqlite3
import subprocess
import sys
import threading
from dataclasses import dataclass
from typing import Any

from fw_assets.embedded.jobs.slots import is_held, slot_count, take_free_slot
from fw_assets.embedded.store import resources
from fw_assets.embedded.store.platform import Platform

STALLED_SECONDS = 60.0
"""A living worker whose heart has not beaten for so long has lost its claim."""

MAX_ATTEMPTS = 3
"""A job whose worker died so often fails instead of being taken up again."""

VALIDATE, RUN = 0, 1

_COMMAND = (sys.executable, "-m", "fw_assets.embedded.jobs.worker")

_children: list[subprocess.Popen[bytes]] = []


@atexit.register
def _let_go() -> None:
    # Workers outlive this process on purpose; a Popen without a return code would complain of it.
    for child in _children:
        child.returncode = child.returncode or 0


_children_lock = threading.Lock()


class ClaimLost(Exception):
    """The job was cancelled, deleted or given to another worker; nothing may be written for it any more."""


@dataclass(frozen=True)
class Claim:
    """The right of one worker to write for one job, until it is released or lost."""

    kind: str
    account: str
    id: str
    stage: int
    attempts: int
    token: str

    def key(self) -> tuple[str, str, str, str]:
        return self.kind, self.account, self.id, self.token


def enqueue(connection: sqlite3.Connection, kind: str, account: str, id: str, now: float) -> None:
    """Queue a job that was just created or resumed."""
    connection.execute(
        "INSERT OR REPLACE INTO work (kind, account, id, queued) VALUES (?, ?, ?, ?)",
        (kind, account, id, now),
    )


def dequeue(connection: sqlite3.Connection, kind: str, account: str, id: str) -> None:
    """Forget a job; whoever works on it loses its claim."""
    connection.execute("DELETE FROM work WHERE kind = ? AND account = ? AND id = ?", (kind, account, id))


def ensure_workers(platform: Platform) -> None:
    """Queue again what dead workers left, and start as many workers as there is work and room for."""
    with platform.store.read() as connection:
        unfinished = connection.execute("SELECT slot, heartbeat FROM work").fetchall()
    if not unfinished:
        return
    if any(_is_lost(platform, slot, heartbeat) for slot, heartbeat in unfinished):
        requeue_lost(platform)
    waiting = sum(1 for slot, heartbeat in unfinished if slot is None or _is_lost(platform, slot, heartbeat))
    for _ in range(min(waiting, slot_count())):
        if not _start_worker(platform):
            break


def requeue_lost(platform: Platform, slot: int | None = None) -> None:
    """Free the claims of workers that are gone, and those of earlier holders of `slot`."""
    with platform.store.write() as connection:
        claims = connection.execute(
            "SELECT kind, account, id, slot, heartbeat, attempts FROM work WHERE slot IS NOT NULL"
        ).fetchall()
        for kind, account, id, held, heartbeat, attempts in claims:
            if held != slot and not _is_lost(platform, held, heartbeat):
                continue
            key = (kind, account, id)
            if attempts >= MAX_ATTEMPTS:
                message = f"the worker died {attempts} times; see {platform.home / 'workers'}"
                changes: dict[str, Any] = {
                    "state": "JOB_STATE_FAILED",
                    "status": {"code": "INTERNAL", "message": message},
                    "completedTime": platform.timestamp(),
                }
                dequeue(connection, *key)
            else:
                changes = {"state": "JOB_STATE_PENDING"}
                connection.execute(
                    "UPDATE work SET slot = NULL, token = NULL WHERE kind = ? AND account = ? AND id = ?", key
                )
            resources.update(connection, *key, changes | {"updateTime": platform.timestamp()})


def claim(platform: Platform, slot: int) -> Claim | None:
    """Take the next job for the worker in `slot`: new ones are validated before old ones are run."""
    with platform.store.write() as connection:
        row = connection.execute(
            "SELECT kind, account, id, stage, attempts FROM work WHERE slot IS NULL ORDER BY stage, queued LIMIT 1"
        ).fetchone()
        if row is None:
            return None
        kind, account, id, stage, attempts = row
        taken = Claim(kind, account, id, stage, attempts + 1, secrets.token_hex(8))
        connection.execute(
            "UPDATE work SET slot = ?, token = ?, heartbeat = ?, attempts = ? "
            "WHERE kind = ? AND account = ? AND id = ?",
            (slot, taken.token, platform.clock(), taken.attempts, kind, account, id),
        )
    return taken


def hold(connection: sqlite3.Connection, taken: Claim) -> None:
    """Make sure, inside a write transaction, that the claim still stands.

    Raises:
        ClaimLost: it does not.
    """
    row = connection.execute(
        "SELECT 1 FROM work WHERE kind = ? AND account = ? AND id = ? AND token = ?", taken.key()
    ).fetchone()
    if row is None:
        raise ClaimLost(taken.id)


def heartbeat(platform: Platform, taken: Claim) -> None:
    """Tell that the worker is alive.

    Raises:
        ClaimLost: the claim no longer stands.
    """
    with platform.store.write() as connection:
        hold(connection, taken)
        connection.execute(
            "UPDATE work SET heartbeat = ? WHERE kind = ? AND account = ? AND id = ? AND token = ?",
            (platform.clock(), *taken.key()),
        )


def advance(connection: sqlite3.Connection, taken: Claim) -> None:
    """Queue a validated job for its run."""
    hold(connection, taken)
    connection.execute(
        "UPDATE work SET stage = 1, slot = NULL, token = NULL, attempts = 0 "
        "WHERE kind = ? AND account = ? AND id = ? AND token = ?",
        taken.key(),
    )


def _is_lost(platform: Platform, slot: int | None, heartbeat: float | None) -> bool:
    if slot is None:
        return False
    return not is_held(platform.home, slot) or platform.clock() - (heartbeat or 0.0) > STALLED_SECONDS


def _start_worker(platform: Platform) -> bool:
    """Start a detached worker in a free slot; False when all slots are held."""
    with _children_lock:
        # Ended workers that this process started are reaped here.
        _children[:] = [child for child in _children if child.poll() is None]
    taken = take_free_slot(platform.home)
    if taken is None:
        return False
    slot, descriptor = taken
    single = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    try:
        with (platform.home / "workers" / f"slot-{slot}.log").open("ab") as log:
            # The child inherits the lock with the descriptor: the slot is never free in between.
            child = subprocess.Popen(
                [*_COMMAND, "--home", str(platform.home), "--slot", str(slot), "--slot-fd", str(descriptor)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(descriptor,),
                start_new_session=True,
                cwd=platform.home,
                env=os.environ | single,
            )
    finally:
        os.close(descriptor)
    with _children_lock:
        _children.append(child)
    return True

"""Queue of unfinished jobs, with claims that expire with their worker."""

from __future__ import annotations

import secrets
import sqlite3
from dataclasses import dataclass
from typing import Any

from fw_assets.embedded.jobs.slots import is_held
from fw_assets.embedded.store import documents
from fw_assets.embedded.store.embedded_platform import EmbeddedPlatform
from fw_assets.embedded.store.faults import is_pending

STALLED_SECONDS = 60.0
"""A worker that lives but has sent no heartbeat for so long loses its claim."""

LOCKED_SECONDS = 1.0
"""Who waited for the database for so long judges nobody by heartbeats, which waited for it too."""

MAX_ATTEMPTS = 3
"""A job whose worker died so often without any progress fails instead of being queued again."""

VALIDATE, RUN = 0, 1


class ClaimLost(Exception):
    """The job was cancelled, deleted or given to another worker: this one may write nothing more for it."""


@dataclass(frozen=True)
class JobClaim:
    """One worker's exclusive right to write for one job, until it is released or lost."""

    collection: str
    account: str
    id: str
    stage: int
    attempts: int
    token: str

    def key(self) -> tuple[str, str, str, str]:
        return self.collection, self.account, self.id, self.token


def enqueue(connection: sqlite3.Connection, collection: str, account: str, id: str, now: float) -> None:
    """Queue a job that was just created or resumed."""
    connection.execute(
        "INSERT OR REPLACE INTO work (kind, account, id, queued) VALUES (?, ?, ?, ?)",
        (collection, account, id, now),
    )


def dequeue(connection: sqlite3.Connection, collection: str, account: str, id: str) -> None:
    """Remove a job; a worker that has claimed it loses its claim."""
    connection.execute("DELETE FROM work WHERE kind = ? AND account = ? AND id = ?", (collection, account, id))


def queued_ids(connection: sqlite3.Connection, collection: str) -> list[tuple[str, str]]:
    """(account, id) of the unfinished jobs of a collection."""
    return connection.execute("SELECT account, id FROM work WHERE kind = ?", (collection,)).fetchall()


def unclaimed_jobs(platform: EmbeddedPlatform) -> int:
    """The number of jobs that wait for a worker, and not for their turn; those of dead workers are queued again."""
    with platform.database.read() as connection:
        unfinished = connection.execute("SELECT kind, id, stage, queued, slot, heartbeat FROM work").fetchall()
    lost = [_is_lost(platform, slot, heartbeat) for *_, slot, heartbeat in unfinished]
    if any(lost):
        requeue_lost(platform)
    return sum(
        is_lost or (slot is None and _has_its_turn(platform, *job))
        for (*job, slot, _), is_lost in zip(unfinished, lost, strict=True)
    )


def requeue_lost(platform: EmbeddedPlatform, slot: int | None = None) -> None:
    """Release the claims of workers that are gone, and those of earlier holders of `slot`."""
    asked = platform.clock()
    with platform.database.write() as connection:
        was_locked = platform.clock() - asked > LOCKED_SECONDS
        claims = connection.execute(
            "SELECT kind, account, id, slot, heartbeat, attempts FROM work WHERE slot IS NOT NULL"
        ).fetchall()
        for collection, account, id, held_slot, heartbeat, attempts in claims:
            newest = platform.clock() if was_locked else heartbeat
            if held_slot != slot and not _is_lost(platform, held_slot, newest):
                continue
            key = (collection, account, id)
            if attempts >= MAX_ATTEMPTS:
                message = (
                    f"the worker died {attempts} times: killed, out of memory, or without space on the disk; see "
                    f"{platform.home / 'workers'}"
                )
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
            documents.update(connection, *key, changes | {"updateTime": platform.timestamp()})


def claim_next(platform: EmbeddedPlatform, slot: int) -> JobClaim | None:
    """Claim the next job for the worker in `slot`: new jobs are validated before others are run."""
    with platform.database.write() as connection:
        waiting = connection.execute(
            "SELECT kind, id, stage, queued, account, attempts FROM work WHERE slot IS NULL ORDER BY stage, queued"
        )
        row = next((row for row in waiting if _has_its_turn(platform, *row[:4])), None)
        if row is None:
            return None
        collection, id, stage, _, account, attempts = row
        claim = JobClaim(collection, account, id, stage, attempts + 1, secrets.token_hex(8))
        connection.execute(
            "UPDATE work SET slot = ?, token = ?, heartbeat = ?, attempts = ? "
            "WHERE kind = ? AND account = ? AND id = ?",
            (slot, claim.token, platform.clock(), claim.attempts, collection, account, id),
        )
    return claim


def check_claim(connection: sqlite3.Connection, claim: JobClaim) -> None:
    """Check, inside a write transaction, that the claim still stands.

    Raises:
        ClaimLost: it does not.
    """
    row = connection.execute(
        "SELECT 1 FROM work WHERE kind = ? AND account = ? AND id = ? AND token = ?", claim.key()
    ).fetchone()
    if row is None:
        raise ClaimLost(claim.id)


def heartbeat(platform: EmbeddedPlatform, claim: JobClaim, *, progress: bool = False) -> None:
    """Record that the worker is alive.

    Args:
        progress: the job got further, by a checkpoint: attempts before it no longer count against the job.

    Raises:
        ClaimLost: the claim no longer stands.
    """
    with platform.database.write() as connection:
        check_claim(connection, claim)
        connection.execute(
            "UPDATE work SET heartbeat = ?, attempts = CASE WHEN ? THEN 0 ELSE attempts END "
            "WHERE kind = ? AND account = ? AND id = ? AND token = ?",
            (platform.clock(), progress, *claim.key()),
        )


def queue_run(connection: sqlite3.Connection, claim: JobClaim) -> None:
    """Queue a validated job for its run, and release the claim.

    Raises:
        ClaimLost: the claim no longer stands.
    """
    check_claim(connection, claim)
    connection.execute(
        "UPDATE work SET stage = 1, slot = NULL, token = NULL, attempts = 0 "
        "WHERE kind = ? AND account = ? AND id = ? AND token = ?",
        claim.key(),
    )


def _has_its_turn(platform: EmbeddedPlatform, collection: str, id: str, stage: int, queued: float) -> bool:
    return stage == VALIDATE or not is_pending(platform, collection, id, queued)


def _is_lost(platform: EmbeddedPlatform, slot: int | None, heartbeat: float | None) -> bool:
    if slot is None:
        return False
    return not is_held(platform.home, slot) or platform.clock() - (heartbeat or 0.0) > STALLED_SECONDS

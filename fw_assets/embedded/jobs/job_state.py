"""Changes to the document of a claimed job; every one of them fails when the claim is lost."""

from __future__ import annotations

import sqlite3
from typing import Any

from fw_assets.embedded.engine.errors import EngineError, WeightsError
from fw_assets.embedded.errors import RpcError, machine_fault
from fw_assets.embedded.jobs import job_queue
from fw_assets.embedded.jobs.job_queue import ClaimLost, JobClaim
from fw_assets.embedded.store import documents
from fw_assets.embedded.store.embedded_platform import EmbeddedPlatform


def update_job(platform: EmbeddedPlatform, claim: JobClaim, changes: dict[str, Any]) -> dict[str, Any]:
    """Write fields of the job, and return its document.

    Raises:
        ClaimLost: the claim no longer stands.
    """
    with platform.database.write() as connection:
        job_queue.check_claim(connection, claim)
        return _write(platform, connection, claim, changes)


def finish_validation(platform: EmbeddedPlatform, claim: JobClaim) -> None:
    """PENDING: queue the job for its run.

    Raises:
        ClaimLost: the claim no longer stands.
    """
    with platform.database.write() as connection:
        job_queue.queue_run(connection, claim)
        _write(platform, connection, claim, {"state": "JOB_STATE_PENDING"})


def complete_job(
    platform: EmbeddedPlatform, connection: sqlite3.Connection, claim: JobClaim, state: str = "COMPLETED"
) -> None:
    """COMPLETED, in the transaction that makes the results visible."""
    _write(platform, connection, claim, {"state": f"JOB_STATE_{state}", "completedTime": platform.timestamp()})
    job_queue.dequeue(connection, claim.collection, claim.account, claim.id)


def end_job(platform: EmbeddedPlatform, claim: JobClaim, state: str) -> None:
    """Another end than COMPLETED and FAILED, for which the job gives no reason and has no results.

    Raises:
        ClaimLost: the claim no longer stands.
    """
    with platform.database.write() as connection:
        job_queue.check_claim(connection, claim)
        complete_job(platform, connection, claim, state)


def fail_job(platform: EmbeddedPlatform, claim: JobClaim, error: Exception) -> None:
    """FAILED, with a status that tells the reason; does nothing when the claim is lost.

    RESOURCE_EXHAUSTED and INTERNAL are causes that may pass (no space, no memory, a file that is damaged, a bug that is
    fixed): the same job may succeed later. Every other code is about the job itself.
    """
    if isinstance(error, (OSError, MemoryError)):
        error = machine_fault(error, platform.home)
    if isinstance(error, RpcError):
        status = {"code": error.code, "message": error.message}
    elif isinstance(error, (EngineError, WeightsError)):
        status = {"code": "FAILED_PRECONDITION", "message": str(error)}
    else:
        status = {"code": "INTERNAL", "message": f"{type(error).__name__}: {error}"}
    changes = {"state": "JOB_STATE_FAILED", "status": status, "completedTime": platform.timestamp()}
    try:
        with platform.database.write() as connection:
            job_queue.check_claim(connection, claim)
            _write(platform, connection, claim, changes)
            job_queue.dequeue(connection, claim.collection, claim.account, claim.id)
    except ClaimLost:
        return


def _write(
    platform: EmbeddedPlatform, connection: sqlite3.Connection, claim: JobClaim, changes: dict[str, Any]
) -> dict[str, Any]:
    stamped = changes | {"updateTime": platform.timestamp()}
    return documents.update(connection, claim.collection, claim.account, claim.id, stamped)

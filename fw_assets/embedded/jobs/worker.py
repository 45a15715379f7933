"""Worker process: processes jobs until none is left.

python -m fw_assets.embedded.jobs.worker --home HOME
"""

from __future__ import annotations

import argparse
import shutil
import sqlite3
import sys
import threading
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from fw_assets.embedded.engine.language_model.device.lease import patience
from fw_assets.embedded.jobs import batch_run, fine_tuning_run, job_queue
from fw_assets.embedded.jobs.job_queue import ClaimLost, JobClaim
from fw_assets.embedded.jobs.job_state import fail_job
from fw_assets.embedded.jobs.slots import take_free_slot
from fw_assets.embedded.store import documents
from fw_assets.embedded.store.embedded_platform import EmbeddedPlatform, open_platform
from fw_assets.embedded.store.resource_names import BATCH_JOBS, FINE_TUNING_JOBS

HEARTBEAT_SECONDS = 1.0

_STAGES: dict[tuple[str, int], Callable[[EmbeddedPlatform, JobClaim], None]] = {
    (FINE_TUNING_JOBS, job_queue.VALIDATE): fine_tuning_run.validate,
    (FINE_TUNING_JOBS, job_queue.RUN): fine_tuning_run.run,
    (BATCH_JOBS, job_queue.VALIDATE): batch_run.validate,
    (BATCH_JOBS, job_queue.RUN): batch_run.run,
}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Work on the embedded platform's queued jobs until none is left.")
    parser.add_argument("--home", type=Path, required=True, help="the platform's folder")
    parser.add_argument("--slot", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--slot-fd", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    platform = open_platform(options.home)
    platform.database.wait_for_locks(lambda locked: _tell(f"{locked}; this worker waits, and then goes on"))
    slot = options.slot
    if options.slot_fd is None:
        free = take_free_slot(platform.home)
        if free is None:
            return
        slot = free[0]
    with patience():
        process_jobs(platform, slot)


def process_jobs(platform: EmbeddedPlatform, slot: int) -> None:
    """Process jobs in `slot`, which this process holds, until the queue is empty."""
    job_queue.requeue_lost(platform, slot)
    while (claim := job_queue.claim_next(platform, slot)) is not None:
        process_stage(platform, claim)


def process_stage(platform: EmbeddedPlatform, claim: JobClaim) -> None:
    """Process one claimed stage of one job; an exception fails the job, and the worker goes on."""
    done = threading.Event()
    heartbeat = threading.Thread(target=_send_heartbeats, args=(platform, claim, done), daemon=True)
    heartbeat.start()
    try:
        _STAGES[claim.collection, claim.stage](platform, claim)
    except ClaimLost:
        _tell(f"{claim.id} was cancelled, deleted or given to another worker; this worker leaves it")
        _remove_files_of_a_deleted_job(platform, claim)
    except Exception as error:  # noqa: BLE001 - recorded as the reason why the job failed
        traceback.print_exc()
        fail_job(platform, claim, error)  # on a full disk it cannot: the claim is lost with this process
    finally:
        done.set()
        heartbeat.join()


def _remove_files_of_a_deleted_job(platform: EmbeddedPlatform, claim: JobClaim) -> None:
    """Remove what was written after a job was deleted and before this worker learned of it."""
    with platform.database.write() as connection:
        # The write lock is held, so that no job of the same name begins meanwhile.
        if documents.find(connection, claim.collection, claim.account, claim.id) is None:
            shutil.rmtree(platform.job_folder(claim.collection, claim.id), ignore_errors=True)


def _tell(event: str) -> None:
    """Into the worker's log."""
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC: {event}", file=sys.stderr, flush=True)


def _send_heartbeats(platform: EmbeddedPlatform, claim: JobClaim, done: threading.Event) -> None:
    while not done.wait(HEARTBEAT_SECONDS):
        try:
            job_queue.heartbeat(platform, claim)
        except ClaimLost:
            return
        except (sqlite3.OperationalError, OSError):
            # Such as no space: the next heartbeat may succeed.
            traceback.print_exc()


if __name__ == "__main__":
    main()

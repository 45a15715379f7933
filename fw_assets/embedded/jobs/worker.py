"""A worker process: takes jobs until none is left.

python -m fw_assets.embedded.jobs.worker --home HOME
"""

from __future__ import annotations

import argparse
import sqlite3
import threading
import traceback
from collections.abc import Callable
from pathlib import Path

from fw_assets.embedded.jobs import batch_run, job_queue
from fw_assets.embedded.jobs import fine_tuning_run as training
from fw_assets.embedded.jobs.job_queue import Claim, ClaimLost
from fw_assets.embedded.jobs.slots import take_free_slot
from fw_assets.embedded.store.platform import Platform, open_platform

HEARTBEAT_SECONDS = 1.0

_STEPS: dict[tuple[str, int], Callable[[Platform, Claim], None]] = {
    ("supervisedFineTuningJobs", job_queue.VALIDATE): training.validate,
    ("supervisedFineTuningJobs", job_queue.RUN): training.run,
    ("batchInferenceJobs", job_queue.VALIDATE): batch_run.validate,
    ("batchInferenceJobs", job_queue.RUN): batch_run.run,
}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Work on the embedded platform's queued jobs until none is left.")
    parser.add_argument("--home", type=Path, required=True, help="the platform's folder")
    parser.add_argument("--slot", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--slot-fd", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    platform = open_platform(options.home)
    slot = options.slot
    if options.slot_fd is None:
        taken = take_free_slot(platform.home)
        if taken is None:
            return
        slot = taken[0]
    work_off(platform, slot)


def work_off(platform: Platform, slot: int) -> None:
    """Take and do jobs in `slot`, which this process holds, until the queue is empty."""
    job_queue.requeue_lost(platform, slot)
    while (taken := job_queue.claim(platform, slot)) is not None:
        step(platform, taken)


def step(platform: Platform, taken: Claim) -> None:
    """Do one claimed step of one job; a job that raises fails, and the worker goes on."""
    done = threading.Event()
    heart = threading.Thread(target=_beat, args=(platform, taken, done), daemon=True)
    heart.start()
    try:
        _STEPS[taken.kind, taken.stage](platform, taken)
    except ClaimLost:
        pass
    except Exception as error:  # noqa: BLE001 - whatever a job does wrong is told by the job
        traceback.print_exc()
        training.fail(platform, taken, error)
    finally:
        done.set()
        heart.join()


def _beat(platform: Platform, taken: Claim, done: threading.Event) -> None:
    while not done.wait(HEARTBEAT_SECONDS):
        try:
            job_queue.heartbeat(platform, taken)
        except ClaimLost:
            return
        except sqlite3.OperationalError:
            # Locked by others for longer than the timeout: the next beat may get through.
            traceback.print_exc()


if __name__ == "__main__":
    main()

"""Starting worker processes, which outlive the process that starts them."""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import threading

from fw_assets.embedded.jobs.job_queue import unclaimed_jobs
from fw_assets.embedded.jobs.slots import slot_count, take_free_slot
from fw_assets.embedded.store.embedded_platform import EmbeddedPlatform

_COMMAND = (sys.executable, "-m", "fw_assets.embedded.jobs.worker")

_started: list[subprocess.Popen[bytes]] = []
_started_lock = threading.Lock()


def ensure_workers(platform: EmbeddedPlatform) -> None:
    """Start a worker per waiting job while slots are free; jobs of dead workers wait again."""
    for _ in range(min(unclaimed_jobs(platform), slot_count())):
        if not _start_worker(platform):
            break


def _start_worker(platform: EmbeddedPlatform) -> bool:
    """Start a detached worker in a free slot; False when all slots are held."""
    with _started_lock:
        # Polling reaps the workers of this process that have ended.
        _started[:] = [worker for worker in _started if worker.poll() is None]
    free = take_free_slot(platform.home)
    if free is None:
        return False
    slot, descriptor = free
    single_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    try:
        with (platform.home / "workers" / f"slot-{slot}.log").open("ab") as log:
            # The child inherits the lock with the descriptor: the slot is never free in between.
            worker = subprocess.Popen(
                [*_COMMAND, "--home", str(platform.home), "--slot", str(slot), "--slot-fd", str(descriptor)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(descriptor,),
                start_new_session=True,
                cwd=platform.home,
                env=os.environ | single_thread,
            )
    finally:
        os.close(descriptor)
    with _started_lock:
        _started.append(worker)
    return True


@atexit.register
def _disown_workers() -> None:
    # Workers outlive this process on purpose; a Popen without a return code would warn of it.
    for worker in _started:
        worker.returncode = worker.returncode or 0

"""Processes that execute runs: noted in a tag of each run, so that other processes can tell whether they live."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import NamedTuple

import dagster as dg

from fw_assets.pipeline.machine import this_machine
from fw_assets.pipeline.run_tags import MACHINE_TAG

WORKER_TAG = ".dagster/fw_assets_worker"
"""Tags a run with the process that executes it; hidden in the UI. A retry inherits its predecessor's tags, so the tag
holds the run's id too: see `worker_of`."""
_SLACK_SECONDS = 5.0
"""By how much the clocks may differ: the time of the boot is known to the second, and may be set later."""


class Worker(NamedTuple):
    """A process that executes a run, and a time at which it did (seconds since the epoch)."""

    machine: str
    pid: int
    at: float


def worker_tags(run_id: str) -> dict[str, str]:
    """The tags of a run that this process executes."""
    worker = Worker(this_machine(), os.getpid(), time.time())
    return {MACHINE_TAG: worker.machine, WORKER_TAG: json.dumps([run_id, *worker])}


def tag_worker(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    """Tag a run as executed by this process, unless it is."""
    worker = worker_of(run)
    if worker is None or (worker.machine, worker.pid) != (this_machine(), os.getpid()):
        instance.add_run_tags(run.run_id, worker_tags(run.run_id))


def worker_of(run: dg.DagsterRun) -> Worker | None:
    """The process that tagged this very run as its own."""
    run_id, *worker = json.loads(run.tags.get(WORKER_TAG, "[null]"))
    return Worker(*worker) if run_id == run.run_id else None


def dead_worker(run: dg.DagsterRun) -> int | None:
    """The process id of a run of this machine if the process is gone; None if it lives or is not known."""
    worker = worker_of(run)
    if worker is None or worker.machine != this_machine() or is_alive(worker.pid, worker.at):
        return None
    return worker.pid


def is_alive(pid: int, at: float) -> bool:
    """Whether the process that had the id `pid` at the time `at` lives.

    After a restart of the machine or the container another process may have the id; it began later.
    """
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    start = _start_time(pid)
    return start is None or start <= at + _SLACK_SECONDS


def _start_time(pid: int) -> float | None:
    """When a process started, in seconds since the epoch; None where the system does not say (only Linux does)."""
    try:
        process_stat = Path(f"/proc/{pid}/stat").read_text("utf-8")
        system_stat = Path("/proc/stat").read_text("utf-8")
    except OSError:
        return None
    # The fields after the name, which may itself hold spaces and brackets; the 22nd of all is the start, in ticks.
    ticks = int(process_stat.rpartition(")")[2].split()[19])
    boot = next(int(line.split()[1]) for line in system_stat.splitlines() if line.startswith("btime "))
    return boot + ticks / os.sysconf("SC_CLK_TCK")

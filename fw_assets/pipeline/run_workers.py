"""Processes that execute runs: noted in a tag of each run, so that other processes can tell whether they live."""

from __future__ import annotations

import json
import os
import time
from typing import NamedTuple

import dagster as dg

from fw_assets.pipeline.machine import is_alive, this_machine
from fw_assets.pipeline.run_tags import MACHINE_TAG

WORKER_TAG = ".dagster/fw_assets_worker"
"""Tags a run with the process that executes it; hidden in the UI. A retry inherits its predecessor's tags, so the tag
holds the run's id too: see `worker_of`."""


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

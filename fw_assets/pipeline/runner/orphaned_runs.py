"""Runs that Dagster still takes for started although their process is gone."""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path
from typing import NamedTuple

import dagster as dg

from fw_assets.pipeline.run_tags import MACHINE_TAG, this_machine

WORKER_TAG = ".dagster/fw_assets_worker"
"""Tags a run with the forked process that executes it. A retry inherits its predecessor's tags: see `own_worker`."""
_SHARED = ("dagster_postgres", "dagster_mysql")
"""Storages that several machines may have in common."""
_SLACK_SECONDS = 5.0
"""By which the clocks may differ: the time of the boot is known to the second, and may be set later."""
_PID = re.compile(r"\(pid: (\d+)\)")


def fail_orphaned_runs(instance: dg.DagsterInstance) -> list[str]:
    """Fail every started run of this machine whose process is gone and free its pool slots; gives their short ids.

    Dagster's default run launcher does not look: after a reboot such runs would stay started for ever and keep
    their slots claimed. The runs of other machines are theirs to look after.
    """
    gone = []
    started = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING])
    for record in instance.get_run_records(started):
        run = record.dagster_run
        process = dead_worker(instance, run)
        # Run monitoring looks as well, and the process may have come to its end in between.
        if process is not None and _is_unfinished(instance, run.run_id):
            instance.report_run_failed(run, f"The process {process} of this run is gone.")
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
            gone.append(run.run_id[:8])
    return gone


def _is_unfinished(instance: dg.DagsterInstance, run_id: str) -> bool:
    run = instance.get_run_by_id(run_id)
    return run is not None and not run.is_finished


def dead_worker(instance: dg.DagsterInstance, run: dg.DagsterRun) -> int | None:
    """The process of a run of this machine if it is gone; None if it lives or if nothing is known about it."""
    # One that died before it said where it runs can only have run here if no other machine has this instance.
    alone = not type(instance.run_storage).__module__.startswith(_SHARED)
    worker = own_worker(run)
    if worker is None and run.tags.get(MACHINE_TAG, this_machine() if alone else "") == this_machine():
        worker = worker_of(instance, run.run_id)
    if worker is None or worker.machine != this_machine() or is_alive(worker.pid, worker.at):
        return None
    return worker.pid


class Worker(NamedTuple):
    """A process that executes a run, and a time at which it did (seconds since the epoch)."""

    machine: str
    pid: int
    at: float


def tag_worker(instance: dg.DagsterInstance, run_id: str) -> None:
    """Note that this process executes a run."""
    worker = Worker(this_machine(), os.getpid(), time.time())
    instance.add_run_tags(run_id, {MACHINE_TAG: worker.machine, WORKER_TAG: json.dumps([run_id, *worker])})


def own_worker(run: dg.DagsterRun) -> Worker | None:
    """The process that noted itself as the one that executes this very run."""
    noted, *worker = json.loads(run.tags.get(WORKER_TAG, "[null]"))
    return Worker(*worker) if noted == run.run_id else None


def worker_of(instance: dg.DagsterInstance, run_id: str) -> Worker | None:
    """The process of this machine that executes a run, as the run's engine events name it."""
    for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.ENGINE_EVENT):
        found = _PID.search(entry.dagster_event.message or "") if entry.dagster_event else None
        if found:
            return Worker(this_machine(), int(found.group(1)), entry.timestamp)
    return None


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
    began = _began(pid)
    return began is None or began <= at + _SLACK_SECONDS


def _began(pid: int) -> float | None:
    """When a process began, in seconds since the epoch; None where the system does not say."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text("utf-8")
        system = Path("/proc/stat").read_text("utf-8")
    except OSError:
        return None
    # The fields after the name, which may itself hold spaces and brackets; the 22nd of all is the start, in ticks.
    ticks = int(status.rpartition(")")[2].split()[19])
    booted = next(int(line.split()[1]) for line in system.splitlines() if line.startswith("btime "))
    return booted + ticks / os.sysconf("SC_CLK_TCK")

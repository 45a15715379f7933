"""Runs that Dagster still takes for started although their process is gone."""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path

import dagster as dg

MACHINE_TAG = "fw_assets/machine"
"""Tags a run with the machine that executes it."""
_SHARED = ("dagster_postgres", "dagster_mysql")
"""Storages that several machines may have in common."""
_SLACK_SECONDS = 5.0
"""By which the clocks may differ: the time of the boot is known to the second, and may be set later."""
_PID = re.compile(r"\(pid: (\d+)\)")


def fail_lost_runs(instance: dg.DagsterInstance) -> list[str]:
    """Fail every started run of this machine whose process is gone and free its pool slots; gives their short ids.

    Dagster's default run launcher does not look: after a reboot such runs would stay started for ever and keep
    their slots claimed. The runs of other machines are theirs to look after.
    """
    gone = []
    alone = not type(instance.run_storage).__module__.startswith(_SHARED)
    started = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING])
    for record in instance.get_run_records(started):
        run = record.dagster_run
        # One that died before it said where it runs can only have run here if no other machine has this instance.
        if run.tags.get(MACHINE_TAG, this_machine() if alone else "") != this_machine():
            continue
        worker = worker_of(instance, run.run_id)
        if worker is not None and not is_alive(*worker):
            instance.report_run_failed(run, f"The process {worker[0]} of this run is gone.")
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
            gone.append(run.run_id[:8])
    return gone


def this_machine() -> str:
    """What this machine is called: `$FW_MACHINE`, or its host name."""
    return os.environ.get("FW_MACHINE") or socket.gethostname()


def worker_of(instance: dg.DagsterInstance, run_id: str) -> tuple[int, float] | None:
    """The process that executes a run, as its engine events name it, and when they did (seconds since the epoch)."""
    for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.ENGINE_EVENT):
        found = _PID.search(entry.dagster_event.message or "") if entry.dagster_event else None
        if found:
            return int(found.group(1)), entry.timestamp
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

"""Runs that Dagster still takes for started although their process is gone."""

from __future__ import annotations

import os
import re

import dagster as dg

_PID = re.compile(r"\(pid: (\d+)\)")


def fail_lost_runs(instance: dg.DagsterInstance) -> list[str]:
    """Fail every started run of this machine whose process is gone and free its pool slots; gives their short ids.

    Dagster's default run launcher does not look: after a reboot such runs would stay started for ever and keep
    their slots claimed.
    """
    gone = []
    started = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING])
    for record in instance.get_run_records(started):
        run = record.dagster_run
        pid = worker_pid(instance, run.run_id)
        if pid is not None and not _alive(pid):
            instance.report_run_failed(run, f"The process {pid} of this run is gone.")
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
            gone.append(run.run_id[:8])
    return gone


def worker_pid(instance: dg.DagsterInstance, run_id: str) -> int | None:
    """The process that executes a run, as its engine events name it."""
    for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.ENGINE_EVENT):
        found = _PID.search(entry.dagster_event.message or "") if entry.dagster_event else None
        if found:
            return int(found.group(1))
    return None


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

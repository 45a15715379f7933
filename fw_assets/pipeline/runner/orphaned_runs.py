"""Runs that Dagster still takes for started although their process is gone."""

from __future__ import annotations

import dagster as dg

from fw_assets.pipeline.run_workers import dead_worker


def fail_orphaned_runs(instance: dg.DagsterInstance) -> list[str]:
    """Fail every started run of this machine whose process is gone and free its pool slots; returns short run ids.

    Dagster's default run launcher does not look: after a reboot such runs would stay started and keep their slots.
    The runs of other machines are left to those. A run is tagged when its resources are set up, at the latest: one
    whose process ended before that is still starting, and failed by run monitoring after `start_timeout_seconds`.
    """
    orphaned = []
    started = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING])
    for record in instance.get_run_records(started):
        run = record.dagster_run
        process = dead_worker(run)
        # Run monitoring looks as well, and the process may have come to its end in between.
        if process is not None and _is_unfinished(instance, run.run_id):
            instance.report_run_failed(run, f"The process {process} of this run is gone.")
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
            orphaned.append(run.run_id[:8])
    return orphaned


def _is_unfinished(instance: dg.DagsterInstance, run_id: str) -> bool:
    run = instance.get_run_by_id(run_id)
    return run is not None and not run.is_finished

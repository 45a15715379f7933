"""Runs whose process is gone, and processes that only have the id of one that is."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import dagster as dg

from fw_assets.pipeline.run_tags import MACHINE_TAG, this_machine
from fw_assets.pipeline.runner.orphaned_runs import fail_orphaned_runs, is_alive


def started(instance: dg.DagsterInstance, name: str, pid: int) -> dg.DagsterRun:
    run = dg.DagsterRun(job_name="j", run_id=name, status=dg.DagsterRunStatus.STARTED)
    instance.add_run(run)
    instance.report_engine_event(f"Started process for run (pid: {pid}).", run)
    return run


def test_only_runs_whose_process_is_gone_are_failed() -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    with dg.DagsterInstance.ephemeral() as instance:
        started(instance, "lost-run", dead.pid)
        started(instance, "living-run", os.getpid())
        assert fail_orphaned_runs(instance) == ["lost-run"]
        statuses = {r.dagster_run.run_id: r.dagster_run.status.value for r in instance.get_run_records()}
    assert statuses == {"lost-run": "FAILURE", "living-run": "STARTED"}


def test_runs_of_other_machines_are_theirs_to_look_after() -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_run_tags(started(instance, "run-here", dead.pid).run_id, {MACHINE_TAG: this_machine()})
        instance.add_run_tags(started(instance, "run-elsewhere", dead.pid).run_id, {MACHINE_TAG: "another"})
        assert fail_orphaned_runs(instance) == ["run-here"]


def test_a_process_that_began_later_is_another_one() -> None:
    assert is_alive(os.getpid(), time.time())
    assert not is_alive(os.getpid(), 0)

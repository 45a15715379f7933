"""Runs whose process is gone, and processes that only have the id of one that is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import dagster as dg
import pytest

from fw_assets.pipeline.machine import is_alive, this_machine
from fw_assets.pipeline.run_workers import WORKER_TAG, tag_worker, worker_of
from fw_assets.pipeline.runner.orphaned_runs import fail_orphaned_runs


@pytest.fixture
def dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def started(instance: dg.DagsterInstance, name: str, pid: int, machine: str | None = None) -> dg.DagsterRun:
    tag = json.dumps([name, machine or this_machine(), pid, time.time()])
    run = dg.DagsterRun(job_name="j", run_id=name, status=dg.DagsterRunStatus.STARTED, tags={WORKER_TAG: tag})
    instance.add_run(run)
    return run


def test_only_runs_whose_process_is_gone_are_failed(dead_pid: int) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        started(instance, "lost-run", dead_pid)
        started(instance, "living-run", os.getpid())
        assert fail_orphaned_runs(instance) == ["lost-run"]
        statuses = {r.dagster_run.run_id: r.dagster_run.status.value for r in instance.get_run_records()}
    assert statuses == {"lost-run": "FAILURE", "living-run": "STARTED"}


def test_runs_of_other_machines_are_theirs_to_look_after(dead_pid: int) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        started(instance, "run-here", dead_pid)
        started(instance, "run-elsewhere", dead_pid, "another")
        assert fail_orphaned_runs(instance) == ["run-here"]


def test_a_retry_is_not_taken_for_its_predecessor(dead_pid: int) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        predecessor = started(instance, "predecessor", dead_pid)
        retry = dg.DagsterRun(
            job_name="j", run_id="retry", status=dg.DagsterRunStatus.STARTED, tags=dict(predecessor.tags)
        )
        instance.add_run(retry)
        assert worker_of(retry) is None
        tag_worker(instance, retry)
        tagged = instance.get_run_by_id("retry")
        assert tagged is not None
        worker = worker_of(tagged)
        assert worker is not None
        assert (worker.machine, worker.pid) == (this_machine(), os.getpid())
        assert fail_orphaned_runs(instance) == ["predeces"]


def test_a_process_that_began_later_is_another_one() -> None:
    assert is_alive(os.getpid(), time.time())
    if sys.platform == "linux":
        assert not is_alive(os.getpid(), 0)

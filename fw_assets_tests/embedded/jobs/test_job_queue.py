"""The job queue when workers die: every job is done, and done once."""

from __future__ import annotations

import os
import signal
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from fw_assets.embedded import counts
from fw_assets.embedded.jobs import job_queue
from fw_assets.embedded.jobs.slots import is_held, take_free_slot, take_slot
from fw_assets.embedded.store import documents
from fw_assets.embedded.store.embedded_platform import EmbeddedPlatform
from fw_assets_tests.embedded.conftest import Client, labelled_rows, wait

KIND = "supervisedFineTuningJobs"
AT = f"/v1/accounts/local/{KIND}"


@pytest.fixture
def platform(tmp_path: Path) -> EmbeddedPlatform:
    platform = EmbeddedPlatform(tmp_path)
    with platform.database.write() as connection:
        for id in ("a", "b"):
            documents.insert(connection, KIND, "local", id, {"name": id, "state": "JOB_STATE_CREATING"})
            job_queue.enqueue(connection, KIND, "local", id, platform.clock())
    return platform


def state(platform: EmbeddedPlatform, id: str) -> Any:
    with platform.database.read() as connection:
        return documents.get(connection, KIND, "local", id)["state"]


def test_a_slot_is_held_by_one_until_its_descriptor_closes(tmp_path: Path) -> None:
    descriptor = take_slot(tmp_path, 0)
    assert descriptor is not None
    assert is_held(tmp_path, 0)
    assert take_slot(tmp_path, 0) is None
    os.close(descriptor)
    assert not is_held(tmp_path, 0)


def test_a_job_is_claimed_by_one_worker(platform: EmbeddedPlatform) -> None:
    first, second, third = (job_queue.claim_next(platform, slot) for slot in (0, 1, 2))
    assert first is not None
    assert second is not None
    assert {first.id, second.id} == {"a", "b"}
    assert third is None


def test_new_jobs_are_validated_before_others_are_run(platform: EmbeddedPlatform) -> None:
    first = job_queue.claim_next(platform, 0)
    assert first is not None
    with platform.database.write() as connection:
        job_queue.queue_run(connection, first)
    second = job_queue.claim_next(platform, 0)
    assert second is not None
    assert (second.id, second.stage) == ("b", job_queue.VALIDATE)


def test_the_claim_of_a_dead_worker_is_lost_to_it_for_good(platform: EmbeddedPlatform) -> None:
    descriptor = take_slot(platform.home, 0)
    assert descriptor is not None
    lost = job_queue.claim_next(platform, 0)
    assert lost is not None
    job_queue.requeue_lost(platform)
    job_queue.heartbeat(platform, lost)
    os.close(descriptor)
    job_queue.requeue_lost(platform)
    assert state(platform, lost.id) == "JOB_STATE_PENDING"
    with pytest.raises(job_queue.ClaimLost):
        job_queue.heartbeat(platform, lost)


def test_a_worker_that_hangs_loses_its_claim(platform: EmbeddedPlatform) -> None:
    descriptor = take_slot(platform.home, 0)
    assert descriptor is not None
    lost = job_queue.claim_next(platform, 0)
    assert lost is not None
    clock = platform.clock
    platform.clock = lambda: clock() + job_queue.STALLED_SECONDS + 1
    job_queue.requeue_lost(platform)
    with pytest.raises(job_queue.ClaimLost):
        job_queue.heartbeat(platform, lost)
    os.close(descriptor)


def test_nobody_is_judged_by_heartbeats_that_waited_for_the_database(platform: EmbeddedPlatform) -> None:
    descriptor = take_slot(platform.home, 0)
    assert descriptor is not None
    claim = job_queue.claim_next(platform, 0)
    assert claim is not None
    before = platform.clock()
    after = before + job_queue.STALLED_SECONDS + 1
    times = iter([before])
    platform.clock = lambda: next(times, after)  # the lock was had after so long
    job_queue.requeue_lost(platform)
    with platform.database.write() as connection:
        job_queue.check_claim(connection, claim)
    job_queue.requeue_lost(platform)
    with pytest.raises(job_queue.ClaimLost):
        job_queue.heartbeat(platform, claim)
    os.close(descriptor)


def test_the_next_holder_of_a_slot_queues_its_claimed_job_again(platform: EmbeddedPlatform) -> None:
    held = take_free_slot(platform.home)
    assert held is not None
    slot, descriptor = held
    lost = job_queue.claim_next(platform, slot)
    assert lost is not None
    job_queue.requeue_lost(platform, slot)
    with platform.database.write() as connection, pytest.raises(job_queue.ClaimLost):
        job_queue.check_claim(connection, lost)
    os.close(descriptor)


def test_a_job_that_kills_its_workers_fails_in_the_end(platform: EmbeddedPlatform) -> None:
    for _ in range(job_queue.MAX_ATTEMPTS):
        assert state(platform, "a") != "JOB_STATE_FAILED"
        while job_queue.claim_next(platform, 0) is not None:
            pass
        job_queue.requeue_lost(platform)
    assert state(platform, "a") == "JOB_STATE_FAILED"
    assert job_queue.claim_next(platform, 0) is None


def test_attempts_that_got_further_do_not_count(platform: EmbeddedPlatform) -> None:
    for _ in range(10):
        claim = job_queue.claim_next(platform, 0)
        assert claim is not None
        job_queue.heartbeat(platform, claim, progress=True)
        job_queue.requeue_lost(platform)
        with pytest.raises(job_queue.ClaimLost):
            job_queue.heartbeat(platform, claim, progress=True)
    assert state(platform, "a") != "JOB_STATE_FAILED"


def workers(home: Path) -> list[int]:
    """Process ids of the workers of this home."""
    processes = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"fw_assets.embedded.jobs.worker" in words and str(home.resolve()).encode() in words:
            processes.append(int(path.parent.name))
    return processes


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="finds the worker in /proc")
def test_a_killed_worker_is_replaced_and_leaves_one_model(client: Client) -> None:
    client.dataset("train", labelled_rows(40))
    client.job("j", epochs=12, batchSizeSamples=4)
    wait(lambda: client.get(f"{AT}/j"), lambda job: job["state"] == "JOB_STATE_RUNNING")
    for process in workers(client.home):
        os.kill(process, signal.SIGKILL)
    job = client.finished("j")
    assert job["state"] == "JOB_STATE_COMPLETED", job
    assert counts(client.home)["models"] == 1
    with sqlite3.connect(client.home / "platform.sqlite") as connection:
        assert connection.execute("SELECT count(*) FROM work").fetchone() == (0,)
    connection.close()
    assert [path.name for path in (client.home / "models").iterdir()] == ["j-model"]


def test_workers_leave_when_nothing_is_left(client: Client) -> None:
    client.dataset("train", labelled_rows(1))
    client.job("j", epochs=1)
    client.finished("j")
    wait(lambda: [is_held(client.home, slot) for slot in (0, 1)], lambda held: not any(held))

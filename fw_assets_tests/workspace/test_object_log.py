"""A workspace behind a URL, on an S3-compatible store: nothing is lost and the ceiling holds, without a lock."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Iterator

import fsspec
import polars as pl
import pytest

from fw_assets.classification.cost.ledger import CeilingReached
from fw_assets.classification.plan.plan import Plan
from fw_assets.workspace import contention, object_log
from fw_assets.workspace import lease as leases
from fw_assets.workspace.conditional_put import NoConditionalWrites, put_if_absent
from fw_assets.workspace.contention import Contender
from fw_assets.workspace.frames import row_folder, scan_rows
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.pipeline.budget.fixed_account import CEILING, FixedAccount
from fw_assets_tests.pipeline.object_store import ObjectStore, object_store
from fw_assets_tests.report.workflow import planned

ROOT = "s3://team/work"


@pytest.fixture(scope="module")
def s3() -> Iterator[ObjectStore]:
    with pytest.MonkeyPatch.context() as patch, object_store() as store:
        for name, value in store.environment.items():
            patch.setenv(name, value)
        fsspec.get_filesystem_class("s3").clear_instance_cache()
        yield store


@pytest.fixture
def store(s3: ObjectStore, request: pytest.FixtureRequest) -> Workspace:
    s3.taken()
    return Workspace(f"{ROOT}/{request.node.name}")


def _reserve(root: str, plan: Plan, worker: int, jobs: int) -> None:
    """One machine: opens the ledger again for each job, reserves its price, and pays half of it."""
    for number in range(jobs):
        account = FixedAccount(Workspace(root), "tickets", plan, "none")
        try:
            account.reserve("sweep/m", f"job-{worker}-{number}", 3.0)
        except CeilingReached:
            continue
        account.pay("sweep/m", f"job-{worker}-{number}", 1, "tokens", 1.5)


def test_processes_that_share_nothing_but_the_store_keep_the_ceiling(store: Workspace) -> None:
    plan = planned()[0]
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=_reserve, args=(store.root, plan, number, 4)) for number in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]
    ledger = FixedAccount(store, "tickets", plan, "none").ledger()
    assert ledger.spent + ledger.reserved <= CEILING
    assert ledger.spent > CEILING - 3.0, "as much as is allowed was started"
    assert len({entry.id for entry in ledger.entries}) == len(ledger.entries)


def test_no_line_of_many_writers_is_lost_and_each_sees_those_before_it(store: Workspace) -> None:
    def add(writer: int) -> None:
        for number in range(6):
            log, own = Workspace(store.root).log("tickets", "r.jsonl"), f"{writer} {number}"
            log.append_if(lambda lines, own=own: f"{len(lines)} {own}")  # type: ignore[misc]

    threads = [threading.Thread(target=add, args=(writer,)) for writer in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = list(store.lines("tickets", "r.jsonl"))
    assert [int(line.split()[0]) for line in lines] == list(range(18))
    assert len({line.split(" ", 1)[1] for line in lines}) == 18


def test_a_write_whose_answer_was_lost_is_not_made_twice(store: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """The network repeats a PUT that had arrived: the store then refuses the writer's own name."""
    log = store.log("tickets", "r.jsonl")
    monkeypatch.setattr(
        "fw_assets.workspace.object_log.put_if_absent", lambda fs, path, data: put_if_absent(fs, path, data) and False
    )
    log.append("one")
    assert list(store.lines("tickets", "r.jsonl")) == ["one"]


def test_adding_a_line_reads_no_other(store: Workspace, s3: ObjectStore) -> None:
    log = store.log("tickets", "r.jsonl")
    for number in range(5):
        log.append(str(number))
    s3.taken()
    log.append("5")
    assert s3.taken() == {"LIST": 1, "PUT": 1}
    assert list(log.lines()) == [str(number) for number in range(6)]


def test_a_store_without_conditional_writes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with object_store(conditional=False) as careless:
        for name, value in careless.environment.items():
            monkeypatch.setenv(name, value)
        fsspec.get_filesystem_class("s3").clear_instance_cache()
        with pytest.raises(NoConditionalWrites, match="the store ignored `If-None-Match: \\*`"):
            Workspace("s3://team/careless").append_line("x", "tickets", "r.jsonl")
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    with pytest.raises(NoConditionalWrites, match="use s3:// or gs://"):
        Workspace("http://127.0.0.1:9/work").append_line("x", "tickets", "r.jsonl")


def test_answers_are_stored_many_at_a_time(store: Workspace, s3: ObjectStore) -> None:
    collection = store.collection("tickets", "answers", "a.jsonl")
    for number in range(object_log.SEGMENT_LINES * 2 + 1):
        collection.append(str(number))
    assert s3.taken() == {"PUT": 2}
    collection.flush()
    collection.flush()
    other = store.collection("tickets", "answers", "a.jsonl")
    assert sorted(map(int, other.lines())) == list(range(object_log.SEGMENT_LINES * 2 + 1))
    assert s3.taken() == {"PUT": 1, "LIST": 1, "GET": 3}


def test_a_lone_answer_does_not_wait_for_others(store: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_log, "SEGMENT_SECONDS", 0.1)
    collection = store.collection("tickets", "answers", "a.jsonl")
    collection.append("1")
    end = time.monotonic() + 30
    while not store.names("tickets", "answers") and time.monotonic() < end:
        time.sleep(0.05)
    assert list(store.collection("tickets", "answers", "a.jsonl").lines()) == ["1"]


def test_one_at_a_time_over_machines(store: Workspace, s3: ObjectStore) -> None:
    entered: list[str] = []

    def work(name: str) -> None:
        with Workspace(store.root).exclusive("tickets", "run"):
            entered.extend([name, name])

    with store.exclusive("tickets", "run"):
        s3.taken()
        threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 30
        while s3.requests["LIST"] < 2 * len(threads) and time.monotonic() < deadline:
            time.sleep(0.05)  # until both have looked, and looked again
        assert s3.requests["LIST"] >= 2 * len(threads)
        assert entered == []
    for thread in threads:
        thread.join()
    assert sorted(entered) == ["a", "a", "b", "b"]
    assert entered[0] == entered[1]


def test_the_lease_of_a_machine_that_is_gone_is_taken_over(store: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "LEASE_TIMEOUT_SECONDS", 1.0)
    store.write_text("someone new\n", "tickets", ".run.lease", "00000001")
    with store.exclusive("tickets", "run"):
        assert store.names("tickets", ".run.lease") == ["00000001", "00000002"]


def test_who_waits_for_a_lease_is_told_for_whom(store: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contention, "FIRST_NOTICE_SECONDS", 0.0)
    told: list[str] = []
    waiting, waits = threading.Event(), []

    def on_wait(holder: str) -> None:
        told.append(holder)
        waiting.set()

    def work() -> None:
        with Workspace(store.root).exclusive("tickets", ".locks", "plan", contender=Contender("b", on_wait)) as waited:
            waits.append(waited)

    with store.exclusive("tickets", ".locks", "plan", contender=Contender("a (pid 1 on one)", told.append)) as waited:
        waits.append(waited)
        thread = threading.Thread(target=work)
        thread.start()
        assert waiting.wait(30)
    thread.join()
    assert (told, waits) == (["a (pid 1 on one)"], [False, True])


def test_the_lease_of_a_version_that_wrote_no_name_is_waited_for(
    store: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contention, "FIRST_NOTICE_SECONDS", 0.0)
    monkeypatch.setattr(leases, "LEASE_TIMEOUT_SECONDS", 1.0)
    told: list[str] = []
    store.write_text("0123 7\n", "tickets", ".run.lease", "00000001")
    with store.exclusive("tickets", "run", contender=Contender("me", told.append)) as waited:
        assert waited
    assert told == [contention.UNKNOWN_HOLDER]


def test_rows_pass_through_this_machine(store: Workspace) -> None:
    frame = pl.DataFrame({"source": ["train", "train"], "row": [1, 2], "text": ["a", "b"]})
    for rows in (frame, frame.head(1)):
        with row_folder(store, "tickets", "rows") as folder:
            rows.write_parquet(folder / "part.parquet")
        with scan_rows(store, "tickets", "rows") as stored:
            assert stored.collect().equals(rows)
    with pytest.raises(FileNotFoundError), scan_rows(store, "nothing", "rows"):
        pass

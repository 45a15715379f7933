"""Two drivers on one step: the second waits, says for whom, and does not do again what the first has done."""

from __future__ import annotations

import json
import multiprocessing
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest

from fw_assets.code_location import CODE_LOCATION
from fw_assets.definitions import defs
from fw_assets.pipeline.partitions import partition_key
from fw_assets.pipeline.phases import Step, due
from fw_assets.pipeline.run_tags import PHASE
from fw_assets.pipeline.runner.instance import open_instance
from fw_assets.pipeline.runner.process_pool import ProcessPool
from fw_assets.pipeline.runner.worker import materialize
from fw_assets.workspace import contention
from fw_assets.workspace.contention import Contender
from fw_assets.workspace.predictions import prediction_path
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.project import Project

PATIENCE_SECONDS = 120.0
DELAY = {"delay": 0.5, "paths": "/chat/completions"}
"""So that an evaluation of some sixty requests takes seconds."""


def eventually(condition: Callable[[], bool]) -> bool:
    """Whether a condition comes true before a deadline."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A dataset whose plan is approved for the daemon, to be copied."""
    project = Project(tmp_path_factory.mktemp("planned"))
    assert project.run("plan", str(project.data), "--model", "char-ngram", "--benchmark-only").returncode == 0
    assert project.approve("--by", "ann", "--driver", "daemon").returncode == 0
    return project


@pytest.fixture
def approved(here: Project, planned: Project) -> Workspace:
    """A copy of it, on a platform that takes its time to answer."""
    planned.copied(here.folder)
    (here.workspace / ".platform" / "faults.json").write_text(json.dumps(DELAY), "utf-8")
    return Workspace(str(here.workspace))


def base_metrics(store: Workspace) -> Step:
    return next(step for step in due(store, "tickets", None).steps if step.model)


def at_work(store: Workspace) -> ProcessPool:
    """A driver with a process that materializes the base model's metrics."""
    pool = ProcessPool(store.root, CODE_LOCATION)
    pool.submit(base_metrics(store), None)
    return pool


def kept(store: Workspace) -> Counter[str]:
    """How often each answer is stored, by its file and key."""
    names = store.names("tickets", "answers")
    return Counter(
        f"{name} {json.loads(line)['key']}" for name in names for line in store.lines("tickets", "answers", name)
    )


def evaluation_payments(store: Workspace) -> list[str]:
    (path,) = Path(store.root, "tickets", "ledger").glob("*.jsonl")
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return [kind for kind, body, *_ in lines if body["key"].startswith("base-evaluation/")]


def waits(store: Workspace) -> list[str]:
    """What the runs' logs say of waiting."""
    with open_instance(store.root) as instance:
        events = [event for run in instance.get_runs() for event in instance.all_logs(run.run_id)]
    return [event.user_message for event in events if event.user_message.endswith("; waiting")]


def test_a_command_that_takes_over_asks_nothing_again(here: Project, approved: Workspace) -> None:
    with at_work(approved) as daemon:
        assert eventually(lambda: len(kept(approved)) > 10)
        done = here.run("run", "tickets", "--approve", "--yes")
        assert done.returncode == 0, done.stderr
        assert daemon.wait() == []
    assert set(kept(approved).values()) == {1}
    assert here.platform()["inference_requests"] == len(kept(approved))


def test_what_another_made_meanwhile_is_not_made_again(here: Project, approved: Workspace) -> None:
    with at_work(approved) as first, at_work(approved) as second:
        assert first.wait() == second.wait() == []
    assert set(kept(approved).values()) == {1}
    assert here.platform()["inference_requests"] == len(kept(approved))
    assert evaluation_payments(approved) == ["promised", "paid"]
    (notice,) = set(waits(approved))
    assert notice.startswith("base_metrics of tickets with char-ngram is being done by the command line (pid ")
    with open_instance(approved.root) as instance:
        runs = [run for run in instance.get_runs() if run.tags.get(PHASE) == "base_metrics"]
        assert [run.status for run in runs] == [dg.DagsterRunStatus.SUCCESS] * 2
        made = instance.fetch_materializations(dg.AssetKey("base_metrics"), limit=10).records
    assert len({record.asset_materialization.tags["dagster/data_version"] for record in made}) == 1  # type: ignore[index, union-attr]
    assert len(made) == 2, "the second run too shows what was made"


def test_a_holder_that_is_killed_is_not_waited_for(here: Project, approved: Workspace) -> None:
    with at_work(approved) as first:
        assert eventually(lambda: len(kept(approved)) > 10)
        (process,) = multiprocessing.active_children()
        with at_work(approved) as second:
            process.kill()
            (error,) = first.wait()
            assert "was ended by SIGKILL" in str(error)
            assert second.wait() == []
    assert set(kept(approved).values()) == {1}
    assert evaluation_payments(approved) == ["promised", "paid"]


def test_a_person_may_have_a_step_done_again(approved: Workspace) -> None:
    (Path(approved.root) / ".platform" / "faults.json").unlink()
    step = base_metrics(approved)
    materialize(approved.root, CODE_LOCATION, step, None)
    predictions = approved.local(*prediction_path("tickets", "char-ngram", "base", "test"))
    predictions.unlink()
    with open_instance(approved.root) as instance:
        defs.resolve_job_def("evaluate_base_model").execute_in_process(
            instance=instance,
            asset_selection=[dg.AssetKey("base_metrics")],
            partition_key=partition_key("tickets", "char-ngram"),
        )
    assert predictions.exists()
    assert set(kept(approved).values()) == {1}


def test_a_second_command_on_a_dataset_says_for_whom_it_waits(here: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contention, "FIRST_NOTICE_SECONDS", 0.0)
    store, held = Workspace(str(here.workspace)), threading.Event()

    def hold() -> None:
        with store.exclusive("tickets", "run", contender=Contender("the first (pid 7 on host, since 12:01)", print)):
            held.set()
            time.sleep(1)

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(PATIENCE_SECONDS)
    second = here.run("plan", str(here.data), "--model", "char-ngram", "--json")
    thread.join()
    assert second.returncode == 0
    assert json.loads(second.stdout)["dataset"] == "tickets"
    notice = "tickets is being worked on by the first (pid 7 on host, since 12:01); waiting\n"
    assert second.stderr.count(notice) == 1

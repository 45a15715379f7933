"""Work that is interrupted, on models of each kind: taken up again, to the same end, by whichever process there is."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from fw_assets.embedded.jobs import job_queue, worker, worker_processes
from fw_assets.embedded.jobs.job_queue import ClaimLost, JobClaim
from fw_assets.embedded.store import database, faults
from fw_assets.embedded.store.embedded_platform import EmbeddedPlatform
from fw_assets_tests.embedded.conftest import TEXTS, Client, grammar, labelled_rows, wait
from fw_assets_tests.embedded.jobs.test_job_queue import workers

JOBS, BATCHES = "/v1/accounts/local/supervisedFineTuningJobs", "/v1/accounts/local/batchInferenceJobs"
MODELS, DEPLOYMENTS = "/v1/accounts/local/models", "/v1/accounts/local/deployments"
CHAT = "/inference/v1/chat/completions"
SECONDS = 600.0
"""For jobs, each in a process that may import torch, on a machine that does other things as well."""
ROWS = 100
FILES = ("model.safetensors", "adapter_model.safetensors", "head.safetensors", "manifest.json")
one_kind = pytest.mark.parametrize("base", ["char-ngram"], indirect=True)
"""For what a deletion takes away, whichever engine the worker runs."""
pytestmark = pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="finds the worker in /proc")


@pytest.fixture(scope="module")
def grid(base: str) -> dict[str, Any]:
    return {"baseModel": base, "loraRank": 4, "learningRate": 0.01, "epochs": 4, "batchSizeSamples": 8}


@pytest.fixture(scope="module")
def shared(served_client: Client, grid: dict[str, Any]) -> Iterator[Client]:
    """A platform with a dataset, and a model that nobody disturbed."""
    served_client.dataset("train", labelled_rows(6))
    served_client.job("whole", **grid)
    completed(served_client, "whole")
    yield served_client
    ended(served_client)


def completed(client: Client, id: str, collection: str = "supervisedFineTuningJobs") -> Any:
    job = client.finished(id, collection, SECONDS)
    assert job["state"] == "JOB_STATE_COMPLETED", job
    return job


@contextmanager
def stopped_in_the_middle(client: Client, create: Callable[[], Any], path: str, sign: str) -> Iterator[list[int]]:
    """A job that is created, and whose worker stands still until the block ends, before it has told of its results.

    Args:
        sign: pattern of the files by which it can be told that the worker has begun to write results.
    """
    (client.home / faults.FILE).write_text('{"stall": 2}', "utf-8")
    create()
    wait(lambda: client.get(path), lambda job: job["state"] == "JOB_STATE_RUNNING", SECONDS)
    with closing(sqlite3.connect(client.home / "platform.sqlite", timeout=30)) as connection:
        # The worker reports and publishes in transactions, and waits for this one.
        connection.execute("BEGIN IMMEDIATE")
        (client.home / faults.FILE).unlink()
        wait(lambda: list(client.home.glob(sign)), bool, SECONDS)
        time.sleep(0.5)
        stopped = workers(client.home)
        assert stopped
        for process in stopped:
            os.kill(process, signal.SIGSTOP)
        # One that is not scheduled would end its system call first, and might keep this lock in its sleep.
        wait(lambda: all(map(stands_still, stopped)), bool, SECONDS)
    try:
        yield stopped
    finally:
        for process in stopped:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)


def stands_still(process: int) -> bool:
    """Whether all threads of a process are stopped (`T` in proc_pid_stat(5))."""
    try:
        threads = [path.read_text("utf-8") for path in Path(f"/proc/{process}/task").glob("*/stat")]
    except (FileNotFoundError, ProcessLookupError):
        return False  # a thread that ended meanwhile
    return all(thread.rpartition(")")[2].split()[0] == "T" for thread in threads)


def ended(client: Client) -> None:
    wait(lambda: workers(client.home), lambda found: not found, SECONDS)


def files(client: Client, id: str) -> dict[str, bytes]:
    folder = client.home / "models" / f"{id}-model"
    return {name: (folder / name).read_bytes() for name in FILES if (folder / name).exists()}


def requests(count: int) -> list[dict[str, Any]]:
    texts = [text for own in TEXTS.values() for text in own]
    return [
        {"custom_id": str(n), "body": {"messages": [{"role": "user", "content": f"{texts[n % len(texts)]} {n}"}]}}
        for n in range(count)
    ]


def batch(client: Client, id: str, model: str) -> Any:
    client.dataset(f"{id}-in", requests(ROWS))
    body = {
        "model": model,
        "inputDatasetId": f"accounts/local/datasets/{id}-in",
        "outputDatasetId": f"accounts/local/datasets/{id}-out",
        "inferenceParameters": {"extraBody": json.dumps({"response_format": grammar(*TEXTS)})},
    }
    return client.post(f"{BATCHES}?batchInferenceJobId={id}", body)


def deploy(client: Client, id: str, model: str) -> str:
    client.post(f"{DEPLOYMENTS}?deploymentId={id}", {"baseModel": model, "deploymentShape": "default"})
    wait(lambda: client.get(f"{DEPLOYMENTS}/{id}"), lambda deployment: deployment["state"] == "READY")
    return f"{model}#accounts/local/deployments/{id}"


def question(model: str) -> dict[str, Any]:
    messages = [{"role": "user", "content": "refund my invoice please"}]
    return {"model": model, "messages": messages, "response_format": grammar(*TEXTS), "logprobs": True}


def test_a_batch_job_whose_worker_is_killed_answers_each_row_once(shared: Client) -> None:
    create = partial(batch, shared, "killed", "accounts/local/models/whole-model")
    sign = "datasets/.killed-out.*/results.jsonl"
    with stopped_in_the_middle(shared, create, f"{BATCHES}/killed", sign) as processes:
        for process in processes:
            os.kill(process, signal.SIGKILL)
    job = completed(shared, "killed", "batchInferenceJobs")
    assert job["jobProgress"]["successfullyProcessedRequests"] == ROWS
    lines = (shared.home / "datasets" / "killed-out" / "results.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["custom_id"] for line in lines] == [str(n) for n in range(ROWS)]
    assert not list(shared.home.glob("datasets/.*-out.*"))


@one_kind
def test_a_batch_job_that_is_deleted_in_the_middle_leaves_no_output(shared: Client) -> None:
    create = partial(batch, shared, "gone", "accounts/local/models/whole-model")
    with stopped_in_the_middle(shared, create, f"{BATCHES}/gone", "datasets/.gone-out.*/results.jsonl"):
        shared.call("DELETE", f"{BATCHES}/gone")
    ended(shared)
    assert not list(shared.home.rglob("*gone-out*"))


def test_a_job_that_is_cancelled_in_the_middle_and_resumed_ends_as_one_that_was_not(
    shared: Client, grid: dict[str, Any]
) -> None:
    create, folder = partial(shared.job, "cancelled", **grid), "jobs/supervisedFineTuningJobs"
    with stopped_in_the_middle(shared, create, f"{JOBS}/cancelled", f"{folder}/cancelled/metrics.jsonl"):
        shared.post(f"{JOBS}/cancelled:cancel", {})
        assert shared.get(f"{JOBS}/cancelled")["state"] == "JOB_STATE_CANCELLED"
        shared.get(f"{MODELS}/cancelled-model", status=404)
        shared.post(f"{JOBS}/cancelled:resume", {})
    completed(shared, "cancelled")
    assert files(shared, "cancelled") == files(shared, "whole")
    assert len(files(shared, "cancelled")) > 1
    metrics = [(shared.home / folder / id / "metrics.jsonl").read_bytes() for id in ("cancelled", "whole")]
    assert metrics[0] == metrics[1]


@one_kind
def test_a_job_that_is_deleted_in_the_middle_leaves_nothing(shared: Client, grid: dict[str, Any]) -> None:
    create, sign = partial(shared.job, "deleted", **grid), "jobs/supervisedFineTuningJobs/deleted/metrics.jsonl"
    with stopped_in_the_middle(shared, create, f"{JOBS}/deleted", sign):
        shared.call("DELETE", f"{JOBS}/deleted")
    ended(shared)
    shared.get(f"{JOBS}/deleted", status=404)
    shared.get(f"{MODELS}/deleted-model", status=404)
    assert not list(shared.home.rglob("*deleted*"))


def test_what_a_worker_writes_after_its_job_was_deleted_is_removed(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_processes, "_start_worker", lambda platform: False)
    kept = []

    def write(platform: EmbeddedPlatform, claim: JobClaim) -> None:
        folder = platform.job_folder("supervisedFineTuningJobs", claim.id)
        if claim.id == "deleted":
            client.call("DELETE", f"{JOBS}/deleted")
        else:
            client.post(f"{JOBS}/{claim.id}:cancel", {})
        (folder / "readouts").mkdir(parents=True)
        (folder / "readouts" / "checkpoint.safetensors").write_bytes(b"states")
        kept.append(folder)
        raise ClaimLost

    for stage in (job_queue.VALIDATE, job_queue.RUN):
        monkeypatch.setitem(worker._STAGES, ("supervisedFineTuningJobs", stage), write)
    client.dataset("train", labelled_rows(1))
    for id in ("deleted", "cancelled"):
        client.job(id)
        worker.main(["--home", str(client.home)])
    assert [folder.exists() for folder in kept] == [False, True]


def test_a_lock_that_outlasts_the_timeout_holds_a_job_up_and_begins_it_not_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 50)
    monkeypatch.setattr(worker_processes, "_start_worker", lambda platform: False)
    client, begun = Client(tmp_path / "platform"), []

    def locked(stage: int, platform: EmbeddedPlatform, claim: JobClaim) -> None:
        begun.append((stage, claim.attempts))
        with closing(sqlite3.connect(platform.database.path, isolation_level=None, check_same_thread=False)) as other:
            other.execute("BEGIN IMMEDIATE")
            unlocked = threading.Timer(0.5, other.execute, ["ROLLBACK"])
            unlocked.start()
            stages[stage](platform, claim)
            unlocked.join()

    stages = {stage: worker._STAGES["supervisedFineTuningJobs", stage] for stage in (job_queue.VALIDATE, job_queue.RUN)}
    for stage in stages:
        monkeypatch.setitem(worker._STAGES, ("supervisedFineTuningJobs", stage), partial(locked, stage))
    client.dataset("train", labelled_rows(1))
    client.job("j", epochs=1)
    worker.main(["--home", str(client.home)])
    assert begun == [(job_queue.VALIDATE, 1), (job_queue.RUN, 1)]
    assert client.get(f"{JOBS}/j")["state"] == "JOB_STATE_COMPLETED"
    told = capfd.readouterr().err
    assert f"{client.home}/platform.sqlite has been locked by another process for 0.05 s; this worker waits" in told
    assert "Traceback" not in told


def test_a_model_in_use_is_kept_and_one_that_is_deleted_answers_no_more(shared: Client, url: str) -> None:
    """Through two processes at one folder, of which each learns what the other did."""
    name = "accounts/local/models/whole-model"
    model = deploy(shared, "used", name)
    answers = [answer(shared, url, model, by_http) for by_http in (False, True)]
    assert answers[0] == answers[1]
    refused = shared.send("DELETE", f"/v1/{name}")
    assert refused.status_code == 400
    assert "used" in refused.text
    shared.call("DELETE", f"{DEPLOYMENTS}/used?ignoreChecks=true")
    for by_http in (False, True):
        gone = wait(partial(answer, shared, url, model, by_http), lambda found: found[0] == 404, 10)
        assert gone == (404, None)


def answer(client: Client, url: str, model: str, by_http: bool) -> Any:
    if by_http:
        headers = {"Authorization": f"Bearer {client.key}"}
        response = httpx.post(f"{url}{CHAT}", json=question(model), headers=headers, timeout=SECONDS)
    else:
        response = client.send("POST", CHAT, question(model))
    return response.status_code, response.json().get("choices")


@pytest.fixture(scope="module")
def url(served_url: str) -> str:
    return served_url

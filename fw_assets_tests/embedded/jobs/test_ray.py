"""Jobs on a Ray cluster of local processes: the same results as here, whatever becomes of a node."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from fw_assets_tests.embedded.conftest import Client, deploy, grammar, labelled_rows, wait
from fw_assets_tests.embedded.ray_nodes import RayNodes, ray_nodes

pytestmark = [
    pytest.mark.skipif(find_spec("ray") is None, reason="pip install '.[ray]'"),
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds the processes of nodes in /proc"),
]

AT = "/v1/accounts/local/supervisedFineTuningJobs"
LONG = {"epochs": 30, "batchSizeSamples": 1}


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayNodes]:
    with ray_nodes(workers=2) as nodes:
        yield nodes


@pytest.fixture(autouse=True)
def _python_path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "cluster" in request.fixturenames:
        monkeypatch.setenv("PYTHONPATH", request.getfixturevalue("cluster").python_path)


def log(client: Client) -> str:
    return "".join(path.read_text("utf-8") for path in (client.home / "workers").glob("*.log"))


def under_way(client: Client, id: str) -> Any:
    """The job, in the middle of its training on a node."""
    job = wait(lambda: client.get(f"{AT}/{id}"), lambda job: job["jobProgress"]["percent"] > 0)
    assert job["state"] == "JOB_STATE_RUNNING", job["status"]
    assert job["jobProgress"]["percent"] < 90
    return job


def test_a_job_whose_node_is_killed_ends_as_on_this_machine(
    client: Client, cluster: RayNodes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FW_RAY_ADDRESS", cluster.address)
    client.dataset("train", labelled_rows(20))
    client.job("j", **LONG)
    message = under_way(client, "j")["status"]["message"]
    assert message.startswith("attempt 1, on the Ray node")
    (node_id,) = message.rpartition("(")[2].rstrip(")").split()
    node = cluster.holding("ray::j")
    assert any(f"--node-id={node_id}" in command or f"--node_id={node_id}" in command for command in node.commands)
    node.kill()
    job = client.finished("j")
    assert job["state"] == "JOB_STATE_COMPLETED", job["status"]
    assert job["status"]["message"].startswith("attempt 2, on the Ray node")
    assert node_id not in job["status"]["message"]
    # What tasks print comes by way of the cluster, a little later.
    wait(lambda: log(client), lambda text: "attempt 2 of the training" in text)

    monkeypatch.delenv("FW_RAY_ADDRESS")
    here = Client(tmp_path / "here")
    here.dataset("train", labelled_rows(20))
    here.job("j", **LONG)
    assert here.finished("j")["state"] == "JOB_STATE_COMPLETED"
    for folder in ("models/j-model", "jobs/supervisedFineTuningJobs/j"):
        files = {path.name: path.read_bytes() for path in (here.home / folder).iterdir()}
        assert {path.name: path.read_bytes() for path in (client.home / folder).iterdir()} == files


def test_a_cancelled_job_ends_its_task(client: Client, cluster: RayNodes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FW_RAY_ADDRESS", cluster.address)
    client.dataset("train", labelled_rows(20))
    client.job("cancelled", **LONG)
    under_way(client, "cancelled")
    node = cluster.holding("ray::cancelled")
    client.post(f"{AT}/cancelled:cancel", {})
    wait(lambda: node.commands, lambda commands: not any("ray::cancelled" in command for command in commands))
    assert client.get(f"{AT}/cancelled")["state"] == "JOB_STATE_CANCELLED"


def test_a_client_whose_server_ends_connects_again(
    client: Client, cluster: RayNodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(client, lambda label: label)
    bodies = [{"messages": [{"role": "user", "content": "refund"}]}]
    client.dataset("rows", [{"custom_id": str(index), "body": body} for index, body in enumerate(bodies)])
    monkeypatch.setenv("FW_RAY_ADDRESS", cluster.client_address)
    body = {
        "model": "accounts/local/models/j-model",
        "inputDatasetId": "accounts/local/datasets/rows",
        "outputDatasetId": "accounts/local/datasets/answers",
    }
    client.post("/v1/accounts/local/batchInferenceJobs?batchInferenceJobId=b", body)
    os.kill(wait(lambda: cluster.holding("gcs_server").running("--mode=specific-server"), bool)[0], signal.SIGKILL)
    job = client.finished("b", "batchInferenceJobs")
    assert job["state"] == "JOB_STATE_COMPLETED", job["status"]
    assert f"connects to the Ray cluster at {cluster.client_address} again: " in log(client)


def test_a_batch_job_of_a_client_is_answered_as_on_this_machine(
    client: Client, cluster: RayNodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(client, lambda label: label)
    texts = [row["messages"][0]["content"] for row in labelled_rows(50)]
    constraint = {"response_format": grammar("billing", "technical", "sales"), "logprobs": True, "top_logprobs": 3}
    bodies = [{"messages": [{"role": "user", "content": text}], **constraint} for text in texts]
    bodies[7] = {"messages": []}
    client.dataset("rows", [{"custom_id": str(index), "body": body} for index, body in enumerate(bodies)])
    outputs = []
    for id in ("here", "there"):
        body = {
            "model": "accounts/local/models/j-model",
            "inputDatasetId": "accounts/local/datasets/rows",
            "outputDatasetId": f"accounts/local/datasets/{id}",
        }
        client.post(f"/v1/accounts/local/batchInferenceJobs?batchInferenceJobId={id}", body)
        job = client.finished(id, "batchInferenceJobs")
        assert job["state"] == "JOB_STATE_COMPLETED", job["status"]
        assert job["jobProgress"]["successfullyProcessedRequests"] == len(texts) - 1
        folder = client.home / "datasets" / id
        results = [json.loads(line) for line in (folder / "results.jsonl").read_text("utf-8").splitlines()]
        for result in results:
            del result["response"]["id"], result["response"]["created"]
        outputs.append((results, (folder / "errors.jsonl").read_text("utf-8")))
        monkeypatch.setenv("FW_RAY_ADDRESS", cluster.client_address)
    assert outputs[0] == outputs[1]
    assert "attempt" not in log(client)

"""Files of the platform that were damaged on its disk: made again where they can be, and never served as good."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fw_assets_tests.embedded.conftest import Client, labelled_rows, wait

AT = "/v1/accounts/local/supervisedFineTuningJobs/j"
MODEL, METRICS = "models/j-model", "jobs/supervisedFineTuningJobs/j"


def flip(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :])


def half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.fixture
def trained(client: Client) -> Client:
    client.dataset("train", labelled_rows(3))
    client.job("j", epochs=4, learningRate=0.03)
    assert client.finished("j")["state"] == "JOB_STATE_COMPLETED"
    return client


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        (f"{MODEL}/model.safetensors", flip),
        (f"{MODEL}/model.safetensors", Path.unlink),
        (f"{MODEL}/manifest.json", half),
        (f"{METRICS}/metrics.jsonl", flip),
        (f"{METRICS}/metrics.jsonl", Path.unlink),
    ],
)
def test_a_job_whose_result_is_damaged_runs_again_to_the_same_result(
    trained: Client, file: str, damage: Callable[[Path], None]
) -> None:
    path = trained.home / file
    whole = path.read_bytes()
    damage(path)
    job = trained.get(AT)
    assert job["state"] != "JOB_STATE_COMPLETED"
    assert str(path) in job["status"]["message"]
    assert trained.finished("j")["state"] == "JOB_STATE_COMPLETED"
    assert path.read_bytes() == whole


def test_a_damaged_model_does_not_answer_until_it_is_trained_again(trained: Client) -> None:
    deployment = {"baseModel": "accounts/local/models/j-model", "acceleratorType": "NVIDIA_H100_80GB"}
    trained.post("/v1/accounts/local/deployments?deploymentId=d", deployment)
    body = {
        "model": "accounts/local/models/j-model#accounts/local/deployments/d",
        "messages": [{"role": "user", "content": "the app crashes"}],
    }
    chat = "/inference/v1/chat/completions"
    first = wait(lambda: trained.send("POST", chat, body), lambda response: response.status_code == 200).json()
    path = trained.home / MODEL / "model.safetensors"
    flip(path)
    path.parent.rename(path.parent.with_name("moved"))  # a model in memory is told apart by its folder
    path.parent.with_name("moved").rename(path.parent)
    path.parent.touch()
    refused = trained.send("POST", chat, body)
    assert refused.status_code == 503
    assert f"{path}: damaged or missing; it is trained again" in refused.text
    again = wait(lambda: trained.send("POST", chat, body), lambda response: response.status_code == 200).json()
    assert again["choices"] == first["choices"]


def test_a_model_that_was_deleted_is_not_trained_again(trained: Client) -> None:
    trained.call("DELETE", "/v1/accounts/local/models/j-model")
    assert trained.get(AT)["state"] == "JOB_STATE_COMPLETED"


def test_a_damaged_dataset_is_to_be_uploaded_again(client: Client) -> None:
    client.dataset("train", labelled_rows(3))
    flip(client.home / "datasets" / "train" / "data.jsonl")
    refused = client.send(
        "POST",
        "/v1/accounts/local/supervisedFineTuningJobs?supervisedFineTuningJobId=j",
        {
            "dataset": "accounts/local/datasets/train",
            "baseModel": "accounts/fireworks/models/char-ngram",
            "outputModel": "accounts/local/models/m",
        },
    )
    assert refused.status_code == 400
    assert "accounts/local/datasets/train was damaged and has been removed; upload it again" in refused.text
    assert client.get("/v1/accounts/local/datasets/train")["state"] == "UPLOADING"

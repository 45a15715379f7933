"""Fine-tuning jobs over the API: what is refused, what a finished job leaves, cancel and resume."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from fw_assets.embedded import counts
from fw_assets_tests.embedded.conftest import Client, labelled_rows, row

AT = "/v1/accounts/local/supervisedFineTuningJobs"
BODY = {"dataset": "accounts/local/datasets/train", "baseModel": "accounts/fireworks/models/char-ngram"}


@pytest.mark.parametrize(
    ("change", "status", "code", "message"),
    [
        ({"loraRank": 12}, 400, 3, "power of two"),
        ({"loraRank": 128}, 400, 3, "power of two"),
        ({"epochs": -1}, 400, 3, "epochs"),
        ({"thresholds": "each"}, 400, 3, "per-label, shared, macro-f1"),
        ({"epochs": 1_000_000}, 400, 3, "3,000,000"),
        ({"learningRate": "fast"}, 400, 3, "learningRate"),
        ({"batchSize": 8}, 400, 3, "no longer supported"),
        ({"gradientAccumulationSteps": 2}, 400, 3, "no longer supported"),
        ({"lrScheduler": {"wavy": {}}}, 400, 3, "lrScheduler"),
        ({"lrScheduler": {"linear": {"minLrRatio": 2}}}, 400, 3, "minLrRatio"),
        ({"lrScheduler": {"linear": 0.5}}, 400, 3, "expected an object"),
        ({"learningRateWarmupSteps": -1}, 400, 3, "learningRateWarmupSteps"),
        ({"learningRateWarmupSteps": 1.5}, 400, 3, "learningRateWarmupSteps"),
        ({"optimizerWeightDecay": -0.1}, 400, 3, "expected a number from 0 up"),
        ({"optimizerWeightDecay": True}, 400, 3, "expected a number from 0 up"),
        ({"optimizerWeightDecay": 0.1}, 400, 3, "char-ngram is trained without weight decay: leave it out"),
        ({"supervisedFineTuningJob": {}}, 400, 3, "flat"),
        ({"warmStartFrom": "accounts/local/models/m"}, 400, 3, "exactly one of baseModel and warmStartFrom"),
        ({"warmStartFrom": "accounts/local/models/m", "baseModel": ""}, 404, 5, "accounts/local/models/m"),
        ({"warmStartFrom": BODY["baseModel"], "baseModel": ""}, 400, 3, "no adapter"),
        ({"dataset": "train"}, 400, 3, "accounts/ACCOUNT/datasets/ID"),
        ({"dataset": "accounts/local/datasets/none"}, 404, 5, "none"),
        ({"evaluationDataset": "accounts/local/datasets/none"}, 404, 5, "none"),
        ({"baseModel": "accounts/fireworks/models/none"}, 404, 5, "none"),
        ({"baseModel": ""}, 400, 3, "baseModel"),
        ({"outputModel": "mine"}, 400, 3, "outputModel"),
        ({"displayName": "x" * 64}, 400, 3, "64"),
    ],
)
def test_a_wrong_body_is_refused(client: Client, change: dict[str, Any], status: int, code: int, message: str) -> None:
    client.dataset("train", labelled_rows(1))
    refusal = client.post(f"{AT}?supervisedFineTuningJobId=j", BODY | change, status=status)
    assert refusal["code"] == code
    assert message in refusal["message"]
    assert counts(client.home)["supervisedFineTuningJobs"] == 0


def test_a_dataset_that_is_not_ready_is_refused(client: Client) -> None:
    client.post(
        "/v1/accounts/local/datasets",
        {"datasetId": "train", "dataset": {"exampleCount": 3, "userUploaded": {}}},
    )
    assert client.post(AT, BODY, status=400)["code"] == 9


@pytest.mark.parametrize(
    ("fields", "told", "rates"),
    [
        ({}, {"lrScheduler": {"linear": {}}}, [1.0, 0.75, 0.5, 0.25]),
        (
            {"lrScheduler": {"constant": {}}},
            {"lrScheduler": {"constant": {}}, "learningRateWarmupSteps": 0},
            [1.0, 1.0, 1.0, 1.0],
        ),
        (
            {"lrScheduler": {"cosine": {"minLrRatio": 0.5}}, "learningRateWarmupSteps": 2},
            {"lrScheduler": {"cosine": {"minLrRatio": 0.5}}, "learningRateWarmupSteps": 2},
            [0.5, 1.0, 0.875, 0.625],
        ),
    ],
)
def test_the_schedule_of_the_learning_rate_is_what_the_job_says(
    client: Client, fields: dict[str, Any], told: dict[str, Any], rates: list[float]
) -> None:
    client.dataset("train", labelled_rows())
    job = client.job("j", epochs=4, learningRate=0.5, batchSizeSamples=1000, **fields)
    assert {name: job[name] for name in ("lrScheduler", "learningRateWarmupSteps") if name in job} == told
    url = client.finished("j")["metricsFileSignedUrl"]
    records = [json.loads(line) for line in client.send("GET", url, headers={}).text.splitlines()]
    steps = [record["train/lr"] for record in records if "train/lr" in record]
    assert steps == pytest.approx([0.5 * rate for rate in rates])


def test_a_job_becomes_one_model(client: Client) -> None:
    client.dataset("train", labelled_rows())
    created = client.job("j", evalAutoCarveout=False)
    assert created["state"] == "JOB_STATE_CREATING"
    assert created["outputModel"] == "accounts/local/models/j-model"
    assert created["estimatedCost"] == {"currencyCode": "USD", "units": "0", "nanos": 0}
    job = client.finished("j")
    assert job["state"] == "JOB_STATE_COMPLETED", job
    assert job["jobProgress"]["percent"] == 100
    model = client.get("/v1/accounts/local/models/j-model")
    assert (model["kind"], model["state"], model["fineTuningJob"]) == ("HF_PEFT_ADDON", "READY", job["name"])
    assert model["peftDetails"]["r"] == job["loraRank"] == 8
    assert counts(client.home)["models"] == 1


def losses(client: Client, id: str) -> list[float]:
    """The evaluation losses of a finished job, after each epoch."""
    job = client.finished(id)
    assert job["state"] == "JOB_STATE_COMPLETED", job
    lines = client.send("GET", job["metricsFileSignedUrl"], headers={}).text.splitlines()
    return [record["eval/loss"] for record in map(json.loads, lines) if "eval/loss" in record]


def test_a_job_continues_an_adapter(client: Client) -> None:
    client.dataset("train", labelled_rows())
    client.dataset("eval", labelled_rows(1))
    evaluation = {"evaluationDataset": "accounts/local/datasets/eval"}
    client.job("first", epochs=3, loraRank=16, **evaluation)
    before = losses(client, "first")
    adapter = "accounts/local/models/first-model"
    body = {"dataset": BODY["dataset"], "warmStartFrom": adapter, **evaluation}
    refusal = client.post(AT, body | {"loraRank": 8}, status=400)
    assert "has rank 16, and keeps it" in refusal["message"]
    refusal = client.post(AT, BODY | {"baseModel": adapter}, status=400)
    assert "name it as warmStartFrom" in refusal["message"]
    job = client.post(f"{AT}?supervisedFineTuningJobId=second", body | {"epochs": 2})
    assert (job["warmStartFrom"], job["baseModel"], job["loraRank"]) == (adapter, BODY["baseModel"], 16)
    after = losses(client, "second")
    assert after[0] < before[0], "its first epoch goes on where the adapter ended"
    assert min(after) < before[-1]
    model = client.get("/v1/accounts/local/models/second")
    assert model["peftDetails"] == {
        "baseModel": BODY["baseModel"],
        "r": 16,
        "targetModules": [],
        "baseModelType": "char-ngram",
    }


def test_the_cost_of_a_job_is_estimated_without_creating_it(client: Client) -> None:
    client.dataset("train", labelled_rows())
    price = {"model": "accounts/fireworks/models/char-ngram", "item": "training", "unit": "1M tokens", "usd": 1e6}
    (client.home / "prices.json").write_text(json.dumps({"prices": [price]}))
    body = {"dataset": "accounts/local/datasets/train", "baseModel": price["model"], "epochs": 3}
    path = "/v1/accounts/local/supervisedFineTuningJobs:estimateCost"
    tokens = int(client.get("/v1/accounts/local/datasets/train")["estimatedTokenCount"])
    assert client.post(path, body)["estimatedCost"]["units"] == str(3 * tokens)
    assert client.post(path, body | {"baseModel": "x"}, status=400)["code"] == 3
    assert counts(client.home)["supervisedFineTuningJobs"] == 0


def test_the_metrics_file_has_losses_and_evaluations(client: Client) -> None:
    client.dataset("train", labelled_rows())
    client.dataset("eval", labelled_rows(1))
    client.job("j", evaluationDataset="accounts/local/datasets/eval", batchSizeSamples=8)
    job = client.finished("j")
    assert job["state"] == "JOB_STATE_COMPLETED", job
    lines = client.send("GET", job["metricsFileSignedUrl"], headers={}).text.splitlines()
    records = [json.loads(line) for line in lines]
    assert all("epoch" not in key for record in records for key in record), "as the service's records"
    evaluations = [record for record in records if "eval/loss" in record]
    assert [set(record) for record in evaluations] == [{"step", "eval/loss", "eval/ppl"}] * 2, "after each epoch alone"
    assert [record["step"] for record in evaluations] == [records[-1]["step"] // 2, records[-1]["step"]]
    assert evaluations[-1]["eval/ppl"] == pytest.approx(math.exp(evaluations[-1]["eval/loss"]))
    tokens = [record["train/total_tokens"] for record in records if "train/total_tokens" in record]
    dataset = client.get("/v1/accounts/local/datasets/train")
    assert len(tokens) == 2 * -(-int(dataset["exampleCount"]) // 8), "of each step alone"
    assert sum(tokens) == 2 * int(dataset["estimatedTokenCount"]), "what the job is charged for"


def test_the_same_job_or_output_model_twice_is_a_conflict(client: Client) -> None:
    client.dataset("train", labelled_rows())
    client.job("j")
    assert client.post(f"{AT}?supervisedFineTuningJobId=j", BODY, status=409)["code"] == 6
    same_model = BODY | {"outputModel": "accounts/local/models/j-model"}
    assert client.post(f"{AT}?supervisedFineTuningJobId=other", same_model, status=409)["code"] == 6
    client.finished("j")
    assert client.post(f"{AT}?supervisedFineTuningJobId=other", same_model, status=409)["code"] == 6


def test_rows_that_are_not_labelled_fail_the_job_with_the_reason(client: Client) -> None:
    client.dataset("train", [row(f"text {i}", "always the same") for i in range(5)])
    client.job("j")
    job = client.finished("j")
    assert job["state"] == "JOB_STATE_FAILED"
    assert "1 distinct final answers" in job["status"]["message"]
    assert counts(client.home)["models"] == 0


def test_rows_that_all_have_weight_0_are_named(client: Client) -> None:
    client.dataset("train", [{**each, "weight": 0} for each in labelled_rows()])
    client.job("j")
    assert "every row has weight 0" in client.finished("j")["status"]["message"]


def test_a_cancelled_job_leaves_no_model_and_can_be_resumed(client: Client) -> None:
    client.dataset("train", labelled_rows(40))
    client.job("j", epochs=5000)
    client.post(f"{AT}/j:cancel", {})
    assert client.get(f"{AT}/j")["state"] == "JOB_STATE_CANCELLED"
    assert client.post(f"{AT}/j:cancel", {}, status=400)["code"] == 9
    assert counts(client.home)["models"] == 0
    assert client.post(f"{AT}/j:resume", {})["state"] == "JOB_STATE_CREATING"
    client.call("DELETE", f"{AT}/j")
    client.get(f"{AT}/j", status=404)


def test_jobs_are_listed_with_filter_and_mask(client: Client) -> None:
    client.dataset("train", [row(f"text {i}", "always the same") for i in range(5)])
    for id in ("a", "b"):
        client.job(id)
    for id in ("a", "b"):
        client.finished(id)
    listed = client.get(f'{AT}?filter=state="JOB_STATE_FAILED"&orderBy=name desc&readMask=name,state')
    assert [job["name"].rsplit("/", 1)[1] for job in listed["supervisedFineTuningJobs"]] == ["b", "a"]
    assert set(listed["supervisedFineTuningJobs"][0]) == {"name", "state"}

"""Batch inference: rows in, results and errors out, no deployment needed."""

from __future__ import annotations

import json
from typing import Any

from fw_assets.embedded import counts
from fw_assets_tests.embedded.conftest import Client, grammar, labelled_rows

AT = "/v1/accounts/local/batchInferenceJobs"
BASE = "accounts/fireworks/models/char-ngram"


def request(id: str, text: str, **fields: Any) -> dict[str, Any]:
    return {"custom_id": id, "body": {"messages": [{"role": "user", "content": text}], **fields}}


def results(client: Client, dataset: str) -> dict[str, list[dict[str, Any]]]:
    urls = client.get(f"/v1/accounts/local/datasets/{dataset}:getDownloadEndpoint")["filenameToSignedUrls"]
    return {
        name: [json.loads(line) for line in client.send("GET", url, headers={}).text.splitlines()]
        for name, url in urls.items()
    }


def create(client: Client, model: str, **fields: Any) -> Any:
    body = {
        "model": model,
        "inputDatasetId": "accounts/local/datasets/in",
        "outputDatasetId": "accounts/local/datasets/out",
        "inferenceParameters": {"temperature": 0, "maxTokens": 16, **fields},
    }
    return client.post(f"{AT}?batchInferenceJobId=b", body)


def test_every_row_is_answered_or_explained(client: Client) -> None:
    client.dataset("in", [request("1", "about billing"), request("2", "about sales"), request("3", "x", messages=[])])
    extra = json.dumps({"response_format": grammar("billing", "sales")})
    create(client, BASE, extraBody=extra)
    job = client.finished("b", "batchInferenceJobs")
    assert job["state"] == "JOB_STATE_COMPLETED", job
    progress = job["jobProgress"]
    assert (progress["successfullyProcessedRequests"], progress["failedRequests"]) == (2, 1)
    files = results(client, "out")
    answers = {row["custom_id"]: row["response"]["choices"][0]["message"]["content"] for row in files["results.jsonl"]}
    assert answers == {"1": "billing", "2": "sales"}
    (failure,) = files["errors.jsonl"]
    assert (failure["custom_id"], failure["error"]["code"]) == ("3", "INVALID_ARGUMENT")
    assert counts(client.home)["datasets"] == 2


def test_a_tuned_model_needs_no_deployment(client: Client) -> None:
    client.dataset("train", labelled_rows())
    client.job("j", epochs=5)
    client.finished("j")
    client.dataset("in", [request("1", "refund my invoice")])
    create(client, "accounts/local/models/j-model")
    assert client.finished("b", "batchInferenceJobs")["state"] == "JOB_STATE_COMPLETED"
    (row,) = results(client, "out")["results.jsonl"]
    assert row["response"]["choices"][0]["message"]["content"] == "billing"


def test_what_cannot_be_run_is_refused(client: Client) -> None:
    client.dataset("in", [request("1", "x")])
    body = {"model": BASE, "inputDatasetId": "accounts/local/datasets/in"}
    assert client.post(AT, body | {"model": "accounts/local/models/none"}, status=404)["code"] == 5
    assert client.post(AT, body | {"inputDatasetId": "accounts/local/datasets/none"}, status=404)["code"] == 5
    assert client.post(AT, body | {"outputDatasetId": "accounts/local/datasets/in"}, status=409)["code"] == 6
    assert client.post(AT, body | {"inferenceParameters": {"speed": 1}}, status=400)["code"] == 3
    assert client.post(AT, body | {"inferenceParameters": {"extraBody": "{"}}, status=400)["code"] == 3


def test_repeated_custom_ids_are_refused_by_line(client: Client) -> None:
    refusal = client.dataset("in", [request("1", "x"), request("1", "y")], status=400)
    assert "data.jsonl:2: custom_id" in refusal["message"]

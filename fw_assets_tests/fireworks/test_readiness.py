"""A deployment counts as ready when it has answered, under the first address that does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import httpx
import pytest

from fw_assets.fireworks import (
    Deployment,
    DeploymentFailed,
    DeploymentSpec,
    ReasoningRefused,
    WaitTimeout,
)
from fw_assets.fireworks._readiness import addresses
from fw_assets.fireworks._resources import parse_resource

from .fake import NOT_FOUND, client_of, reply, rpc

DEPLOYMENT = "accounts/acme/deployments/d"
MODEL = "accounts/acme/models/m"
BASE = "accounts/fireworks/models/small"
SCALING = reply(503, {"error": {"message": "waking", "code": "DEPLOYMENT_SCALING_UP"}})


def answer(text: str) -> httpx.Response:
    return reply(200, {"choices": [{"message": {"content": text}, "finish_reason": "stop"}]})


def platform(
    chat: Callable[[str, int], httpx.Response], *, base: str = MODEL, states: tuple[str, ...] = ("READY",)
) -> Callable[[httpx.Request], httpx.Response]:
    """`chat(address, attempt)` answers; the deployment walks through `states`."""
    attempts: dict[str, int] = {}
    walk = iter(states)
    last = states[-1]

    def handle(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return reply(200, {"name": DEPLOYMENT, "baseModel": base, "state": next(walk, last)})
        address = json.loads(request.content)["model"]
        attempts[address] = attempts.get(address, 0) + 1
        return chat(address, attempts[address])

    return handle


def test_addresses_of_a_merged_adapter_and_of_a_loaded_one() -> None:
    merged = parse_resource(Deployment, {"name": DEPLOYMENT, "baseModel": MODEL})
    assert addresses(merged, MODEL) == (DEPLOYMENT, f"{MODEL}#{DEPLOYMENT}", MODEL)
    shared = parse_resource(Deployment, {"name": DEPLOYMENT, "baseModel": BASE, "enableAddons": True})
    assert DEPLOYMENT not in addresses(shared, MODEL)
    for name in (DEPLOYMENT, f"{MODEL}#{DEPLOYMENT}"):
        assert addresses(merged, name) == addresses(shared, name) == (name,), "what was named is asked as it is named"


def test_ready_is_not_believed_until_there_is_an_answer() -> None:
    def chat(address: str, attempt: int) -> httpx.Response:
        return answer("sales") if attempt > 3 and address == DEPLOYMENT else (SCALING if attempt % 2 else NOT_FOUND)

    client, _, clock = client_of(platform(chat, states=("CREATING", "CREATING", "READY")))
    ready = asyncio.run(client.wait_deployment_ready("d", MODEL))
    assert ready.address == DEPLOYMENT
    assert ready.completion.text == "sales"
    assert ready.seconds == pytest.approx(clock.time)


def test_the_next_form_of_address_is_tried() -> None:
    client, _, _ = client_of(platform(lambda address, _: answer("x") if "#" in address else NOT_FOUND))
    assert asyncio.run(client.wait_deployment_ready("d", "m")).address == f"{MODEL}#{DEPLOYMENT}"


def test_the_probe_is_the_request_that_was_given() -> None:
    client, recorder, _ = client_of(platform(lambda *_: answer("x")))
    probe = {"messages": [{"role": "user", "content": "where is my card"}], "max_tokens": 4}
    asyncio.run(client.wait_deployment_ready("d", MODEL, probe=probe))
    assert json.loads(recorder.requests[-1].content) == {**probe, "model": DEPLOYMENT}


def test_an_empty_answer_is_no_answer() -> None:
    empty = reply(200, {"choices": []})
    client, _, _ = client_of(platform(lambda _, attempt: answer("x") if attempt > 2 else empty))
    assert asyncio.run(client.wait_deployment_ready("d", MODEL)).completion.text == "x"


def test_waiting_for_an_answer_times_out() -> None:
    client, _, clock = client_of(platform(lambda *_: NOT_FOUND))
    with pytest.raises(WaitTimeout, match="an answer from accounts/acme/deployments/d"):
        asyncio.run(client.wait_deployment_ready("d", MODEL, timeout=100))
    assert 100 <= clock.time < 110


@pytest.mark.parametrize("state", ["FAILED", "DELETING", "DELETED"])
def test_a_deployment_that_is_gone_is_not_waited_for(state: str) -> None:
    client, _, _ = client_of(platform(lambda *_: NOT_FOUND, states=("CREATING", state)))
    with pytest.raises(DeploymentFailed, match=state):
        asyncio.run(client.wait_deployment_ready("d", MODEL))


def test_a_probe_that_is_refused_is_not_repeated() -> None:
    client, _, clock = client_of(platform(lambda *_: rpc(400, 3, "response_format is needed")))
    with pytest.raises(DeploymentFailed, match="response_format is needed"):
        asyncio.run(client.wait_deployment_ready("d", MODEL))
    assert clock.time == 0


def test_scaling_to_zero_is_the_default() -> None:
    body = DeploymentSpec(base_model=MODEL).body()
    assert (body["minReplicaCount"], body["maxReplicaCount"]) == (0, 1)
    assert body["autoscalingPolicy"]["scaleToZeroWindow"] == "300s"
    assert body["deploymentShape"] == "default"
    kept = DeploymentSpec(base_model=MODEL, min_replica_count=1).body()
    assert "scaleToZeroWindow" not in kept["autoscalingPolicy"]


@pytest.mark.parametrize(
    "fields",
    [{"scale_to_zero_window": 60}, {"min_replica_count": 2}, {"max_replica_count": 0}, {"nonsense": 1}],
)
def test_specifications_the_platform_would_refuse(fields: dict[str, int]) -> None:
    with pytest.raises(ValueError):
        DeploymentSpec(base_model=MODEL, **fields)


def test_a_probe_refused_for_its_reasoning_effort_is_told_from_a_deployment_that_answers_nothing() -> None:
    def chat(address: str, attempt: int) -> httpx.Response:
        if address != DEPLOYMENT:
            return NOT_FOUND
        return rpc(400, 3, "non-reasoning model does not support reasoning_effort")

    client, _, _ = client_of(platform(chat))
    probe = {"messages": [{"role": "user", "content": "x"}], "reasoning_effort": "none"}
    with pytest.raises(ReasoningRefused, match="Leave reasoning_effort out"):
        asyncio.run(client.wait_deployment_ready("d", MODEL, probe=probe))

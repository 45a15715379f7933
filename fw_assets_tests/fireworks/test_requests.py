"""What the client sends, held against requests captured from the official SDK: path, query, body, types."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from fw_assets.fireworks import (
    BatchInferenceSpec,
    DeploymentSpec,
    FineTuningSpec,
    Fireworks,
    LrScheduler,
    NotFound,
    WaitTimeout,
)
from fw_assets.fireworks._deployment_quotes import quote_id

from .fake import KEY, NOT_FOUND, URL, client_of, reply

ACME = "/v1/accounts/acme"
DEPRECATED = {
    "batchSize",
    "gradientAccumulationSteps",
    "jinjaTemplate",
    "earlyStop",
    "mtpEnabled",
    "extraValues",
    "useReservation",
}

Call = Callable[[Fireworks], Awaitable[Any]]

JOB = FineTuningSpec(
    dataset="intent-train",
    base_model="accounts/fireworks/models/qwen3-8b",
    batch_size_samples=32,
    display_name="x",
    epochs=3,
    eval_auto_carveout=False,
    evaluation_dataset="intent-eval",
    learning_rate=0.0001,
    lora_rank=8,
    max_context_length=32768,
    output_model="intent-lr1e4-r8",
    lr_scheduler=LrScheduler(),
)
DEPLOYMENT = DeploymentSpec(base_model="accounts/acme/models/m1", display_name="d", enable_addons=True)
BATCH = BatchInferenceSpec(
    model="accounts/fireworks/models/qwen3-8b",
    input_dataset="in",
    output_dataset="out",
    max_tokens=16,
    temperature=0,
    extra_body={"response_format": {"type": "json_object"}},
)
ON = "accounts/acme/deployments/intent-dep"

SENT: list[tuple[str, Call, str, dict[str, Any] | None]] = [
    ("datasets", lambda c: c.datasets(), f"GET {ACME}/datasets?pageSize=200", None),
    ("dataset", lambda c: c.dataset("intent-train"), f"GET {ACME}/datasets/intent-train", None),
    (
        "dataset of another account",
        lambda c: c.dataset("accounts/other/datasets/d"),
        "GET /v1/accounts/other/datasets/d",
        None,
    ),
    (
        "create job",
        lambda c: c.ensure_fine_tuning_job("intent-lr1e4-r8", JOB),
        f"POST {ACME}/supervisedFineTuningJobs?supervisedFineTuningJobId=intent-lr1e4-r8",
        {
            "dataset": "accounts/acme/datasets/intent-train",
            "baseModel": "accounts/fireworks/models/qwen3-8b",
            "batchSizeSamples": 32,
            "displayName": "x",
            "epochs": 3,
            "evalAutoCarveout": False,
            "evaluationDataset": "accounts/acme/datasets/intent-eval",
            "learningRate": 0.0001,
            "loraRank": 8,
            "maxContextLength": 32768,
            "outputModel": "accounts/acme/models/intent-lr1e4-r8",
            "lrScheduler": {"constant": {}},
        },
    ),
    (
        "job",
        lambda c: c.wait_fine_tuning_job("intent-lr1e4-r8", timeout=0),
        f"GET {ACME}/supervisedFineTuningJobs/intent-lr1e4-r8",
        None,
    ),
    ("base model", lambda c: c.model("qwen3-8b"), "GET /v1/accounts/fireworks/models/qwen3-8b", None),
    ("models", lambda c: c.models(), "GET /v1/accounts/fireworks/models?pageSize=200", None),
    (
        "create deployment",
        lambda c: c.ensure_deployment("intent-dep", DEPLOYMENT),
        f"POST {ACME}/deployments?deploymentId=intent-dep",
        {
            "baseModel": "accounts/acme/models/m1",
            "autoscalingPolicy": {
                "scaleUpWindow": "30s",
                "scaleDownWindow": "300s",
                "scaleToZeroWindow": "300s",
            },
            "deploymentShape": "default",
            "displayName": "d",
            "enableAddons": True,
            "maxReplicaCount": 1,
            "minReplicaCount": 0,
        },
    ),
    (
        "deployment",
        lambda c: c.wait_deployment_ready("intent-dep", "m1", timeout=0),
        f"GET {ACME}/deployments/intent-dep",
        None,
    ),
    (
        "create batch job",
        lambda c: c.ensure_batch_inference_job("b1", BATCH),
        f"POST {ACME}/batchInferenceJobs?batchInferenceJobId=b1",
        {
            "inferenceParameters": {
                "maxTokens": 16,
                "temperature": 0.0,
                "extraBody": '{"response_format":{"type":"json_object"}}',
            },
            "inputDatasetId": "accounts/acme/datasets/in",
            "model": "accounts/fireworks/models/qwen3-8b",
            "outputDatasetId": "accounts/acme/datasets/out",
        },
    ),
    ("batch job", lambda c: c.batch_inference_job("b1"), f"GET {ACME}/batchInferenceJobs/b1", None),
    (
        "chat",
        lambda c: c.chat({"model": ON, "messages": [{"role": "user", "content": "hi"}], "seed": 0}),
        "POST /inference/v1/chat/completions",
        {"model": ON, "messages": [{"role": "user", "content": "hi"}], "seed": 0},
    ),
    ("prices", lambda c: c.price_list(), "GET /v1/prices", None),
]


def everything(request: httpx.Request) -> httpx.Response:
    """A platform on which nothing exists yet, and anything can be created."""
    path = request.url.path
    if path == "/v1/accounts":
        return reply(200, {"accounts": [{"name": "accounts/acme"}]})
    if path == "/v1/prices":
        return reply(200, {"prices": []})
    if path == "/inference/v1/chat/completions":
        return reply(200, {"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]})
    if request.method == "GET" and path.count("/") > 4 and "/models/" not in path:
        return NOT_FOUND
    return reply(200, {"name": "accounts/acme/things/x", "state": "READY"})


def sent_by(call: Call) -> list[httpx.Request]:
    client, recorder, _ = client_of(everything)

    async def run() -> None:
        with suppress(NotFound, WaitTimeout):
            await call(client)

    asyncio.run(run())
    return recorder.requests


@pytest.mark.parametrize(("call", "line", "body"), [row[1:] for row in SENT], ids=[row[0] for row in SENT])
def test_requests_are_those_of_the_official_sdk(call: Call, line: str, body: dict[str, Any] | None) -> None:
    request = sent_by(call)[-1]
    assert f"{request.method} {request.url.raw_path.decode()}" == line
    assert (json.loads(request.content) if request.content else None) == body
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["accept"] == "application/json"
    if body is not None:
        assert request.headers["content-type"] == "application/json"
        assert {key: type(value) for key, value in json.loads(request.content).items()} == {
            key: type(value) for key, value in body.items()
        }


def test_a_dataset_is_created_and_uploaded_as_captured(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    path.write_bytes(b'{"messages":[]}\n')
    ready = iter([False, False, True])

    def handle(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return reply(200, {"name": "accounts/acme/datasets/intent-train", "state": "UPLOADING"})
        if not recorder.requests[1:]:
            return NOT_FOUND
        state = "READY" if next(ready) else "UPLOADING"
        return reply(200, {"name": "accounts/acme/datasets/intent-train", "state": state})

    client, recorder, _ = client_of(handle)
    asyncio.run(client.ensure_dataset("intent-train", path, rows=1, display_name="t"))
    creation, upload = [request for request in recorder.requests if request.method == "POST"]
    assert creation.url.path == f"{ACME}/datasets"
    assert json.loads(creation.content) == {
        "dataset": {"displayName": "t", "format": "CHAT", "exampleCount": "1", "userUploaded": {}},
        "datasetId": "intent-train",
    }
    assert upload.url.path == f"{ACME}/datasets/intent-train:upload"
    boundary = re.fullmatch(r"multipart/form-data; boundary=([0-9a-f]{32})", upload.headers["content-type"])
    assert boundary
    assert int(upload.headers["content-length"]) == len(upload.content)
    assert "transfer-encoding" not in upload.headers
    assert upload.content.decode() == (
        f"--{boundary[1]}\r\n"
        'Content-Disposition: form-data; name="file"; filename="train.jsonl"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
        f'{{"messages":[]}}\n\r\n--{boundary[1]}--\r\n'
    )


def test_a_quote_is_a_create_that_only_validates() -> None:
    (request,) = [
        request for request in sent_by(lambda client: client.quote_deployment(DEPLOYMENT)) if request.method != "GET"
    ]
    line = f"POST {ACME}/deployments?deploymentId={quote_id(DEPLOYMENT)}&validateOnly=true"
    assert f"{request.method} {request.url.raw_path.decode()}" == line
    assert json.loads(request.content) == DEPLOYMENT.body()


def test_deprecated_fields_are_never_sent() -> None:
    every = {name: field for name, field in FineTuningSpec.model_fields.items() if name not in ("rows", "base_model")}
    body = JOB.body("acme")
    assert not DEPRECATED & set(body)
    assert not DEPRECATED & {re.sub(r"_(.)", lambda match: match[1].upper(), name) for name in every}


def test_nothing_the_client_can_send_deletes_cancels_or_changes() -> None:
    requests = [request for row in SENT for request in sent_by(row[1])]
    public = {name for name in vars(Fireworks) if not name.startswith("_")}
    assert {request.method for request in requests} <= {"GET", "POST"}
    assert not [name for name in public if re.search(r"delete|cancel|update|patch|remove|scale|stop", name)]
    sources = {path.name: path.read_text() for path in Path(__file__).parents[2].glob("fw_assets/fireworks/*.py")}
    assert not re.search(r"""["'](DELETE|PATCH)["']|:cancel|:scale\b|:resume""", "".join(sources.values()))
    sending = re.compile(r"transport\.(handle_async_request|send)\(")
    assert [name for name, source in sources.items() if sending.search(source)] == ["_request_sender.py"]


@pytest.mark.parametrize("method", ["DELETE", "PATCH", "delete", "OPTIONS"])
def test_the_one_place_that_sends_refuses_every_other_method(method: Any) -> None:
    client, recorder, _ = client_of(everything)
    sender = client._http._sender
    with pytest.raises(ValueError, match="is not among what this client sends: GET, POST, PUT"):
        asyncio.run(sender.send(method, f"{URL}{ACME}/deployments/d", "x"))
    with pytest.raises(ValueError, match="is not among what this client sends"):
        asyncio.run(sender.send_stream(method, f"{URL}{ACME}/deployments/d", None, {}, read_seconds=1))
    assert recorder.requests == []


@pytest.mark.parametrize("verb", ["cancel", "delete", "scale", "resume", "purge"])
def test_a_verb_that_changes_things_is_refused_before_it_is_sent(verb: str) -> None:
    client, recorder, _ = client_of(everything)
    with pytest.raises(ValueError, match=f":{verb} is not among what this client does"):
        asyncio.run(client._http.post(f"{ACME}/deployments/d:{verb}", {}))
    assert recorder.requests == []

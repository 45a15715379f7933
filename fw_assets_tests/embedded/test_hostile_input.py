"""Hostile input: for any JSON the answer is a result or a refusal, never a failure of the server."""

from __future__ import annotations

import contextlib
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fw_assets.embedded import counts
from fw_assets.embedded.endpoints.deployments import read_autoscaling, read_replicas
from fw_assets.embedded.endpoints.job_validation import job_fields
from fw_assets.embedded.errors import RpcError
from fw_assets.embedded.inference.answer_constraint import read_constraint
from fw_assets.embedded.inference.chat_request import read_request
from fw_assets.embedded.store.embedded_platform import EmbeddedPlatform
from fw_assets_tests.embedded.conftest import Client

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-10, 1000)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
)
JSON: st.SearchStrategy[Any] = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
SCHEMA_KEYS = ("type", "properties", "enum", "const", "anyOf", "items", "$ref", "minItems", "maxItems", "allOf", "a")
SCHEMAS: st.SearchStrategy[Any] = st.recursive(
    LEAVES | st.sampled_from(["object", "array", "#/a", "#"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(SCHEMA_KEYS), inner, max_size=4),
    max_leaves=12,
)
JOB = {"dataset": "accounts/local/datasets/d", "baseModel": "accounts/fireworks/models/char-ngram"}
JOB_KEYS = (
    "dataset", "baseModel", "outputModel", "displayName", "epochs", "learningRate", "lrScheduler", "loraRank",
    "maxContextLength", "batchSizeSamples", "evaluationDataset", "evalAutoCarveout", "warmStartFrom",
)  # fmt: skip
POLICY = ("scaleUpWindow", "scaleDownWindow", "scaleToZeroWindow", "loadTargets")
REPLICAS = ("minReplicaCount", "maxReplicaCount")


@settings(deadline=None)
@given(st.sampled_from(["json_schema", "json_object", "grammar", "text"]), SCHEMAS | JSON)
def test_any_response_format(kind: str, schema: Any) -> None:
    for given_format in ({"type": kind, "json_schema": {"schema": schema}, "grammar": schema}, schema):
        with contextlib.suppress(RpcError):
            read_constraint(json.dumps(given_format).encode())


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedPlatform:
    return EmbeddedPlatform(tmp_path_factory.mktemp("platform"))


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(JOB_KEYS), JSON, max_size=4), JSON)
def test_any_job(platform: EmbeddedPlatform, change: dict[str, Any], schedule: Any) -> None:
    for body in (JOB | change, JOB | {"lrScheduler": {"linear": schedule}}):
        with contextlib.suppress(RpcError):
            assert job_fields(platform, body, "local", "j")["loraRank"] >= 1


@settings(deadline=None)
@given(JSON, st.dictionaries(st.sampled_from(POLICY), JSON) | JSON, st.dictionaries(st.sampled_from(REPLICAS), JSON))
def test_any_scaling(other: Any, policy: Any, replicas: dict[str, Any]) -> None:
    for check in (lambda: read_autoscaling(policy), lambda: read_replicas(replicas)):
        with contextlib.suppress(RpcError):
            check()


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["model", "messages", "temperature", "n", "stream", "logprobs"]), JSON))
def test_any_chat_request(body: dict[str, Any]) -> None:
    with contextlib.suppress(RpcError):
        read_request(json.dumps(body).encode())


@pytest.mark.parametrize(
    "path", ["/v1/chat/completions", "/v1/accounts/local/datasets", "/v1/accounts/local/deployments"]
)
@pytest.mark.parametrize("body", [b"[" * 200_000, b"\xff", b"{", b"null", b'{"a": NaN}'])
def test_a_body_that_is_not_a_request(client: Client, path: str, body: bytes) -> None:
    headers = {"X-Api-Key": client.key}
    assert client.send("POST", path, content=body, headers=headers).status_code == 400


def test_concurrent_requests_create_one_deployment(client: Client) -> None:
    body = {"baseModel": "accounts/fireworks/models/char-ngram", "deploymentShape": "default"}
    with ThreadPoolExecutor(8) as pool:
        futures = [
            pool.submit(client.send, "POST", "/v1/accounts/local/deployments?deploymentId=d", body) for _ in range(24)
        ]
        statuses = sorted(future.result().status_code for future in futures)
    assert statuses == [200] + [409] * 23
    assert counts(client.home)["deployments"] == 1

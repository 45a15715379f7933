"""Public reports of what the hosted service did to others: each is survived, or refused before anything is paid.

The reports are quoted by what was seen; where the outcome is an error, it is the sentence that a user reads.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from fw_assets.classification.catalogue.model_names import resolve_models
from fw_assets.classification.catalogue.models import CatalogueModel
from fw_assets.classification.errors import InputError
from fw_assets.classification.prompting.prompt import request
from fw_assets.classification.session import Session
from fw_assets.fireworks import (
    ApiError,
    DeploymentSpec,
    FineTuningSpec,
    PermissionDenied,
    QuotaExceeded,
    RateLimited,
    Stalled,
    batch_results,
)
from fw_assets.fireworks._error_responses import api_error
from fw_assets.fireworks._models import Model
from fw_assets.fireworks._resources import parse_resource
from fw_assets.pipeline.budget.attempts import Attempts
from fw_assets.pipeline.errors.attempts import AttemptFailed, DeploymentRemoved, JobStalled
from fw_assets.pipeline.evaluation.endpoint import Endpoint, ensure_endpoint
from fw_assets.pipeline.evaluation.removed_deployment import require_deployment
from fw_assets.pipeline.evaluation.thinking import ask_as_accepted
from fw_assets.pipeline.planning.serving_check import require_servable
from fw_assets.pipeline.platform.entries import catalogue_model
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.platform.quota import active_jobs, when_quota_allows
from fw_assets.pipeline.platform.serving_paths import tuned_serving
from fw_assets.pipeline.values.delivery import DeploymentRecord
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.fireworks.fake import NOT_FOUND, answers, client_of, reply, rpc
from fw_assets_tests.pipeline.evaluation.test_endpoint import (
    ADAPTER,
    BASE,
    MERGE_DEFAULT,
    MODEL,
    NO_ADDONS,
    NO_MERGE,
    NOWHERE,
    Service,
)
from fw_assets_tests.pipeline.evaluation.test_online import PROMPT, FakePlatform, rows, run

CHAT = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
ANSWER = reply(200, {"choices": [{"message": {"content": "a"}, "finish_reason": "stop"}]})


@pytest.fixture
def store(tmp_path: Path) -> Workspace:
    return Workspace(str(tmp_path))


def serve(service: Service, store: Workspace) -> Endpoint:
    async def work() -> Endpoint:
        async with service.client() as client:
            return await ensure_endpoint(
                client,
                MODEL,
                base=BASE,
                serverless=False,
                probe={"messages": CHAT["messages"]},
                attempts=Attempts(store, "tickets", "approval"),
                afford=lambda name, quote: None,
            )

    return asyncio.run(work())


def hosted_by(service: Service) -> Platform:
    """The hosted service, which is `service`."""

    class Hosted(Platform):
        def call(self, work: Any) -> Any:
            async def connected() -> Any:
                async with service.client() as client:
                    return await work(client)

            return asyncio.run(connected())

    return Hosted(name="fireworks", home=Path())


def test_1_adapters_are_not_served_without_a_deployment_any_more(store: Workspace) -> None:
    """`deployedModels` with `serverless: true` was accepted until it was not (tensorzero#5220)."""
    service = Service(NOWHERE)
    endpoint = serve(service, store)
    assert endpoint.deployment is not None
    assert [sorted(body) for body in service.loaded] == [["deployment", "model", "name", "state"]]


def test_2_a_job_that_hangs_is_said_to_hang(store: Workspace) -> None:
    """Jobs stayed in RUNNING for hours at the same percentage (Kiln#129)."""
    hanging = reply(200, {"name": "accounts/acme/supervisedFineTuningJobs/j", "state": "JOB_STATE_RUNNING"})
    client, _, clock = client_of(answers(hanging))
    with pytest.raises(Stalled) as stalled:
        asyncio.run(client.wait_fine_tuning_job("j", stall_timeout=3600))
    assert clock.time < 4000
    said = str(JobStalled("j", stalled.value.last, 60, "approve it"))
    assert "made no progress for 60 minutes" in said
    assert "cancel it on the platform and approve again" in said


def test_3_a_refusal_without_a_word_still_says_something() -> None:
    """`{"code": 7, "message": ""}` for a key without permission (Kiln#207)."""
    error = api_error(403, {"code": 7, "message": ""})
    assert isinstance(error, PermissionDenied)
    assert "no explanation given. This key lacks the permission" in str(error)


@pytest.mark.parametrize("state", ["DELETED", None])
def test_4_an_idle_deployment_that_was_deleted_is_named_with_what_brings_it_back(
    state: str | None, tmp_path: Path
) -> None:
    """Deployments without traffic for a week are gone (Kiln pull request 269)."""
    service = Service({})
    if state:
        service.deployment = {"name": "accounts/acme/deployments/d", "baseModel": MODEL, "state": state}
    fields: dict[str, Any] = {"deployed": True, "deployment": "accounts/acme/deployments/d"}
    record, store = DeploymentRecord.model_construct(**fields), Workspace(str(tmp_path))

    async def work() -> None:
        async with service.client() as client:
            await require_deployment(client, store, "tickets", record)

    with pytest.raises(
        DeploymentRemoved, match=r"was removed on the platform.*Bring it back with: fw-assets deploy tickets"
    ):
        asyncio.run(work())


def test_5_a_model_that_trains_and_cannot_be_served_is_refused_before_it_is_trained() -> None:
    """nemotron-nano-3-30b: `tunable` false, `supervisedLoraTunable` true; no merge, no addons, no shape."""
    shown = {
        "name": BASE,
        "kind": "HF_BASE_MODEL",
        "tunable": False,
        "supervisedLoraTunable": True,
        "useTrainingV2": True,
        "supportsLora": False,
    }
    model = catalogue_model(parse_resource(Model, shown))
    assert model.tunable
    platform = hosted_by(Service({**NOWHERE, ("addon", "b200"): NO_ADDONS}))
    with pytest.raises(InputError, match="gemma can be fine-tuned, but no deployment would serve") as refused:
        require_servable(platform, Session(), [model])
    assert "addons are not supported for this model" in str(refused.value)
    assert "Nothing was paid. Name another base model" in str(refused.value)
    require_servable(platform, Session(mode="benchmark"), [model])
    require_servable(platform, Session(inference="batch", deploy="never"), [model])


ALL_SHAPES = [("base", "default"), ("base", "b200"), ("base", "h200-fp8")]


@pytest.mark.parametrize(
    ("refusals", "refused"),
    [
        (dict.fromkeys(ALL_SHAPES, (412, "shape is not enabled for this account")), "is not enabled for this account"),
        (dict.fromkeys(ALL_SHAPES, (412, "add a payment method")), "add a payment method"),
        (dict.fromkeys(ALL_SHAPES[:2], (412, "shape is not enabled for this account")), ""),
        (dict.fromkeys(ALL_SHAPES, (400, "the base needs a shape of its own")), ""),
        (dict.fromkeys(ALL_SHAPES, (412, "no capacity right now")), ""),
    ],
)
def test_what_the_account_may_not_deploy_is_not_trained(refusals: dict[tuple[str, str], Any], refused: str) -> None:
    """412 comes with the deployment, after the training was paid."""
    shown = {"name": BASE, "kind": "HF_BASE_MODEL", "supervisedLoraTunable": True, "supportsLora": True}
    model = catalogue_model(parse_resource(Model, shown))

    class WithoutAdapters(Service):
        def __call__(self, request: httpx.Request) -> httpx.Response:
            if request.method == "GET" and request.url.path.endswith("/acme/models"):
                return httpx.Response(200, json={"models": []})
            return super().__call__(request)

    platform = hosted_by(WithoutAdapters(refusals))
    if not refused:
        require_servable(platform, Session(), [model])
        return
    with pytest.raises(InputError, match=refused):
        require_servable(platform, Session(), [model])


def test_6_a_base_that_merges_on_some_hardware_only_is_served_there(store: Workspace) -> None:
    """gemma-4-26b: no merge on the default shape; FP8 takes adapters and answers 404; BF16 fails as INTERNAL."""
    service = Service({MERGE_DEFAULT: NO_MERGE})
    assert str(serve(service, store).path) == "merged into its base, on b200"
    failed = Service({})
    serve(failed, store)
    assert failed.deployment is not None
    failed.deployment |= {"state": "FAILED", "status": {"code": "INTERNAL", "message": "provisioning failed"}}
    with pytest.raises(AttemptFailed, match=r"FAILED: provisioning failed; approve again to try a second time"):
        serve(failed, store)


def test_7_a_base_that_merges_is_merged_at_once(store: Workspace) -> None:
    """qwen3-8b: the merge works; adapters on it failed twice."""
    service = Service({("addon", "b200"): NO_ADDONS})
    assert str(serve(service, store).path) == "merged into its base"
    assert service.tried == [MERGE_DEFAULT]


@pytest.mark.parametrize("status", [429, 400])
def test_8_a_used_up_quota_is_waited_for_while_own_jobs_use_it(status: int) -> None:
    """`training-h200-count for account X, in use: 8, quota: 8`."""
    words = "training-h200-count for account acme, in use: 8, quota: 8"
    states, jobs = ["JOB_STATE_RUNNING", "JOB_STATE_COMPLETED"], "accounts/acme/supervisedFineTuningJobs"

    def handle(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return rpc(status, 8, words) if len(states) == 2 else reply(200, {"name": f"{jobs}/new"})
        if request.url.path.endswith(f"{jobs}/new"):
            return NOT_FOUND
        job = {"name": f"{jobs}/j", "state": states[0]}
        if len(states) == 2:
            del states[0]
        return reply(200, {"supervisedFineTuningJobs": [job] if jobs in request.url.path else []})

    client, _, _ = client_of(handle)

    async def create() -> str:
        spec = FineTuningSpec(dataset="rows", base_model="gemma", output_model="new", epochs=1, learning_rate=1e-4)
        return (await client.ensure_fine_tuning_job("new", spec)).name

    work = when_quota_allows(create, lambda: active_jobs(client), what="sweep", poll=0.001)
    assert asyncio.run(work) == f"{jobs}/new"
    error = api_error(status, {"code": 8, "message": words})
    assert isinstance(error, QuotaExceeded)
    assert "in use: 8, quota: 8. The account's quota is used up: wait until what uses it is done" in str(error)


@pytest.mark.parametrize("id", ["gpt-oss-120b", "glm-5p3"])
def test_9_models_that_cannot_stop_thinking_are_refused_in_the_plan(id: str) -> None:
    """`reasoning_effort: none` is a 400 for gpt-oss and GLM 5.3."""
    catalogue = [CatalogueModel(name=f"accounts/fireworks/models/{id}", tunable=True, serverless=True)]
    with pytest.raises(InputError, match=f"{id} always thinks before it answers and cannot be told not to"):
        resolve_models([id], catalogue)


def test_10_a_model_that_does_not_reason_is_asked_without_the_effort(store: Workspace) -> None:
    """`non-reasoning model does not support reasoning_effort` (autolith#25)."""
    store.write("prompt", "tickets", PROMPT, inputs="")
    client, recorder, _ = client_of(
        lambda request: (
            reply(400, {"error": {"message": "non-reasoning model does not support reasoning_effort"}})
            if b"reasoning_effort" in request.content
            else ANSWER
        )
    )

    async def ask(prompt: Any) -> str | None:
        body = request(prompt, json.dumps(CHAT["messages"]))
        return (await client.chat({"model": "m", **body})).text

    assert asyncio.run(ask_as_accepted(store, "tickets", "slug", "base", ask)) == "a"
    assert len(recorder.requests) == 2


def test_11_thinking_is_turned_off_by_the_effort_alone() -> None:
    """`thinking: {type: disabled}` is ignored (pi#3522), `chat_template_kwargs` refused."""
    body = request(PROMPT, json.dumps(CHAT["messages"]))
    assert body["reasoning_effort"] == "none"
    assert not {"thinking", "chat_template_kwargs", "enable_thinking"} & set(body)


def test_12_a_cold_start_of_more_than_ten_minutes_is_waited_for() -> None:
    """A vision model's deployment answered 503 for eleven minutes."""
    waking = reply(503, {"error": {"message": "scaling", "code": "DEPLOYMENT_SCALING_UP"}})

    def handle(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return reply(200, {"name": "accounts/acme/deployments/d", "baseModel": MODEL, "state": "READY"})
        return ANSWER if clock.time > 660 else waking

    client, _, clock = client_of(handle)
    ready = asyncio.run(client.wait_deployment_ready("d", MODEL))
    assert ready.seconds > 660


def test_13_too_many_requests_are_asked_again_when_the_service_says(store: Workspace) -> None:
    """429s under load (langchain#37590)."""
    busy = reply(429, {"error": {"message": "rate limit exceeded", "code": "rate_limited"}}, retry_after="3")
    client, _, clock = client_of(answers(busy, busy, ANSWER))
    assert asyncio.run(client.chat(CHAT)).text == "a"
    assert 6 <= clock.time < 7


def test_14_an_error_of_the_older_form_is_read() -> None:
    """`{"error": {"object": "error", ...}}` (vercel/ai)."""
    body = {"error": {"object": "error", "type": "invalid_request_error", "message": "max_tokens is too large"}}
    assert "max_tokens is too large" in str(api_error(400, body))


def test_15_states_of_batch_jobs_carry_a_prefix_and_uploads_their_number_of_rows(tmp_path: Path) -> None:
    """`COMPLETED` never came, `JOB_STATE_COMPLETED` did; a dataset without `exampleCount` was refused."""
    done = reply(200, {"name": "accounts/acme/batchInferenceJobs/b", "state": "JOB_STATE_COMPLETED"})
    client, _, _ = client_of(answers(done))
    assert asyncio.run(client.wait_batch_inference_job("b")).succeeded
    path = tmp_path / "rows.jsonl"
    path.write_text('{"messages": []}\n')
    seen: list[dict[str, Any]] = []

    def handle(request: httpx.Request) -> httpx.Response:
        if request.method == "POST" and request.url.path.endswith("/datasets"):
            seen.append(json.loads(request.content))
        state = "READY" if seen else ""
        return reply(200, {"name": "accounts/acme/datasets/d", "state": state}) if seen else rpc(404, 5)

    client, _, _ = client_of(handle)
    asyncio.run(client.ensure_dataset("d", path, rows=1))
    assert seen[0]["dataset"]["exampleCount"] == "1"
    lines = tmp_path / "errors.jsonl"
    lines.write_text('{"error": {"message": "internal"}}\n')
    assert list(batch_results((lines,))) == []


def test_16_a_wait_of_minutes_is_not_sat_out_and_the_row_is_asked_again_later(store: Workspace) -> None:
    """Retry-After of several minutes (braintrust-proxy#86)."""
    long = reply(429, {"error": {"message": "rate limit exceeded"}}, retry_after="900")
    client, _, clock = client_of(answers(long))
    with pytest.raises(RateLimited):
        asyncio.run(client.chat(CHAT))
    assert clock.time == 0
    assert run(FakePlatform(refused={"text 1"}), rows(3), store).usage.requests == 2
    assert run(FakePlatform(), rows(3), store).usage.requests == 3


def test_17_no_deployment_is_created_without_a_shape() -> None:
    """Deployments without a shape fail (cookbook#693, oumi)."""
    assert DeploymentSpec(base_model=BASE).body()["deploymentShape"] == "default"


def test_18_requests_say_who_they_are_from() -> None:
    """Python-urllib's User-Agent is refused with 403."""
    client, recorder, _ = client_of(answers(ANSWER))
    asyncio.run(client.chat(CHAT))
    assert recorder.requests[0].headers["User-Agent"] == "fw-assets"


def test_an_adapter_of_the_account_shows_whether_the_next_one_would_be_served() -> None:
    """What was learned from one model that could not be served keeps the next from being paid for."""
    service = Service({**NOWHERE, ("addon", "b200"): NO_ADDONS})

    async def doubt() -> str:
        async with service.client() as client:
            return (await tuned_serving(client, BASE, merges=True, own=[parse_resource(Model, ADAPTER)])).doubt

    assert "live merge is not supported" in asyncio.run(doubt())
    assert service.deployment is None, "nothing was created to find out"


def test_every_error_status_has_advice() -> None:
    for status in range(400, 600):
        error = api_error(status, {"message": "m"})
        assert isinstance(error, ApiError)
        assert error.advice

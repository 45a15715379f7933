"""Whatever is lost on the way: one resource for one specification, or an error that says what differs."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fw_assets.fireworks import (
    Backoff,
    BatchInferenceSpec,
    ConflictError,
    Deployment,
    DeploymentFailed,
    DeploymentSpec,
    FineTuningJob,
    FineTuningSpec,
    Fireworks,
    FireworksError,
    PermissionDenied,
    QuotaExceeded,
    RetryPolicy,
)
from fw_assets_tests.fault_schedules import SCHEDULES

from .fake import FAULTS, NOT_FOUND, FakePlatform, answers, client_of, reply, rpc

BASE = "accounts/fireworks/models/small"
SPEC = FineTuningSpec(dataset="train", base_model=BASE, output_model="m", epochs=2, learning_rate=1.5e-4, lora_rank=8)
JOBS = "accounts/acme/supervisedFineTuningJobs"
BILLABLE = 3
"""Creates per specification that cost money: a fine-tuning job, a deployment, a batch inference job."""


def test_a_new_job_is_looked_for_and_then_created() -> None:
    platform = FakePlatform()
    client, recorder, _ = client_of(platform)
    job = asyncio.run(client.ensure_fine_tuning_job("job-1", SPEC))
    assert isinstance(job, FineTuningJob)
    assert job.state == "CREATING"
    assert recorder.calls() == [
        f"GET /v1/{JOBS}/job-1",
        f"POST /v1/{JOBS}?supervisedFineTuningJobId=job-1",
    ]


def test_an_existing_job_is_adopted_without_a_create() -> None:
    platform = FakePlatform()
    client, recorder, _ = client_of(platform)

    async def twice() -> None:
        await client.ensure_fine_tuning_job("job-1", SPEC)
        await client.ensure_fine_tuning_job("job-1", SPEC)

    asyncio.run(twice())
    assert platform.creates == 1
    assert [request.method for request in recorder.requests] == ["GET", "POST", "GET"]


def test_another_specification_under_the_same_id_names_the_fields() -> None:
    client, _, _ = client_of(FakePlatform())

    async def both() -> None:
        await client.ensure_fine_tuning_job("job-1", SPEC)
        await client.ensure_fine_tuning_job("job-1", SPEC.model_copy(update={"lora_rank": 16, "epochs": 3}))

    with pytest.raises(ConflictError, match="epochs: asked 3, found 2; loraRank: asked 16, found 8") as caught:
        asyncio.run(both())
    assert caught.value.differences == {"epochs": (3, 2), "loraRank": (16, 8)}


@pytest.mark.parametrize(
    "fields",
    [
        {"learningRate": 0.00015000000712461},  # single precision
        {"epochs": "2", "loraRank": "8"},
        {"status": {"code": "OK"}, "aFieldOfTomorrow": [1]},
    ],
)
def test_the_same_values_in_another_form_are_the_same(fields: dict[str, object]) -> None:
    body = {**SPEC.body("acme"), "name": f"{JOBS}/job-1", "state": "JOB_STATE_RUNNING", **fields}
    client, _, _ = client_of(answers(reply(200, body)))
    assert asyncio.run(client.ensure_fine_tuning_job("job-1", SPEC)).state == "RUNNING"


def test_fields_the_platform_leaves_out_do_not_differ_when_they_are_zero_or_optional() -> None:
    spec = SPEC.model_copy(update={"eval_auto_carveout": False, "batch_size_samples": 32})
    body = {**SPEC.body("acme"), "name": f"{JOBS}/job-1", "state": "JOB_STATE_RUNNING"}
    client, _, _ = client_of(answers(reply(200, body)))
    assert asyncio.run(client.ensure_fine_tuning_job("job-1", spec)).id == "job-1"


def test_an_evaluation_dataset_that_the_job_lacks_is_a_difference() -> None:
    spec = SPEC.model_copy(update={"evaluation_dataset": "held-out"})
    body = {**SPEC.body("acme"), "name": f"{JOBS}/job-1"}
    client, _, _ = client_of(answers(reply(200, body)))
    with pytest.raises(ConflictError, match="evaluationDataset"):
        asyncio.run(client.ensure_fine_tuning_job("job-1", spec))


def test_losing_the_race_adopts_the_winner() -> None:
    job = {**SPEC.body("acme"), "name": f"{JOBS}/job-1", "state": "JOB_STATE_RUNNING"}
    client, _, _ = client_of(answers(NOT_FOUND, rpc(409, 6, "exists"), reply(200, job)))
    assert asyncio.run(client.ensure_fine_tuning_job("job-1", SPEC)).state == "RUNNING"


def test_an_id_that_is_taken_but_unreadable_is_an_error() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        return NOT_FOUND if request.method == "GET" else rpc(409, 6, "exists, deleted")

    client, _, clock = client_of(handle)
    with pytest.raises(ConflictError, match="cannot be read: exists, deleted"):
        asyncio.run(client.ensure_fine_tuning_job("job-1", SPEC))
    assert clock.time <= 30


def test_no_permission_to_look_is_not_mistaken_for_absence() -> None:
    client, recorder, _ = client_of(answers(rpc(403, 7, "no")))
    with pytest.raises(PermissionDenied):
        asyncio.run(client.ensure_fine_tuning_job("job-1", SPEC))
    assert len(recorder.requests) == 1


def test_a_used_up_quota_is_not_waited_for() -> None:
    exceeded = reply(429, {"code": 8, "message": "quota_exceeded: H200"})
    client, _, clock = client_of(answers(NOT_FOUND, exceeded))
    with pytest.raises(QuotaExceeded, match="quota"):
        asyncio.run(client.ensure_deployment("d", DeploymentSpec(base_model=BASE)))
    assert clock.slept == []


def test_a_lost_answer_is_looked_up_before_anything_is_sent_again() -> None:
    faults = iter([None, "lost-after"])
    platform = FakePlatform(fault=lambda _: next(faults, None))
    client, recorder, _ = client_of(platform)
    asyncio.run(client.ensure_fine_tuning_job("job-1", SPEC))
    assert [request.method for request in recorder.requests] == ["GET", "POST", "GET"]
    assert platform.creates == 1


@settings(max_examples=SCHEDULES, deadline=None)
@given(
    schedule=st.lists(st.sampled_from((None, *FAULTS)), max_size=40),
    distinct=st.integers(1, 3),
    runs=st.integers(1, 3),
)
def test_creates_equal_distinct_specifications_under_any_faults(
    schedule: list[str | None], distinct: int, runs: int
) -> None:
    faults = iter(schedule)
    platform = FakePlatform(fault=lambda _: next(faults, None))

    async def one(client: Fireworks, number: int) -> None:
        await client.ensure_fine_tuning_job(f"job-{number}", SPEC.model_copy(update={"epochs": number + 1}))
        await client.ensure_deployment(f"dep-{number}", DeploymentSpec(base_model=f"{BASE}-{number}"))
        batch = BatchInferenceSpec(model=BASE, input_dataset=f"in-{number}", output_dataset=f"out-{number}")
        await client.ensure_batch_inference_job(f"batch-{number}", batch)

    async def everything() -> None:
        for _ in range(runs):  # a crash between two runs forgets everything but the ids
            clients = [client_of(platform)[0] for _ in range(2)]
            await asyncio.gather(
                *(one(client, number) for number in range(distinct) for client in clients),
                return_exceptions=True,
            )
        await asyncio.gather(*(one(client_of(platform)[0], number) for number in range(distinct)))

    try:
        asyncio.run(everything())
    except FireworksError:
        # The schedule outlasted every retry policy: nothing may be there twice, yet something may be missing.
        assert platform.creates <= BILLABLE * distinct
    else:
        assert platform.creates == BILLABLE * distinct


def test_a_deployment_that_failed_is_not_adopted() -> None:
    body = {
        **DeploymentSpec(base_model=BASE).body(),
        "name": "accounts/acme/deployments/d",
        "state": "FAILED",
    }
    client, _, _ = client_of(answers(reply(200, {**body, "status": {"code": "INTERNAL", "message": "no GPUs"}})))
    with pytest.raises(DeploymentFailed, match="no GPUs"):
        asyncio.run(client.ensure_deployment("d", DeploymentSpec(base_model=BASE)))


def test_a_resolved_default_shape_is_no_difference_but_another_shape_is() -> None:
    shape = "accounts/fireworks/deploymentShapes/small/versions/3"
    body = {
        "baseModel": BASE,
        "precision": "BF16",
        "deploymentShape": shape,
        "name": "accounts/acme/deployments/d",
        "state": "READY",
    }
    client, _, _ = client_of(answers(reply(200, body)))
    assert isinstance(asyncio.run(client.ensure_deployment("d", DeploymentSpec(base_model=BASE))), Deployment)
    same = DeploymentSpec(base_model=BASE, deployment_shape="accounts/fireworks/deploymentShapes/small")
    asyncio.run(client.ensure_deployment("d", same))
    other = DeploymentSpec(base_model=BASE, deployment_shape="accounts/fireworks/deploymentShapes/large")
    with pytest.raises(ConflictError, match="deploymentShape"):
        asyncio.run(client.ensure_deployment("d", other))


def test_a_dataset_is_created_uploaded_and_ready(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    path.write_bytes(b'{"messages": []}\n' * 3)
    platform = FakePlatform()
    client, recorder, _ = client_of(platform)

    async def twice() -> list[str]:
        return [(await client.ensure_dataset("train", path, rows=3)).state for _ in range(2)]

    assert asyncio.run(twice()) == ["READY", "READY"]
    assert path.read_bytes() in platform.uploads["accounts/acme/datasets/train"]
    assert sum(":upload" in call for call in recorder.calls()) == 1


def test_a_dataset_with_other_rows_is_a_conflict(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    path.write_bytes(b"{}\n" * 3)
    dataset = {"name": "accounts/acme/datasets/train", "exampleCount": "4", "state": "READY", "format": "CHAT"}
    client, _, _ = client_of(answers(reply(200, dataset)))
    with pytest.raises(ConflictError, match="exampleCount: asked 3, found 4"):
        asyncio.run(client.ensure_dataset("train", path, rows=3))


def test_a_retry_policy_without_a_budget_gives_up_at_once() -> None:
    never = Backoff(first=1, growth=1, longest=1, budget=0)
    client, recorder, _ = client_of(
        answers(reply(500)), retry_policy=RetryPolicy(transient=never, throttled=never, scaling=never)
    )
    with pytest.raises(FireworksError):
        asyncio.run(client.batch_inference_job("job-1"))
    assert len(recorder.requests) == 1

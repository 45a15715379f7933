"""Fine-tuning jobs: their specification, waiting for them, their metrics."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fw_assets.fireworks import (
    FineTuningJob,
    FineTuningSpec,
    JobFailed,
    LrScheduler,
    Money,
    NotFound,
    ServerError,
    Stalled,
    UnexpectedResponse,
    WaitTimeout,
)
from fw_assets.fireworks._resources import parse_resource

from .fake import NOT_FOUND, answers, client_of, reply

NAME = "accounts/acme/supervisedFineTuningJobs/j"
BASE = "accounts/fireworks/models/small"


def job(state: Any, **fields: Any) -> httpx.Response:
    return reply(200, {"name": NAME, "state": state, "outputModel": "accounts/acme/models/m", **fields})


@pytest.mark.parametrize("rank", [1, 2, 4, 8, 16, 32, 64])
def test_powers_of_two_are_ranks(rank: int) -> None:
    assert FineTuningSpec(dataset="d", base_model=BASE, lora_rank=rank).body("a")["loraRank"] == rank


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"base_model": BASE, "lora_rank": 12}, "not a power of two"),
        ({"base_model": BASE, "lora_rank": 0}, "not a power of two"),
        ({}, "exactly one of base_model and warm_start_from"),
        ({"base_model": BASE, "warm_start_from": "m"}, "exactly one of"),
        ({"base_model": BASE, "rows": 1_000_001, "epochs": 3}, "exceed 3,000,000"),
        ({"base_model": BASE, "epochs": 0}, "greater than or equal to 1"),
        ({"base_model": BASE, "epochs": 1.5}, "valid integer"),
        ({"base_model": BASE, "learning_rate": float("nan")}, "finite"),
        ({"base_model": BASE, "batch_size": 4}, "Extra inputs"),
    ],
)
def test_what_the_trainer_would_refuse_is_refused_here(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        FineTuningSpec(dataset="d", **fields)


def test_a_rank_above_32_needs_a_model_that_publishes_it() -> None:
    spec = FineTuningSpec(dataset="d", base_model=BASE, lora_rank=64)

    def handle(request: httpx.Request) -> httpx.Response:
        if "/models/" in request.url.path:
            return reply(200, {"name": BASE, "fineTuningDefaults": {"grid": grid}})
        return NOT_FOUND if request.method == "GET" else job("JOB_STATE_CREATING")

    grid: list[dict[str, Any]] = []
    client, recorder, _ = client_of(handle)
    with pytest.raises(ValueError, match="small takes 1, 2, 4, 8, 16, 32"):
        asyncio.run(client.ensure_fine_tuning_job("j", spec))
    assert [request.method for request in recorder.requests] == ["GET"]
    grid.append({"loraRank": 64, "learningRate": 0.1})
    assert asyncio.run(client.ensure_fine_tuning_job("j", spec)).state == "CREATING"


@pytest.mark.parametrize("bad", ["1job", "job-", "Job", "a" * 64, "", "a/b", "a b", "a%2f"])
def test_an_id_the_platform_would_refuse_is_never_sent(bad: str) -> None:
    client, recorder, _ = client_of(answers(NOT_FOUND))
    with pytest.raises(ValueError, match="cannot be a resource id"):
        asyncio.run(client.ensure_fine_tuning_job(bad, FineTuningSpec(dataset="d", base_model=BASE)))
    assert recorder.requests == []


def test_schedulers_on_the_http() -> None:
    assert LrScheduler(kind="cosine", min_lr_ratio=0.1).body() == {"cosine": {"minLrRatio": 0.1}}
    assert LrScheduler(kind="linear", min_lr_ratio=0, decay_ratio=0.5).body() == {
        "linear": {"minLrRatio": 0.0, "decayRatio": 0.5}
    }


@pytest.mark.parametrize(
    ("given_state", "state"),
    [
        ("JOB_STATE_RUNNING", "RUNNING"),
        ("RUNNING", "RUNNING"),
        ("running", "RUNNING"),
        (2, "RUNNING"),
        (99, "UNKNOWN_99"),
    ],
)
def test_states_arrive_in_many_forms(given_state: Any, state: str) -> None:
    assert parse_resource(FineTuningJob, {"name": NAME, "state": given_state}).state == state


@given(st.text(min_size=1, max_size=20))
def test_a_state_of_tomorrow_is_not_an_end(state: str) -> None:
    assert not FineTuningJob(name=NAME, state=f"JOB_STATE_X_{state}").finished


def test_waiting_ends_by_state_alone() -> None:
    client, _, _ = client_of(
        answers(
            NOT_FOUND,
            job("JOB_STATE_CREATING", jobProgress={"percent": 100}),
            job("JOB_STATE_SOMETHING_NEW"),
            job("JOB_STATE_RUNNING", jobProgress={"percent": 50, "epoch": 1, "inputTokens": "123"}),
            job("JOB_STATE_COMPLETED"),
        )
    )
    progress: list[tuple[str, float]] = []
    done = asyncio.run(
        client.wait_fine_tuning_job("j", on_progress=lambda job: progress.append((job.state, job.job_progress.percent)))
    )
    assert done.state == "COMPLETED"
    assert progress == [("CREATING", 100), ("SOMETHING_NEW", 0), ("RUNNING", 50), ("COMPLETED", 0)]


@pytest.mark.parametrize("state", ["FAILED", "CANCELLED", "EXPIRED", "DELETING", "DELETED"])
def test_another_end_is_an_error_with_the_reason(state: str) -> None:
    status = {"code": "INVALID_ARGUMENT", "message": "No valid training examples"}
    client, _, _ = client_of(answers(job(f"JOB_STATE_{state}", status=status)))
    with pytest.raises(JobFailed, match=f"ended as {state}: No valid training examples"):
        asyncio.run(client.wait_fine_tuning_job("j"))


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("DELETING_CLEANING_UP", "it was deleted on the platform"),
        ("DELETED", "it was deleted on the platform"),
        ("EXPIRED", "the time ran out that the platform gives a job"),
        ("FAILED", "the platform gives no reason"),
    ],
)
def test_an_end_without_a_reason_says_what_it_is(state: str, reason: str) -> None:
    client, _, _ = client_of(answers(job(f"JOB_STATE_{state}")))
    with pytest.raises(JobFailed, match=f"ended as {state}: {reason}"):
        asyncio.run(client.wait_fine_tuning_job("j"))


def test_a_job_that_is_gone_while_it_is_waited_for_was_deleted() -> None:
    client, _, _ = client_of(answers(job("JOB_STATE_RUNNING"), NOT_FOUND))
    with pytest.raises(JobFailed, match="ended as DELETED: it was deleted on the platform"):
        asyncio.run(client.wait_fine_tuning_job("j"))
    client, _, _ = client_of(answers(NOT_FOUND))
    with pytest.raises(NotFound):
        asyncio.run(client.wait_fine_tuning_job("j"))


def test_a_wait_times_out_and_cancels_nothing() -> None:
    client, recorder, clock = client_of(answers(job("JOB_STATE_PENDING")))
    with pytest.raises(WaitTimeout, match="PENDING") as caught:
        asyncio.run(client.wait_fine_tuning_job("j", poll_interval=5, timeout=60))
    assert not isinstance(caught.value, Stalled)
    assert 60 <= clock.time < 61
    assert {request.method for request in recorder.requests} == {"GET"}


def test_a_silent_stall_is_noticed() -> None:
    client, _, clock = client_of(answers(job("JOB_STATE_RUNNING", jobProgress={"percent": 5})))
    with pytest.raises(Stalled, match="RUNNING 5 %, without progress"):
        asyncio.run(client.wait_fine_tuning_job("j", poll_interval=5, timeout=3600, stall_timeout=600))
    assert 600 <= clock.time < 620


def test_waiting_survives_trouble_of_the_platform() -> None:
    client, _, _ = client_of(
        answers(job("JOB_STATE_RUNNING"), reply(503), httpx.ReadError("lost"), job("JOB_STATE_COMPLETED"))
    )
    assert asyncio.run(client.wait_fine_tuning_job("j")).succeeded


def test_a_job_that_never_existed_is_not_waited_for() -> None:
    client, _, clock = client_of(answers(NOT_FOUND))
    with pytest.raises(NotFound):
        asyncio.run(client.wait_fine_tuning_job("j"))
    assert clock.time < 60


def test_the_estimated_cost_is_money() -> None:
    cost = {"currencyCode": "USD", "units": "3", "nanos": 420_000_000}
    estimate = parse_resource(FineTuningJob, {"name": NAME, "estimatedCost": cost}).estimated_cost
    assert estimate is not None
    assert estimate.usd == pytest.approx(3.42)
    assert Money(currency_code="EUR", units=3).usd is None


SPEC = FineTuningSpec(dataset="d", base_model=BASE, output_model="m", epochs=2, rows=9)


def test_the_cost_is_asked_with_the_body_of_a_job_and_nothing_is_created() -> None:
    client, recorder, _ = client_of(answers(reply(200, {"estimatedCost": {"units": "3", "nanos": 420_000_000}})))
    cost = asyncio.run(client.estimate_fine_tuning_cost(SPEC))
    assert cost is not None
    assert cost.usd == pytest.approx(3.42)
    assert recorder.calls() == ["POST /v1/accounts/acme/supervisedFineTuningJobs:estimateCost"]
    assert json.loads(recorder.requests[0].content) == SPEC.body("acme")


@pytest.mark.parametrize("status", [400, 403, 404, 405, 501])
def test_a_service_that_estimates_no_jobs_is_asked_once_and_said(status: int, caplog: pytest.LogCaptureFixture) -> None:
    client, recorder, _ = client_of(answers(reply(status, {"code": 12, "message": "unimplemented"})))
    assert asyncio.run(client.estimate_fine_tuning_cost(SPEC)) is None
    assert len(recorder.requests) == 1
    assert f"gives no estimate of a job before it starts ({status})" in caplog.text


def test_an_answer_without_an_estimate_is_none_and_trouble_is_no_estimate() -> None:
    client, _, _ = client_of(answers(reply(200, {})))
    assert asyncio.run(client.estimate_fine_tuning_cost(SPEC)) is None
    client, recorder, _ = client_of(answers(reply(503, {"message": "later"})))
    with pytest.raises(ServerError):
        asyncio.run(client.estimate_fine_tuning_cost(SPEC))
    assert len(recorder.requests) > 2
    client, _, _ = client_of(answers(reply(200, {"estimatedCost": "much"})))
    with pytest.raises(UnexpectedResponse, match="is no Estimate"):
        asyncio.run(client.estimate_fine_tuning_cost(SPEC))


JOB = FineTuningJob(name=NAME)
METRICS = (
    '{"step": 1, "train/loss": 2.5, "note": "warm-up", "train/ok": true}\n'
    '{"step": 2, "data": {"train/loss": 1.5}}\n'
    '{"eval/loss": 1.25}\n{"step": 3, "train/lo'
)


def test_metrics_are_read_without_the_key_and_up_to_the_line_being_written() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.host == "storage.test":
            assert "authorization" not in request.headers
            return httpx.Response(200, text=METRICS)
        return job("JOB_STATE_RUNNING", metricsFileSignedUrl="https://storage.test/m.jsonl?X-Sig=1")

    client, _, _ = client_of(handle)
    assert asyncio.run(client.fine_tuning_metrics(JOB)) == [
        {"step": 1.0, "train/loss": 2.5},
        {"step": 2.0, "train/loss": 1.5},
        {"eval/loss": 1.25},
    ]


@pytest.mark.parametrize("line", ["[" * 100_000, '{"step": 1%s}' % ("0" * 4000), '{"step": NaN}', "[1]", '"x"'])
def test_what_is_no_figure_is_left_out_of_the_metrics(line: str) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text=f'{line}\n{{"step": 2}}\n')

    client, _, _ = client_of(handle)
    with_url = parse_resource(FineTuningJob, {"name": NAME, "metricsFileSignedUrl": "/metrics"})
    assert [record for record in asyncio.run(client.fine_tuning_metrics(with_url)) if record] == [{"step": 2.0}]


def test_a_line_cut_off_by_a_crash_does_not_hide_the_record_after_it() -> None:
    text = (
        '{"step": 1, "train/total_tokens": 9}\n{"step": 2, "train/tot{"step": 2, "data": {"train/total_tokens": 8}}\n'
    )
    client, _, _ = client_of(lambda _: httpx.Response(200, text=text + '{"step": 3, "train'))
    with_url = parse_resource(FineTuningJob, {"name": NAME, "metricsFileSignedUrl": "/metrics"})
    records = asyncio.run(client.fine_tuning_metrics(with_url))
    assert [record["train/total_tokens"] for record in records] == [9, 8]


def test_an_expired_metrics_url_is_renewed() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/metrics":
            return httpx.Response(200, text='{"step": 1}\n') if request.url.query == b"s=new" else reply(403)
        return job("JOB_STATE_COMPLETED", metricsFileSignedUrl="/metrics?s=new")

    client, _, _ = client_of(handle)
    stale = parse_resource(FineTuningJob, {"name": NAME, "metricsFileSignedUrl": "/metrics?s=old"})
    assert asyncio.run(client.fine_tuning_metrics(stale)) == [{"step": 1.0}]


@pytest.mark.parametrize("url", ["", "/metrics"])
def test_no_metrics_yet_is_no_error(url: str) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        return NOT_FOUND if request.url.path == "/metrics" else job("JOB_STATE_RUNNING", metricsFileSignedUrl=url)

    client, _, _ = client_of(handle)
    assert asyncio.run(client.fine_tuning_metrics(JOB)) == []

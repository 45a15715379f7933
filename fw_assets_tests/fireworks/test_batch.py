"""Batch jobs: adopted or started, waited for, their answers read in every known form."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from fw_assets.fireworks import (
    BatchInferenceSpec,
    ChatCompletion,
    ConflictError,
    JobFailed,
    Stalled,
    UnexpectedResponse,
    WaitTimeout,
    batch_results,
)

from .fake import FakePlatform, answers, client_of, reply

SPEC = BatchInferenceSpec(
    model="accounts/fireworks/models/small",
    input_dataset="in",
    output_dataset="out",
    max_tokens=16,
    temperature=0,
    extra_body={"response_format": {"type": "json_object"}, "seed": 0},
)
NAME = "accounts/acme/batchInferenceJobs/b"


def job(state: str, **fields: Any) -> httpx.Response:
    return reply(200, {"name": NAME, "state": state, **fields})


def test_twice_the_same_is_one_job() -> None:
    platform = FakePlatform()
    client, _, _ = client_of(platform)

    async def twice() -> None:
        await client.ensure_batch_inference_job("b", SPEC)
        await client.ensure_batch_inference_job("b", SPEC)

    asyncio.run(twice())
    assert platform.creates == 1


def test_the_extra_body_is_compared_as_json() -> None:
    body = SPEC.body("acme")
    body["inferenceParameters"]["extraBody"] = '{"seed": 0, "response_format": {"type": "json_object"}}'
    client, _, _ = client_of(answers(job("JOB_STATE_RUNNING", **body)))
    assert asyncio.run(client.ensure_batch_inference_job("b", SPEC)).state == "RUNNING"


@pytest.mark.parametrize(
    "change", [{"model": "accounts/fireworks/models/large"}, {"max_tokens": 8}, {"extra_body": {"seed": 1}}]
)
def test_another_question_under_the_same_id_is_a_conflict(change: dict[str, Any]) -> None:
    client, _, _ = client_of(FakePlatform())

    async def both() -> None:
        await client.ensure_batch_inference_job("b", SPEC)
        await client.ensure_batch_inference_job("b", SPEC.model_copy(update=change))

    with pytest.raises(ConflictError):
        asyncio.run(both())


def test_waiting_for_a_job() -> None:
    progress = {"percent": 100, "successfullyProcessedRequests": "3"}
    client, _, _ = client_of(
        answers(job("VALIDATING"), job("JOB_STATE_PENDING"), job("COMPLETED", jobProgress=progress))
    )
    done = asyncio.run(client.wait_batch_inference_job("b"))
    assert done.succeeded
    assert done.job_progress.successfully_processed_requests == 3


def test_a_job_waits_for_its_turn_for_a_day() -> None:
    client, _, clock = client_of(answers(job("JOB_STATE_PENDING")))
    with pytest.raises(WaitTimeout, match="PENDING") as caught:
        asyncio.run(client.wait_batch_inference_job("b", poll_interval=60, stall_timeout=600))
    assert not isinstance(caught.value, Stalled)
    assert 24 * 3600 <= clock.time < 25 * 3600


def test_a_job_whose_turn_has_come_and_that_does_not_move_is_stalled() -> None:
    client, _, clock = client_of(answers(job("JOB_STATE_RUNNING", jobProgress={"percent": 3})))
    with pytest.raises(Stalled, match="RUNNING 3 %"):
        asyncio.run(client.wait_batch_inference_job("b", stall_timeout=600))
    assert clock.time < 700


def test_an_expired_job_is_an_error() -> None:
    client, _, _ = client_of(answers(job("JOB_STATE_EXPIRED")))
    with pytest.raises(JobFailed, match="EXPIRED"):
        asyncio.run(client.wait_batch_inference_job("b"))


def test_results_in_every_form(tmp_path: Path) -> None:
    answer = {"choices": [{"message": {"content": "sales"}, "finish_reason": "stop"}]}
    rows = [
        {"custom_id": "plain", "response": answer},
        {"custom_id": "wrapped", "response": {"status_code": 200, "body": answer}},
        {"custom_id": "refused", "response": {"status_code": 400, "body": {"error": {"message": "too long"}}}},
        {"custom_id": "failed", "error": {"message": "no replica"}},
        {"custom_id": "silent", "error": None, "response": None},
    ]
    path = tmp_path / "results.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) + "\n")
    results = {
        custom_id: result.text if isinstance(result, ChatCompletion) else str(result)
        for custom_id, result in batch_results((path,))
    }
    assert results == {
        "plain": "sales",
        "wrapped": "sales",
        "refused": "too long",
        "failed": "no replica",
        "silent": "no response",
    }


@pytest.mark.parametrize(
    "line", ["{", "[]", '{"response": {}}', "7", '{"custom_id": null}', '{"error": {"message": "x"}}']
)
def test_a_line_that_names_no_row_does_not_end_the_reading(
    tmp_path: Path, line: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer = {"choices": [{"message": {"content": "sales"}, "finish_reason": "stop"}]}
    path = tmp_path / "errors.jsonl"
    path.write_text(f"\n{line}\n{json.dumps({'custom_id': 'a', 'response': answer})}\n")
    ((custom_id, result),) = batch_results((path,))
    assert custom_id == "a"
    assert isinstance(result, ChatCompletion)
    assert "errors.jsonl:2: a line without custom_id answers no row" in caplog.text


def test_a_completion_that_cannot_be_read_is_its_rows_failure(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    path.write_text(json.dumps({"custom_id": "a", "response": {"choices": {}}}) + "\n")
    ((_, result),) = batch_results((path,))
    assert isinstance(result, UnexpectedResponse)

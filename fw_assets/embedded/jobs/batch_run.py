"""One batch inference job, as its worker runs it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from fw_assets.embedded.endpoints.datasets import KIND as DATASETS
from fw_assets.embedded.endpoints.datasets import new_document, ready_dataset
from fw_assets.embedded.errors import ApiError
from fw_assets.embedded.inference.chat_request import ChatRequest, read_request
from fw_assets.embedded.inference.completion import complete_all
from fw_assets.embedded.inference.micro_batcher import MAX_BATCH
from fw_assets.embedded.inference.routing import Target, undeployed
from fw_assets.embedded.jobs import fine_tuning_run as training
from fw_assets.embedded.jobs import job_queue
from fw_assets.embedded.jobs.job_queue import Claim
from fw_assets.embedded.records.dataset_files import BatchRow, lines
from fw_assets.embedded.store import faults, resources
from fw_assets.embedded.store.platform import Platform
from fw_assets.embedded.store.resource_ids import split_name

KIND = "batchInferenceJobs"
RESULTS, ERRORS = "results.jsonl", "errors.jsonl"
_REPORT_SECONDS = 0.5
_WIRE = {"maxTokens": "max_tokens", "temperature": "temperature", "topP": "top_p", "topK": "top_k", "n": "n"}


def validate(platform: Platform, taken: Claim) -> None:
    """VALIDATING, then PENDING: the input is there."""
    job = training.report(platform, taken, {"state": "JOB_STATE_VALIDATING"})
    ready_dataset(platform, job["inputDatasetId"], "inputDatasetId")
    with platform.store.write() as connection:
        job_queue.advance(connection, taken)
        stamp = {"state": "JOB_STATE_PENDING", "updateTime": platform.timestamp()}
        resources.update(connection, KIND, taken.account, taken.id, stamp)


def run(platform: Platform, taken: Claim) -> None:
    """RUNNING, then COMPLETED together with the output dataset: results and errors, by `custom_id`."""
    job = training.report(platform, taken, {"state": "JOB_STATE_RUNNING"})
    faults.stall(platform, KIND, taken.id)
    _, path = ready_dataset(platform, job["inputDatasetId"], "inputDatasetId")
    _, output_id = split_name(job["outputDatasetId"], DATASETS, "outputDatasetId")
    for left in platform.home.glob(f"datasets/.{output_id}.*"):
        # What a killed worker had begun to write.
        shutil.rmtree(left, ignore_errors=True)
    out = platform.dataset_folder(f".{output_id}.{taken.token}")
    out.mkdir(parents=True)
    progress = _answer_all(platform, taken, job, path, out)
    final = platform.dataset_folder(output_id)
    document = new_document(platform, output_id, job["displayName"], progress["outputRows"]) | {
        "state": "READY",
        "format": "FORMAT_UNSPECIFIED",
        "sourceJobName": job["name"],
        "estimatedTokenCount": str(progress["inputTokens"] + progress["outputTokens"]),
    }
    with platform.store.write() as connection:
        job_queue.hold(connection, taken)
        resources.update(connection, KIND, taken.account, taken.id, {"jobProgress": progress})
        resources.insert(connection, DATASETS, taken.account, output_id, document)
        shutil.rmtree(final, ignore_errors=True)
        out.rename(final)
        training.complete(platform, connection, taken)


def _answer_all(platform: Platform, taken: Claim, job: dict[str, Any], path: Path, out: Path) -> dict[str, Any]:
    decoder = msgspec.json.Decoder(BatchRow)
    total = job["jobProgress"]["totalInputRequests"]
    shared = _shared_body(job)
    target = undeployed(platform, job["model"])
    done = failed = read = written = 0
    reported = time.monotonic()

    def progress() -> dict[str, Any]:
        return {
            "percent": int(100 * (done + failed) / max(total, 1)),
            "totalInputRequests": total,
            "totalProcessedRequests": done + failed,
            "successfullyProcessedRequests": done,
            "failedRequests": failed,
            "outputRows": done,
            "inputTokens": read,
            "outputTokens": written,
        }

    with (out / RESULTS).open("wb") as results, (out / ERRORS).open("wb") as errors:
        for together in _together(decoder.decode(line) for _, line in lines(path)):
            for row, answer in zip(together, _answers(platform, job, shared, target, together), strict=True):
                if isinstance(answer, ApiError):
                    failed += 1
                    errors.write(_line({"custom_id": row.custom_id, "response": None, **answer.inference()}))
                else:
                    done += 1
                    read += answer["usage"]["prompt_tokens"]
                    written += answer["usage"]["completion_tokens"]
                    results.write(_line({"custom_id": row.custom_id, "response": answer}))
            if time.monotonic() - reported > _REPORT_SECONDS:
                reported = time.monotonic()
                training.report(platform, taken, {"jobProgress": progress()})
    return progress()


def _together(rows: Iterator[BatchRow]) -> Iterator[list[BatchRow]]:
    while chunk := list(islice(rows, MAX_BATCH)):
        yield chunk


def _answers(
    platform: Platform, job: dict[str, Any], shared: dict[str, Any], target: Target, together: Sequence[BatchRow]
) -> list[dict[str, Any] | ApiError]:
    """One answer or refusal per row, in their order; the rows that are requests are answered together."""
    found: list[dict[str, Any] | ApiError] = []
    requests: dict[int, ChatRequest] = {}
    for place, row in enumerate(together):
        try:
            requests[place] = read_request(msgspec.json.encode({**shared, **row.body, "model": job["model"]}))
            found.append({})
        except ApiError as error:
            found.append(error)
    for place, answer in zip(requests, complete_all(platform, list(requests.values()), target), strict=True):
        found[place] = answer
    return found


def _shared_body(job: dict[str, Any]) -> dict[str, Any]:
    parameters = job["inferenceParameters"]
    extra = msgspec.json.decode(parameters.get("extraBody") or "{}", type=dict[str, Any])
    return extra | {_WIRE[key]: value for key, value in parameters.items() if key in _WIRE}


def _line(content: Any) -> bytes:
    return msgspec.json.encode(content) + b"\n"

"""The two stages of a batch inference job, as its worker runs them."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice, tee
from pathlib import Path
from typing import Any

import msgspec

from fw_assets.embedded.engine.registry import find_base_model
from fw_assets.embedded.errors import RpcError
from fw_assets.embedded.file_checksums import write_checksum
from fw_assets.embedded.inference.chat_completion import Completions
from fw_assets.embedded.inference.chat_request import ChatRequest, read_request
from fw_assets.embedded.inference.reasoning import check_effort, with_reasoning
from fw_assets.embedded.inference.routing import batch_target
from fw_assets.embedded.inference_server.serving import server_of
from fw_assets.embedded.jobs import job_queue
from fw_assets.embedded.jobs.executor import LocalExecutor, job_executor
from fw_assets.embedded.jobs.job_queue import JobClaim
from fw_assets.embedded.jobs.job_state import complete_job, end_job, finish_validation, update_job
from fw_assets.embedded.jobs.repair import with_repair
from fw_assets.embedded.records.dataset_documents import new_dataset, ready_dataset
from fw_assets.embedded.records.dataset_files import BatchRow, read_lines
from fw_assets.embedded.store import documents, faults
from fw_assets.embedded.store.embedded_platform import EmbeddedPlatform
from fw_assets.embedded.store.resource_names import BATCH_JOBS, DATASETS, split_name

RESULTS, ERRORS = "results.jsonl", "errors.jsonl"
_REPORT_SECONDS = 0.5
_CHAT_FIELDS = {"maxTokens": "max_tokens", "temperature": "temperature", "topP": "top_p", "topK": "top_k", "n": "n"}


def validate(platform: EmbeddedPlatform, claim: JobClaim) -> None:
    """VALIDATING, then PENDING: the input is there."""
    job = update_job(platform, claim, {"state": "JOB_STATE_VALIDATING"})
    ready_dataset(platform, job["inputDatasetId"], "inputDatasetId")
    finish_validation(platform, claim)


def run(platform: EmbeddedPlatform, claim: JobClaim) -> None:
    """RUNNING, then COMPLETED together with the output dataset: results and errors, by `custom_id`.

    A job that is made to expire keeps the rows that it has finished; one that is made to end otherwise has none.
    """
    job = update_job(platform, claim, {"state": "JOB_STATE_RUNNING"})
    ending = faults.wait_or_fail(platform, BATCH_JOBS, claim.id)
    if ending and ending != "EXPIRED":
        end_job(platform, claim, ending)
        return
    _, path = ready_dataset(platform, job["inputDatasetId"], "inputDatasetId")
    _, output_id = split_name(job["outputDatasetId"], DATASETS, "outputDatasetId")
    for abandoned in platform.home.glob(f"datasets/.{output_id}.*"):
        # Begun by a worker that was killed.
        shutil.rmtree(abandoned, ignore_errors=True)
    out = platform.dataset_folder(f".{output_id}.{claim.token}")
    out.mkdir(parents=True)
    try:
        _write_results(platform, claim, job, path, out, output_id, ending)
    finally:
        shutil.rmtree(out, ignore_errors=True)


def _write_results(
    platform: EmbeddedPlatform,
    claim: JobClaim,
    job: dict[str, Any],
    path: Path,
    out: Path,
    output_id: str,
    ending: str,
) -> None:
    """Answer the rows of the file `path` into the folder `out`, and make it the output dataset."""
    total = job["jobProgress"]["totalInputRequests"]
    progress = _complete_rows(platform, claim, job, path, out, total // 2 if ending else total)
    for name in (RESULTS, ERRORS):
        write_checksum(out / name)
    folder = platform.dataset_folder(output_id)
    document = new_dataset(platform, output_id, job["displayName"], progress["outputRows"]) | {
        "state": "READY",
        "format": "FORMAT_UNSPECIFIED",
        "sourceJobName": job["name"],
        "estimatedTokenCount": str(progress["inputTokens"] + progress["outputTokens"]),
    }
    with platform.database.write() as connection:
        job_queue.check_claim(connection, claim)
        documents.update(connection, BATCH_JOBS, claim.account, claim.id, {"jobProgress": progress})
        documents.insert(connection, DATASETS, claim.account, output_id, document)
        shutil.rmtree(folder, ignore_errors=True)
        out.rename(folder)
        complete_job(platform, connection, claim, ending or "COMPLETED")


def _complete_rows(
    platform: EmbeddedPlatform, claim: JobClaim, job: dict[str, Any], path: Path, out: Path, rows: int
) -> dict[str, Any]:
    """Write a result or an error for each of the first `rows` into `out`, and return the final `jobProgress`."""
    total = job["jobProgress"]["totalInputRequests"]
    target = batch_target(platform, job["model"])
    succeeded = failed = input_tokens = output_tokens = 0
    reported = time.monotonic()

    def progress() -> dict[str, Any]:
        return {
            "percent": int(100 * (succeeded + failed) / max(total, 1)),
            "totalInputRequests": total,
            "totalProcessedRequests": succeeded + failed,
            "successfullyProcessedRequests": succeeded,
            "failedRequests": failed,
            "outputRows": succeeded,
            "inputTokens": input_tokens,
            "outputTokens": output_tokens,
        }

    served = server_of(find_base_model(target.base), target.folder)
    executor = LocalExecutor(platform) if served else job_executor(platform, claim)
    # An executor may take several shards before it has answered the first.
    read, ahead = tee(_shards(platform, job, _rows(path, rows), executor.shard_rows(target)))
    answers = executor.answer(target, (list(shard.requests.values()) for shard in ahead))
    with closing(answers), (out / RESULTS).open("wb") as results, (out / ERRORS).open("wb") as errors:
        for shard in read:
            chosen = with_repair(platform, target, lambda: next(answers))
            for row, completion in shard.joined(chosen, faults.active_faults(platform)):
                if isinstance(completion, RpcError):
                    failed += 1
                    error = completion.inference_body()
                    errors.write(_encode_line({"custom_id": row.custom_id, "response": None, **error}))
                else:
                    succeeded += 1
                    input_tokens += completion["usage"]["prompt_tokens"]
                    output_tokens += completion["usage"]["completion_tokens"]
                    results.write(_encode_line({"custom_id": row.custom_id, "response": completion}))
            if time.monotonic() - reported > _REPORT_SECONDS:
                reported = time.monotonic()
                update_job(platform, claim, {"jobProgress": progress()})
    return progress()


@dataclass(frozen=True)
class _Shard:
    """Rows that are answered by one call: their requests, and the refusals of others, by index."""

    rows: list[BatchRow]
    requests: dict[int, ChatRequest]
    refusals: dict[int, RpcError]

    def joined(
        self, chosen: Completions, active: faults.Faults
    ) -> Iterator[tuple[BatchRow, dict[str, Any] | RpcError]]:
        """Each row with its completion, or why it was refused.

        Raises:
            RpcError: INTERNAL, where an inference server was waited for: another job may do better.
        """
        lost = next((answer for answer in chosen if isinstance(answer, RpcError) and answer.may_pass), None)
        if lost is not None:
            raise RpcError("INTERNAL", lost.message)
        answers = with_reasoning(list(self.requests.values()), chosen, active)
        completions = self.refusals | dict(zip(self.requests, answers, strict=True))
        for index, row in enumerate(self.rows):
            yield row, completions[index]


def _rows(path: Path, count: int) -> Iterator[BatchRow]:
    decoder = msgspec.json.Decoder(BatchRow)
    return (decoder.decode(line) for _, line in islice(read_lines(path), count))


def _shards(platform: EmbeddedPlatform, job: dict[str, Any], rows: Iterator[BatchRow], size: int) -> Iterator[_Shard]:
    shared_fields = _shared_fields(job)
    while batch := list(islice(rows, size)):
        active = faults.active_faults(platform)
        shard = _Shard(batch, {}, {})
        for index, row in enumerate(batch):
            try:
                body = {**shared_fields, **row.body, "model": job["model"]}
                request = read_request(msgspec.json.encode(body))
                check_effort(request, active)
                shard.requests[index] = request
            except RpcError as error:
                shard.refusals[index] = error
        yield shard


def _shared_fields(job: dict[str, Any]) -> dict[str, Any]:
    """The fields of every request, from the job's `inferenceParameters`; a row's own fields win."""
    parameters = job["inferenceParameters"]
    extra = msgspec.json.decode(parameters.get("extraBody") or "{}", type=dict[str, Any])
    return extra | {_CHAT_FIELDS[key]: value for key, value in parameters.items() if key in _CHAT_FIELDS}


def _encode_line(content: Any) -> bytes:
    return msgspec.json.encode(content) + b"\n"

"""Batch inference: all rows in one job, without a deployment, at half the price and without a promised latency."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from fw_assets.classification.catalogue.resource_ids import batch_id
from fw_assets.classification.prompting.prompt import Prompt, request
from fw_assets.fireworks import (
    BatchInferenceJob,
    BatchInferenceSpec,
    ConflictError,
    Fireworks,
    FireworksError,
    JobFailed,
    NotFound,
    ReasoningRefused,
    WaitTimeout,
    batch_results,
    names_reasoning,
)
from fw_assets.pipeline.budget.attempts import Attempts
from fw_assets.pipeline.errors.attempts import BatchStalled
from fw_assets.pipeline.evaluation.online import InferenceResult
from fw_assets.pipeline.evaluation.request_set import RequestSet
from fw_assets.pipeline.evaluation.response_cache import ResponseCache
from fw_assets.pipeline.evaluation.thinking import ThinkingWatch, reasoning_matters
from fw_assets.pipeline.platform.quota import active_jobs, when_quota_allows
from fw_assets.pipeline.progress import tell, upload_progress
from fw_assets.pipeline.values.attempts import Ending
from fw_assets.workspace.batches import Batches

STALL_SECONDS = 3600.0
"""How long a job whose turn has come may stay as it is; it may wait for its turn for a day."""


async def ask_in_batch(
    client: Fireworks,
    model: str,
    prompt: Prompt,
    rows: Batches | pl.DataFrame,
    cache: ResponseCache,
    *,
    job: str,
    poll: float,
    what: str,
    attempts: Attempts,
    stall: float = STALL_SECONDS,
) -> InferenceResult:
    """Ask `model` for each of `rows` (of a SPLIT frame) in a job of the id `job`.

    A job that exists is waited for and read. Rows that it left unanswered are asked in a further job, whose id follows
    from the job before and those rows; at most one job is started per call, so rows that fail every time cost once per
    call. A job that failed, was cancelled or expired is read as far as it came, and followed as `attempts` allow.

    Args:
        poll: seconds between two looks at the job's state.
        what: title of the progress messages.

    Raises:
        ReasoningRefused: the model refuses the prompt's `reasoning_effort`; nothing was answered.
        ThinksBeforeAnswering: it spends the tokens of an answer on its reasoning.
        BatchStalled: the platform never started the job.
        AttemptFailed: the platform gave up on it; the message says whether approving again allows another attempt.
    """
    requests = RequestSet(prompt, rows if isinstance(rows, Batches) else Batches(rows.lazy()), cache)
    job_id, sent, attempt = job, 0, 1
    watch = ThinkingWatch.over(model, prompt, requests.answers())
    while not sent and requests.answered < requests.total:
        state = await _find_job(client, job_id)
        if state is None or not state.finished:
            attempts.start(job_id)
            if state is None:
                sent = await _start_job(client, model, prompt, requests, job_id, poll, what)
            state = await _finished_job(client, job_id, model, poll, stall, what)
        await _store_answers(client, job_id, requests, cache, watch)
        said = f"{requests.error or ''} {state.status.message}"
        refused = not requests.answered and bool(requests.total) and names_reasoning(said)
        if refused and reasoning_matters(prompt):
            raise ReasoningRefused(400, said.strip(), request=f"batch inference job {job_id}")
        if refused and prompt.mode == "free":
            break  # of a sample, that is the finding
        # The first may have been asked with the field, by a call before this one: only its successors are attempts.
        if state.ending and not (refused and job_id == job) and requests.answered < requests.total:
            ending = Ending(state.ending, state.status.code, state.reason)
            attempts.check(job_id, "batch inference job", ending, attempt)
            attempt += 1
        job_id = batch_id(model, [job_id, requests.unanswered_digest()])
    missing = requests.total - requests.answered
    tell(what, requests.total, requests.total, f"{missing} without an answer" if missing else "")
    usage = requests.usage
    rejection = None if usage.requests or not requests.total else requests.error or f"job {job} gave no answer"
    return InferenceResult(requests, usage, sent, rejection)


async def _find_job(client: Fireworks, job_id: str) -> BatchInferenceJob | None:
    try:
        return await client.batch_inference_job(job_id)
    except NotFound:
        return None


async def _start_job(
    client: Fireworks, model: str, prompt: Prompt, requests: RequestSet, job_id: str, poll: float, what: str
) -> int:
    """Start a job for the unanswered requests; returns how many there are.

    Another workspace may start the job of this id at the same time, with the requests that it has no answer to: that
    job is as good, and 0 is returned.
    """
    parameters: dict[str, Any] = {}
    rows = 0
    with tempfile.TemporaryDirectory(prefix="fw-assets-") as folder:
        path = Path(folder) / "requests.jsonl"
        with path.open("wb") as sink:
            for key, messages in requests.unanswered():
                parameters = request(prompt, messages)
                row = {"custom_id": key, "body": {"messages": parameters.pop("messages")}}
                sink.write(msgspec.json.encode(row) + b"\n")
                rows += 1
        dataset = await client.ensure_dataset(
            batch_id(job_id, ["rows", requests.unanswered_digest()]),
            path,
            rows=rows,
            display_name=job_id,
            format="FORMAT_UNSPECIFIED",
            on_bytes=upload_progress(job_id),
        )
    spec = BatchInferenceSpec(
        model=model,
        input_dataset=dataset.name,
        output_dataset=batch_id(job_id, "answers"),
        max_tokens=parameters.pop("max_tokens"),
        temperature=parameters.pop("temperature"),
        extra_body=parameters,
    )
    try:
        await when_quota_allows(
            partial(client.ensure_batch_inference_job, job_id, spec), partial(active_jobs, client), what=what, poll=poll
        )
    except ConflictError as conflict:
        if set(conflict.differences) != {"inputDatasetId"}:
            raise
        return 0
    return rows


async def _finished_job(
    client: Fireworks, job_id: str, model: str, poll: float, stall: float, what: str
) -> BatchInferenceJob:
    """The job, once it is finished: well or not."""

    def report(job: BatchInferenceJob) -> None:
        tell(f"{what}, batch", job.job_progress.percent, 100, job.state.lower())

    try:
        return await client.wait_batch_inference_job(
            job_id, poll_interval=poll, stall_timeout=stall, on_progress=report
        )
    except WaitTimeout as error:
        raise BatchStalled(job_id, model, str(error)) from None
    except JobFailed as failed:
        job = await _find_job(client, job_id)
        if job is None:
            raise failed from None
        return job


async def _store_answers(
    client: Fireworks, job_id: str, requests: RequestSet, cache: ResponseCache, watch: ThinkingWatch
) -> None:
    """Store the job's answers; a failed job may have none.

    Raises:
        ThinksBeforeAnswering: most of them are its reasoning; they are stored.
    """
    with tempfile.TemporaryDirectory(prefix="fw-assets-") as folder:
        try:
            files = await client.download_dataset_files(batch_id(job_id, "answers"), Path(folder))
        except NotFound:
            return
        for key, result in batch_results(files):
            if not requests.is_unanswered(key):
                continue
            if isinstance(result, FireworksError):
                requests.record_failure(key, result)
            else:
                answer = requests.stored_answer(key, result)
                cache.add(answer)
                watch.add(answer)
    cache.flush()
    watch.check()

"""Asking a model for every row in one batch inference job: without a deployment, at half the price, with patience."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from fw_assets.classification.catalogue.resource_ids import batch_id
from fw_assets.classification.prompting.prompt import Prompt, request
from fw_assets.fireworks import (
    BatchInferenceJob,
    BatchInferenceSpec,
    Fireworks,
    FireworksError,
    JobFailed,
    NotFound,
    Stalled,
    batch_results,
)
from fw_assets.pipeline.errors import BatchStalled
from fw_assets.pipeline.evaluation.online import Asked, stored
from fw_assets.pipeline.evaluation.request_set import RequestSet
from fw_assets.pipeline.evaluation.response_cache import ResponseCache
from fw_assets.pipeline.progress import tell, upload_progress
from fw_assets.workspace.batches import Batches

STALL_SECONDS = 3600.0
"""A model that takes no batch inference stays PENDING for ever, without an error."""


async def ask_in_batch(
    client: Fireworks,
    model: str,
    prompt: Prompt,
    rows: Batches | pl.DataFrame,
    store: ResponseCache,
    *,
    job: str,
    poll: float,
    what: str,
    stall: float = STALL_SECONDS,
) -> Asked:
    """Ask `model` for each of `rows` (a SPLIT frame) in a job of the id `job`, and judge the answers.

    A job that is there already is waited for and read. What it left unanswered is asked in a further job, whose id
    follows from the job before and the missing rows; at most one job is started here, so rows that fail every time
    cost once per call. One that had failed before this call is read as far as it came, and left as it is.

    Raises:
        BatchStalled: the platform never began with the job.
        JobFailed: it gave up on it.
    """
    requests = RequestSet(prompt, rows if isinstance(rows, Batches) else Batches(rows.lazy()), store)
    name, sent = job, 0
    while not sent and requests.answered < requests.total:
        found = await _find(client, name)
        if found is None:
            sent = await _start(client, model, prompt, requests, name)
        if found is None or not found.finished:
            await _wait(client, name, model, poll, stall, what)
        await _collect(client, name, requests, store)
        name = batch_id(model, [name, requests.missing_digest()])
    tell(what, requests.answered, requests.total)
    usage = requests.usage
    refused = None if usage.requests or not requests.total else requests.error or f"job {job} gave no answer"
    return Asked(requests, usage, sent, refused)


async def _find(client: Fireworks, job: str) -> BatchInferenceJob | None:
    try:
        return await client.batch_inference_job(job)
    except NotFound:
        return None


async def _start(client: Fireworks, model: str, prompt: Prompt, requests: RequestSet, job: str) -> int:
    shared: dict[str, Any] = {}
    rows = 0
    with tempfile.TemporaryDirectory(prefix="fw-assets-") as folder:
        path = Path(folder) / "requests.jsonl"
        with path.open("wb") as sink:
            for key, messages in requests.waiting():
                shared = request(prompt, messages)
                row = {"custom_id": key, "body": {"messages": shared.pop("messages")}}
                sink.write(msgspec.json.encode(row) + b"\n")
                rows += 1
        dataset = await client.ensure_dataset(
            batch_id(job, "rows"),
            path,
            rows=rows,
            display_name=job,
            format="FORMAT_UNSPECIFIED",
            on_bytes=upload_progress(job),
        )
    spec = BatchInferenceSpec(
        model=model,
        input_dataset=dataset.name,
        output_dataset=batch_id(job, "answers"),
        max_tokens=shared.pop("max_tokens"),
        temperature=shared.pop("temperature"),
        extra_body=shared,
    )
    await client.ensure_batch_inference_job(job, spec)
    return rows


async def _wait(client: Fireworks, job: str, model: str, poll: float, stall: float, what: str) -> None:
    def progress(found: BatchInferenceJob) -> None:
        tell(f"{what}, batch", found.job_progress.percent, 100, found.state.lower())

    try:
        await client.wait_batch_inference_job(job, poll_interval=poll, stall_timeout=stall, on_progress=progress)
    except Stalled as error:
        raise BatchStalled(job, model, str(error)) from None
    except JobFailed as error:
        if error.state != "EXPIRED":  # one that expired has kept the rows that it finished
            raise


async def _collect(client: Fireworks, job: str, requests: RequestSet, store: ResponseCache) -> None:
    """Keep what the job answered; one that failed may have left nothing at all."""
    with tempfile.TemporaryDirectory(prefix="fw-assets-") as folder:
        try:
            files = await client.download_dataset_files(batch_id(job, "answers"), Path(folder))
        except NotFound:
            return
        for key, found in batch_results(files):
            if not requests.wants(key):
                continue
            if isinstance(found, FireworksError):
                requests.fail(key, found)
            else:
                store.add(stored(key, found))
    store.flush()

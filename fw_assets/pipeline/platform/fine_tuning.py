"""Fine-tuning jobs: the training file's upload, the job, and its metrics. Calls with the same ids find what exists."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec
import polars as pl

from fw_assets.classification.catalogue.resource_ids import same_content
from fw_assets.classification.catalogue.tuning_grid import Cell
from fw_assets.classification.prompting.prompt import Prompt, training_example
from fw_assets.fireworks import ConflictError, FineTuningJob, FineTuningSpec, Fireworks, Money, NotFound
from fw_assets.pipeline.platform.quota import active_jobs, when_quota_allows
from fw_assets.pipeline.platform.training_metrics import trained_tokens, training_metrics
from fw_assets.pipeline.progress import tell, upload_progress
from fw_assets.pipeline.values.attempts import Ending
from fw_assets.pipeline.values.tuning import SweepCell

log = logging.getLogger("fw_assets.workspace")
STALL_SECONDS = 3600.0
"""A trainer that died silently stays RUNNING at its last percentage."""


@dataclass(frozen=True)
class Upload:
    """A dataset on the platform: its resource name, number of rows, and bytes as uploaded.

    `tokens` of one epoch are the platform's count; None where it gives none.
    """

    name: str
    rows: int
    bytes: int
    tokens: int | None = None

    def possible_tokens(self, reported: int | None, epochs: int) -> int | None:
        """The tokens of training on it that a platform reports; None, with a warning, for more than it has bytes."""
        if reported is None or 0 <= reported <= self.bytes * epochs:
            return reported
        log.warning("%s: %s tokens of training are reported, which cannot be, and are not counted", self.name, reported)
        return None


async def upload(client: Fireworks, dataset_id: str, rows: pl.DataFrame, prompt: Prompt) -> Upload:
    """Upload the rows of a SPLIT frame as training examples, unless the dataset exists."""
    with tempfile.TemporaryDirectory(prefix="fw-assets-") as folder:
        path = Path(folder) / "rows.jsonl"
        with path.open("wb") as sink:
            columns = ("messages", "labels", "weight", *(["record"] if prompt.fields else []))
            for row in rows.select(columns).iter_rows():
                sink.write(msgspec.json.encode(training_example(prompt, *row)) + b"\n")
        dataset = await client.ensure_dataset(
            dataset_id, path, rows=rows.height, display_name=dataset_id, on_bytes=upload_progress(dataset_id)
        )
        uploaded = Upload(dataset.name, rows.height, path.stat().st_size)
    return replace(uploaded, tokens=uploaded.possible_tokens(dataset.estimated_token_count or None, 1))


async def train(
    client: Fireworks,
    job_id: str,
    model: str,
    cell: Cell,
    training: Upload,
    evaluation: Upload,
    *,
    start: str | None = None,
    thresholds: str | None = None,
    poll: float,
    what: str,
    estimated: Callable[[float | None], None] | None = None,
    quoted: Callable[[float | None], None] | None = None,
    stall: float = STALL_SECONDS,
    turn: AbstractAsyncContextManager[None] | None = None,
) -> SweepCell:
    """Train `model` with one cell of the grid and wait for it; an existing job of the same id is adopted.

    Args:
        start: the full name of the adapter that the job continues; None: it begins at `model`.
        thresholds: how it fits thresholds of label sets; None leaves that to the platform.
        estimated: is called with the platform's estimate of the job's cost in US dollars before there is a job, if
            there is none yet; what it raises ends the work with nothing started.
        quoted: is called with the platform's estimate of the job's cost in US dollars, once the job exists.
        stall: seconds that a running job may stay at one percentage.
        turn: is held while a job is created that does not exist yet.

    Raises:
        JobFailed: the platform gave up on the job; the message has its reason.
        Stalled: it makes no progress.
    """
    spec = FineTuningSpec(
        base_model=None if start else model,
        warm_start_from=start,
        dataset=training.name,
        evaluation_dataset=evaluation.name,
        output_model=job_id,
        epochs=cell.epochs,
        learning_rate=cell.learning_rate,
        lora_rank=cell.lora_rank,
        rows=training.rows,
        batch_size_samples=cell.batch_size,
        thresholds=thresholds,
    )
    exists = await _exists(client, job_id)
    if estimated is not None and not exists:
        estimated(_usd(await client.estimate_fine_tuning_cost(spec)))
    title, ensure = f"{what} {cell.name}", partial(_ensure_job, client, job_id, spec)
    async with turn if turn and not exists else nullcontext():
        created = await when_quota_allows(ensure, partial(active_jobs, client), what=title, poll=poll)
    if quoted is not None:
        quoted(_usd(created.estimated_cost))

    def report(job: FineTuningJob) -> None:
        tell(title, job.job_progress.percent, 100, job.state.lower())

    job = await client.wait_fine_tuning_job(job_id, poll_interval=poll, stall_timeout=stall, on_progress=report)
    tell(title, 100, 100, "done")
    records = await client.fine_tuning_metrics(job)
    metrics = training_metrics(records, cell.epochs)
    return SweepCell(
        cell=cell,
        job=job.name,
        model=job.output_model,
        eval_loss=metrics.served.loss if metrics.served else None,
        eval_accuracy=metrics.served.accuracy if metrics.served else None,
        train_loss=metrics.train_loss,
        trained_tokens=training.possible_tokens(trained_tokens(records), cell.epochs),
        estimated_usd=_usd(job.estimated_cost),
        curve=metrics.curve,
        kept_epoch=metrics.served.epoch if metrics.served else None,
    )


def _usd(cost: Money | None) -> float | None:
    return None if cost is None else cost.usd


async def _ensure_job(client: Fireworks, job_id: str, spec: FineTuningSpec) -> FineTuningJob:
    """The job of this id; one that trains on the same rows under the name of another dataset is the same job.

    Raises:
        ConflictError: it exists and differs in anything else.
    """
    try:
        return await client.ensure_fine_tuning_job(job_id, spec)
    except ConflictError as conflict:
        # Ids of uploaded rows held the dataset's name in earlier versions, whose jobs are on people's platforms.
        pairs = conflict.differences.values()
        if not pairs or not all(same_content(str(asked), str(existing)) for asked, existing in pairs):
            raise
        return await client.fine_tuning_job(job_id)


async def _exists(client: Fireworks, job_id: str) -> bool:
    try:
        await client.fine_tuning_job(job_id)
    except NotFound:
        return False
    return True


async def job_ending(client: Fireworks, job_id: str, *, created: Callable[[str], bool]) -> Ending | None:
    """How a job ended without a model; None if it is at work, has its model, or was never there.

    Args:
        created: whether it was there once: then it was deleted.
    """
    try:
        job = await client.fine_tuning_job(job_id)
    except NotFound:
        return Ending("DELETED", reason="it was deleted on the platform") if created(job_id) else None
    return Ending(job.ending, job.status.code, job.reason) if job.ending else None


class EndedJob(NamedTuple):
    """What is known of the cost of a job that ended without a model.

    Attributes:
        tokens: that it trained on by its metrics; None where it left none.
        estimated_usd: the platform's estimate for the whole job.
    """

    tokens: int | None
    estimated_usd: float | None


async def ended_job(client: Fireworks, job_id: str, training: Upload, epochs: int) -> EndedJob:
    """What a job that ended without a model has used of its rows; nothing is known of one that is gone."""
    try:
        job = await client.fine_tuning_job(job_id)
    except NotFound:
        return EndedJob(None, None)
    records = await client.fine_tuning_metrics(job)
    return EndedJob(training.possible_tokens(trained_tokens(records), epochs), _usd(job.estimated_cost))


def best_cell(cells: tuple[SweepCell, ...]) -> tuple[SweepCell, str]:
    """The cell with the lowest evaluation loss on the validation rows; ties go to the smaller rank.

    A platform that published no evaluation loss leaves the first cell.
    """
    evaluated = [cell for cell in cells if cell.eval_loss is not None]
    if not evaluated:
        return cells[0], "the platform published no evaluation loss: the first cell of the grid"
    best = min(evaluated, key=lambda c: (c.eval_loss, c.cell.lora_rank, c.cell.learning_rate))
    return best, f"lowest evaluation loss on the validation rows, {best.eval_loss:.4f}"

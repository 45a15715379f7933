"""One supervised fine-tuning job, as its worker runs it."""

from __future__ import annotations

import math
import random
import shutil
import sqlite3
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from fw_assets.embedded.endpoints.datasets import ready_dataset
from fw_assets.embedded.endpoints.models import tuned_model
from fw_assets.embedded.engine import EngineError, TrainingRow, TrainingSpec, WeightsError, read_turns
from fw_assets.embedded.errors import ApiError, invalid
from fw_assets.embedded.inference.answer_format import AnswerFormat, read_targets
from fw_assets.embedded.jobs import job_queue
from fw_assets.embedded.jobs.job_queue import Claim
from fw_assets.embedded.message_text import content_text
from fw_assets.embedded.records.dataset_files import chat_rows
from fw_assets.embedded.store import faults, resources
from fw_assets.embedded.store.platform import Platform
from fw_assets.embedded.store.resource_ids import split_name

KIND = "supervisedFineTuningJobs"
METRICS = "metrics.jsonl"
MAX_LABELS = 2000
_CARVE_OUT_SHARE, _CARVE_OUT_MOST = 0.1, 100
_REPORT_SECONDS = 0.3


def validate(platform: Platform, taken: Claim) -> None:
    """VALIDATING, then PENDING: the rows are there and can be learned from."""
    job = report(platform, taken, {"state": "JOB_STATE_VALIDATING"})
    read_rows(platform, job)
    with platform.store.write() as connection:
        job_queue.advance(connection, taken)
        _set(platform, connection, taken, {"state": "JOB_STATE_PENDING"})


def run(platform: Platform, taken: Claim) -> None:
    """RUNNING, WRITING_RESULTS, COMPLETED; the output model appears with the last step, exactly once."""
    from fw_assets.embedded.engine import train

    progress = {"percent": 0, "epoch": 0}
    job = report(platform, taken, {"state": "JOB_STATE_RUNNING", "jobProgress": progress})
    faults.stall(platform, KIND, taken.id)
    answers, rows, evaluation = read_rows(platform, job)
    dataset, _ = ready_dataset(platform, job["dataset"], "dataset")
    tokens = int(dataset["estimatedTokenCount"])
    spec = TrainingSpec(
        base_model=split_name(job["baseModel"], "models", "baseModel")[1],
        lora_rank=job["loraRank"],
        learning_rate=job["learningRate"],
        epochs=job["epochs"],
        batch_size=job["batchSizeSamples"],
        max_context_length=job["maxContextLength"],
    )
    for left in platform.home.glob(f"models/.{taken.id}.*"):
        # What a killed worker had begun to write.
        shutil.rmtree(left, ignore_errors=True)
    out = platform.model_folder(f".{taken.id}.{taken.token}")
    folder = platform.job_folder(KIND, taken.id)
    folder.mkdir(parents=True, exist_ok=True)
    # A worker that lost its claim may still hold the old file open; it writes on into nothing.
    (folder / METRICS).unlink(missing_ok=True)
    try:
        with (folder / METRICS).open("wb") as metrics:
            train(
                spec,
                rows,
                evaluation or None,
                out,
                platform.cache,
                answers.many,
                _Recorder(platform, taken, metrics, spec.epochs, len(rows), tokens).record,
                notes={"answer": answers.to_notes()},
            )
        report(
            platform,
            taken,
            {"state": "JOB_STATE_WRITING_RESULTS", "jobProgress": progress | {"percent": 100}},
        )
        _publish(platform, taken, job, out)
    finally:
        shutil.rmtree(out, ignore_errors=True)


def read_rows(platform: Platform, job: dict[str, Any]) -> tuple[AnswerFormat, list[TrainingRow], list[TrainingRow]]:
    """The answer format, the training rows and the evaluation rows (given, carved out, or none) of a job.

    Raises:
        ApiError: a dataset is gone, or its final answers are not labels.
    """
    rows, targets = _read(platform, job["dataset"], "dataset")
    held, held_targets = (
        _read(platform, job["evaluationDataset"], "evaluationDataset") if job.get("evaluationDataset") else ([], [])
    )
    answers, labels = read_targets(targets + held_targets)
    distinct = {label for found in labels for label in found}
    if not 2 <= len(distinct) <= MAX_LABELS:
        raise invalid(
            f"dataset: {len(distinct)} distinct final answers in {len(rows)} rows; the models of this "
            f"platform learn to answer with one of 2 to {MAX_LABELS} labels"
        )
    made = [
        TrainingRow(turns, found, weight)
        for (turns, weight), found in zip(rows + held, labels, strict=True)
        if weight > 0
    ]
    training = made[: sum(1 for _, weight in rows if weight > 0)]
    evaluation = made[len(training) :]
    if not held and job.get("evalAutoCarveout"):
        training, evaluation = _carve_out(training)
    return answers, training, evaluation


def fail(platform: Platform, taken: Claim, error: Exception) -> None:
    """FAILED, with a status that says why; nothing when the claim is lost."""
    if isinstance(error, ApiError):
        status = {"code": error.code, "message": error.message}
    elif isinstance(error, (EngineError, WeightsError)):
        status = {"code": "FAILED_PRECONDITION", "message": str(error)}
    else:
        status = {"code": "INTERNAL", "message": f"{type(error).__name__}: {error}"}
    changes = {"state": "JOB_STATE_FAILED", "status": status, "completedTime": platform.timestamp()}
    try:
        with platform.store.write() as connection:
            job_queue.hold(connection, taken)
            _set(platform, connection, taken, changes)
            job_queue.dequeue(connection, taken.kind, taken.account, taken.id)
    except job_queue.ClaimLost:
        return


def report(platform: Platform, taken: Claim, changes: dict[str, Any]) -> dict[str, Any]:
    """Write fields of the job that the claim is for, and return the job."""
    with platform.store.write() as connection:
        job_queue.hold(connection, taken)
        return _set(platform, connection, taken, changes)


def complete(platform: Platform, connection: sqlite3.Connection, taken: Claim) -> None:
    """COMPLETED, inside the transaction that made the results visible."""
    now = platform.timestamp()
    _set(platform, connection, taken, {"state": "JOB_STATE_COMPLETED", "completedTime": now})
    job_queue.dequeue(connection, taken.kind, taken.account, taken.id)


def _publish(platform: Platform, taken: Claim, job: dict[str, Any], out: Path) -> None:
    account, id = split_name(job["outputModel"], "models", "outputModel")
    final = platform.model_folder(id)
    with platform.store.write() as connection:
        # The write lock is held from here to the commit: no other worker can publish in between.
        job_queue.hold(connection, taken)
        resources.insert(connection, "models", account, id, tuned_model(platform, job))
        shutil.rmtree(final, ignore_errors=True)
        out.rename(final)
        complete(platform, connection, taken)


def _set(platform: Platform, connection: sqlite3.Connection, taken: Claim, changes: dict[str, Any]) -> dict[str, Any]:
    stamped = changes | {"updateTime": platform.timestamp()}
    return resources.update(connection, taken.kind, taken.account, taken.id, stamped)


def _read(platform: Platform, name: str, field: str) -> tuple[list[tuple[str, float]], list[str]]:
    """((what the model reads, weight) of every row, its final answer)."""
    _, path = ready_dataset(platform, name, field)
    rows: list[tuple[str, float]] = []
    targets: list[str] = []
    for row in chat_rows(path):
        target = row.messages[-1]
        messages = [{"role": message.role, "content": message.content} for message in row.messages]
        weight = row.weight if isinstance(row.weight, float) else 1.0
        rows.append((read_turns(messages), weight * (target.weight if isinstance(target.weight, float) else 1.0)))
        targets.append(content_text(target.content))
    return rows, targets


def _carve_out(rows: list[TrainingRow]) -> tuple[list[TrainingRow], list[TrainingRow]]:
    """min(10 % of the rows, 100) for evaluation, shuffled with seed 0."""
    count = min(math.floor(len(rows) * _CARVE_OUT_SHARE), _CARVE_OUT_MOST)
    order = list(range(len(rows)))
    random.Random(0).shuffle(order)
    held = set(order[:count])
    return [row for i, row in enumerate(rows) if i not in held], [rows[i] for i in sorted(held)]


class _Recorder:
    """Writes each record to the metrics file, and the progress to the job now and then.

    `tokens` is what the dataset counts: a record's `train/total_tokens` is that, once per epoch so far, which is
    also what a job is charged for.
    """

    def __init__(
        self, platform: Platform, taken: Claim, metrics: BinaryIO, epochs: float, rows: int, tokens: int
    ) -> None:
        self.platform, self.taken, self.metrics = platform, taken, metrics
        self.epochs, self.rows, self.tokens = epochs, rows, tokens
        self.reported = platform.clock()

    def record(self, record: dict[str, float]) -> None:
        total = round(self.tokens * float(record.get("epoch", 0.0)))
        self.metrics.write(msgspec.json.encode(record | {"train/total_tokens": total}) + b"\n")
        now = self.platform.clock()
        if now - self.reported < _REPORT_SECONDS:
            return
        self.reported = now
        self.metrics.flush()
        epoch = float(record.get("epoch", 0.0))
        progress = {
            "percent": min(99, int(100 * epoch / self.epochs)),
            "epoch": int(epoch),
            "totalInputRequests": self.rows,
            "totalProcessedRequests": min(self.rows, int(self.rows * epoch / self.epochs)),
        }
        # Raises when the claim is lost, which ends the training of a cancelled job.
        report(self.platform, self.taken, {"jobProgress": progress})

"""The two stages of a supervised fine-tuning job, as its worker runs them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, BinaryIO

from fw_assets.embedded.engine.label_sets import DEFAULT_RULE
from fw_assets.embedded.engine.training import TrainingRecord
from fw_assets.embedded.engine.training_run import CheckpointWritten, TrainingEvent, WorkDone
from fw_assets.embedded.engine.training_spec import TrainingSpec
from fw_assets.embedded.file_checksums import write_checksum
from fw_assets.embedded.jobs import job_queue
from fw_assets.embedded.jobs.executor import job_executor
from fw_assets.embedded.jobs.job_queue import JobClaim
from fw_assets.embedded.jobs.job_state import complete_job, end_job, finish_validation, update_job
from fw_assets.embedded.jobs.metrics_file import FILE as METRICS
from fw_assets.embedded.jobs.metrics_file import metrics_line
from fw_assets.embedded.jobs.training_rows import read_rows
from fw_assets.embedded.jobs.training_task import TrainingFolders, TrainingTask
from fw_assets.embedded.records.model_documents import base_id, require_whole_model, tuned_document
from fw_assets.embedded.store import documents, faults
from fw_assets.embedded.store.embedded_platform import EmbeddedPlatform
from fw_assets.embedded.store.resource_names import FINE_TUNING_JOBS, MODELS, short_id, split_name

_REPORT_SECONDS = 0.3


def validate(platform: EmbeddedPlatform, claim: JobClaim) -> None:
    """VALIDATING, then PENDING: the rows are there and can be learned from."""
    job = update_job(platform, claim, {"state": "JOB_STATE_VALIDATING"})
    read_rows(platform, job)
    finish_validation(platform, claim)


def run(platform: EmbeddedPlatform, claim: JobClaim) -> None:
    """RUNNING, WRITING_RESULTS, COMPLETED; the output model appears with the last of them, exactly once."""
    progress = {"percent": 0, "epoch": 0}
    job = update_job(platform, claim, {"state": "JOB_STATE_RUNNING", "jobProgress": progress})
    ending = faults.wait_or_fail(platform, FINE_TUNING_JOBS, claim.id)
    if ending:
        end_job(platform, claim, ending)
        return
    rows = read_rows(platform, job)
    # Made before the write lock is taken; it also says what the engine calls the base model.
    tuned = tuned_document(platform, job)
    start = job.get("warmStartFrom")
    scheduler, ratios = next(iter(job["lrScheduler"].items()))
    spec = TrainingSpec(
        base_model=base_id(tuned),
        lora_rank=job["loraRank"],
        learning_rate=job["learningRate"],
        epochs=job["epochs"],
        batch_size=job["batchSizeSamples"],
        max_context_length=job["maxContextLength"],
        scheduler=scheduler,
        min_rate_ratio=float((ratios or {}).get("minLrRatio") or 0),
        decay_ratio=float((ratios or {}).get("decayRatio") or 0),
        warm_up_steps=job.get("learningRateWarmupSteps"),
        weight_decay=job.get("optimizerWeightDecay", 0.0),
        thresholds=job.get("thresholds", DEFAULT_RULE),
    )
    for abandoned in platform.home.glob(f"models/.{claim.id}.*"):
        # Begun by a worker that was killed.
        shutil.rmtree(abandoned, ignore_errors=True)
    out = platform.model_folder(f".{claim.id}.{claim.token}")
    metrics_path = platform.job_folder(FINE_TUNING_JOBS, claim.id) / METRICS
    metrics_path.parent.mkdir(parents=True, exist_ok=True)
    # A worker that lost its claim may still have the old file open; unlinked, its writes are lost.
    metrics_path.unlink(missing_ok=True)
    try:
        with metrics_path.open("wb") as metrics:
            recorder = _MetricsRecorder(platform, claim, metrics, spec.epochs, len(rows.training))
            task = TrainingTask(spec, rows, job.get("readout", "validation"))
            folders = TrainingFolders(out, platform.cache, metrics_path.parent, _whole_folder(platform, start))
            job_executor(platform, claim).train(task, folders, recorder)
        for path in (metrics_path, *list(out.iterdir())):
            write_checksum(path)
        progress |= {"percent": 100, "epoch": int(recorder.epoch)}
        update_job(platform, claim, {"state": "JOB_STATE_WRITING_RESULTS", "jobProgress": progress})
        _publish(platform, claim, tuned, out)
    finally:
        shutil.rmtree(out, ignore_errors=True)


def _whole_folder(platform: EmbeddedPlatform, name: str | None) -> Path | None:
    """The files of the adapter that a job continues, if any.

    Raises:
        DamagedModel: they are not what was written.
    """
    if name is None:
        return None
    require_whole_model(platform, short_id(name))
    return platform.model_folder(short_id(name))


def _publish(platform: EmbeddedPlatform, claim: JobClaim, tuned: dict[str, Any], out: Path) -> None:
    account, id = split_name(tuned["name"], MODELS, "outputModel")
    folder = platform.model_folder(id)
    with platform.database.write() as connection:
        # The write lock is held from here to the commit: no other worker can publish in between.
        job_queue.check_claim(connection, claim)
        now = platform.timestamp()
        documents.insert(connection, MODELS, account, id, tuned | {"createTime": now, "updateTime": now})
        shutil.rmtree(folder, ignore_errors=True)
        out.rename(folder)
        complete_job(platform, connection, claim)


class _MetricsRecorder:
    """Writes each record to the metrics file, and from time to time the progress to the job."""

    def __init__(
        self, platform: EmbeddedPlatform, claim: JobClaim, metrics: BinaryIO, epochs: float, rows: int
    ) -> None:
        self._platform, self._claim, self._metrics = platform, claim, metrics
        self._epochs, self._rows = epochs, rows
        self._epoch = 0.0
        self._share: float | None = None
        self._reported = platform.clock()

    @property
    def epoch(self) -> float:
        """Passes over the rows so far."""
        return self._epoch

    def restart(self) -> None:
        """The records are told again from the first."""
        self._metrics.seek(0)
        self._metrics.truncate()

    def event(self, event: TrainingEvent) -> None:
        """What changes the job and not its metrics, which are the same when it runs again."""
        if isinstance(event, WorkDone):
            self._share = event.share
            self._report()
        elif isinstance(event, CheckpointWritten):
            job_queue.heartbeat(self._platform, self._claim, progress=True)
        else:
            use = {
                "tokensPerSecond": round(event.tokens / event.seconds, 1) if event.seconds else 0.0,
                "peakMemoryBytes": str(event.peak_bytes),
                "rowsPerPass": event.rows_per_pass,
            }
            update_job(self._platform, self._claim, {"resourceUse": use})

    def record(self, record: TrainingRecord) -> None:
        self._metrics.write(metrics_line(record))
        self._epoch = record.epoch
        self._report()

    def _report(self) -> None:
        now = self._platform.clock()
        if now - self._reported < _REPORT_SECONDS:
            return
        self._reported = now
        self._metrics.flush()
        # The epochs tell how much is done where nothing but steps is.
        share = self._epoch / self._epochs if self._share is None else self._share
        progress = {
            "percent": min(99, int(100 * share)),
            "epoch": int(self._epoch),
            "totalInputRequests": self._rows,
            "totalProcessedRequests": min(self._rows, int(self._rows * share)),
        }
        # Raises ClaimLost for a cancelled job, which ends the training.
        update_job(self._platform, self._claim, {"jobProgress": progress})

"""Supervised fine-tuning jobs, by the rules of the managed trainer."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Literal, Self

from pydantic import Field, model_validator
from pydantic.alias_generators import to_camel

from ._ensure import ensure, unequal_fields
from ._errors import ApiError, JobFailed
from ._models import get_model
from ._names import check_id, full_name, resource_path
from ._poll import poll
from ._states import JobState
from ._values import Money, Resource, Spec, Value, read
from ._wire import Wire

COLLECTION = "supervisedFineTuningJobs"
MAX_EXAMPLES = 3_000_000
"""Ceiling of rows x epochs."""
LARGEST_RANK = 32
"""Largest rank of the managed trainer; a model whose entry publishes a larger one takes that."""

_ALWAYS_SHOWN = (
    "dataset",
    "baseModel",
    "warmStartFrom",
    "evaluationDataset",
    "outputModel",
    "epochs",
    "learningRate",
    "loraRank",
)


class LrScheduler(Spec):
    """How the learning rate falls after warm-up; ratios from 0 to 1, a decay of 0 is the whole run."""

    kind: Literal["constant", "linear", "cosine"] = "constant"
    min_lr_ratio: float | None = Field(None, ge=0, le=1)
    decay_ratio: float | None = Field(None, ge=0, le=1)

    def body(self) -> dict[str, Any]:
        """The wire form."""
        ratios = {"minLrRatio": self.min_lr_ratio, "decayRatio": self.decay_ratio}
        return {self.kind: {} if self.kind == "constant" else {k: v for k, v in ratios.items() if v is not None}}


class FineTuningSpec(Spec):
    """What to train. None leaves a choice to the platform and is not sent.

    `dataset`, `evaluation_dataset`, `output_model` and `warm_start_from` may be short ids of the own account;
    `base_model` is a full name. `rows` (rows of the dataset) is only checked against the ceiling.
    """

    dataset: str
    base_model: str | None = None
    warm_start_from: str | None = None
    output_model: str | None = None
    display_name: str | None = None
    epochs: int | None = Field(None, ge=1)
    learning_rate: float | None = Field(None, gt=0)
    learning_rate_warmup_steps: int | None = Field(None, ge=0)
    lr_scheduler: LrScheduler | None = None
    lora_rank: int | None = None
    max_context_length: int | None = Field(None, ge=1)
    batch_size_samples: int | None = Field(None, ge=1)
    evaluation_dataset: str | None = None
    eval_auto_carveout: bool | None = None
    optimizer_weight_decay: float | None = Field(None, ge=0)
    rows: int | None = None

    @model_validator(mode="after")
    def _rules(self) -> Self:
        if (self.base_model is None) == (self.warm_start_from is None):
            raise ValueError("exactly one of base_model and warm_start_from is needed")
        if self.lora_rank is not None and (self.lora_rank < 1 or self.lora_rank & (self.lora_rank - 1)):
            raise ValueError(f"lora_rank {self.lora_rank} is not a power of two")
        if self.rows is not None and self.rows * (self.epochs or 1) > MAX_EXAMPLES:
            raise ValueError(f"{self.rows} rows x {self.epochs or 1} epochs exceed {MAX_EXAMPLES:,}; train on less")
        return self

    def body(self, account: str) -> dict[str, Any]:
        """The flat body of the create request."""
        fields = self.model_dump(exclude={"rows", "lr_scheduler"}, exclude_none=True)
        for field, collection in (
            ("dataset", "datasets"),
            ("evaluation_dataset", "datasets"),
            ("output_model", "models"),
            ("warm_start_from", "models"),
        ):
            if field in fields:
                fields[field] = full_name(fields[field], account, collection)
        if "display_name" in fields:
            fields["display_name"] = fields["display_name"][:63]
        body = {to_camel(field): value for field, value in fields.items()}
        if self.lr_scheduler is not None:
            body["lrScheduler"] = self.lr_scheduler.body()
        return body


class JobProgress(Value):
    """How far a job is; `percent` from 0 to 100, `epoch` from 0."""

    percent: float = 0
    epoch: float = 0
    total_input_requests: int = 0
    total_processed_requests: int = 0
    successfully_processed_requests: int = 0
    failed_requests: int = 0
    output_rows: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_token_count: int = 0


class FineTuningJob(Resource):
    """A job. Only `state` proves completion: `output_model` is filled from the start."""

    state: JobState = "UNSPECIFIED"
    dataset: str = ""
    evaluation_dataset: str = ""
    base_model: str = ""
    warm_start_from: str = ""
    output_model: str = ""
    epochs: float | None = None
    learning_rate: float | None = None
    lora_rank: int | None = None
    batch_size_samples: int | None = None
    max_context_length: int | None = None
    completed_time: str = ""
    job_progress: JobProgress = JobProgress()
    estimated_cost: Money | None = None
    metrics_file_signed_url: str = Field("", repr=False)

    @property
    def succeeded(self) -> bool:
        """Whether the output model is there."""
        return self.state in ("COMPLETED", "EARLY_STOPPED")

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen. A state this client does not know is not an end."""
        return self.succeeded or self.state in (
            "FAILED",
            "FAILED_CLEANING_UP",
            "CANCELLED",
            "EXPIRED",
            "EXPIRED_CLEANING_UP",
            "DELETING",
            "DELETING_CLEANING_UP",
        )


async def ensure_job(wire: Wire, account: str, job_id: str, spec: FineTuningSpec) -> FineTuningJob:
    """The job of this id with this specification, created when there is none.

    Raises:
        ValueError: the rank is above 32 and above every rank that the base model publishes.
    """
    body = spec.body(account)
    check_id(job_id)
    await _check_rank(wire, account, spec)

    async def create() -> FineTuningJob:
        path = f"/v1/accounts/{account}/{COLLECTION}"
        return read(FineTuningJob, await wire.post(path, body, {"supervisedFineTuningJobId": job_id}))

    def differences(job: FineTuningJob) -> dict[str, tuple[Any, Any]]:
        asked = {field: value for field, value in body.items() if field != "displayName"}
        return unequal_fields(asked, job.raw, _ALWAYS_SHOWN)

    return await ensure(
        f"fine-tuning job {job_id}",
        fetch=lambda: get_job(wire, account, job_id),
        create=create,
        differences=differences,
        clock=wire.clock,
        patience=wire.patience,
    )


async def _check_rank(wire: Wire, account: str, spec: FineTuningSpec) -> None:
    if spec.lora_rank is None or spec.lora_rank <= LARGEST_RANK:
        return
    model = await get_model(wire, spec.base_model or spec.warm_start_from or "", account)
    published = model.fine_tuning_defaults.grid if model.fine_tuning_defaults else ()
    largest = max([LARGEST_RANK, *(point.lora_rank for point in published)])
    if spec.lora_rank > largest:
        raise ValueError(f"lora_rank {spec.lora_rank}: {model.id} takes powers of two up to {largest}")


async def get_job(wire: Wire, account: str, job_id: str) -> FineTuningJob:
    """One job."""
    return read(FineTuningJob, await wire.get(resource_path(full_name(job_id, account, COLLECTION))))


async def list_jobs(wire: Wire, account: str, filter: str | None) -> list[FineTuningJob]:
    """Every job of the account."""
    query = {"filter": filter} if filter else {}
    return [
        read(FineTuningJob, item)
        for item in await wire.pages(f"/v1/accounts/{account}/{COLLECTION}", COLLECTION, query)
    ]


async def wait_job(
    wire: Wire,
    account: str,
    job_id: str,
    *,
    every: float,
    ceiling: float,
    stall: float | None,
    on_progress: Callable[[FineTuningJob], Any] | None,
) -> FineTuningJob:
    """The job once it has succeeded."""
    job = await poll(
        f"fine-tuning job {job_id}",
        lambda: get_job(wire, account, job_id),
        lambda job: job.finished,
        clock=wire.clock,
        every=every,
        ceiling=ceiling,
        show=lambda job: f"{job.state} {job.job_progress.percent:.0f} %",
        on_progress=on_progress,
        stall=stall,
        progress=lambda job: (job.state, job.job_progress),
    )
    if not job.succeeded:
        raise JobFailed(job.name, job.state, job.status.message)
    return job


async def job_metrics(wire: Wire, account: str, job: FineTuningJob | str) -> list[dict[str, float]]:
    """The records of a job's metrics file, numbers only; empty before the first is written."""
    known = job if isinstance(job, FineTuningJob) else await get_job(wire, account, job)
    for fresh in (False, True):
        if fresh:
            known = await get_job(wire, account, known.name)
        if not known.metrics_file_signed_url:
            continue
        try:
            return _records((await wire.read_signed(known.metrics_file_signed_url)).decode("utf-8", "replace"))
        except ApiError as error:
            # The URL has expired, or nothing is written yet: a fresh URL tells which.
            if error.status not in (400, 401, 403, 404, 410):
                raise
    return []


def _records(text: str) -> list[dict[str, float]]:
    records = []
    for line in text.splitlines():
        try:
            item = json.loads(line)
        except ValueError:
            continue  # the last line of a file that is being written
        if isinstance(item, dict):
            nested = item.pop("data", None)
            flat = {**item, **nested} if isinstance(nested, dict) else item
            records.append(
                {
                    key: float(value)
                    for key, value in flat.items()
                    if isinstance(value, int | float) and not isinstance(value, bool)
                }
            )
    return records

"""Supervised fine-tuning jobs: started, found, listed, waited for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import Field

from ._ensure import ensure, unequal_fields
from ._http import Wire
from ._job import Job, wait_succeeded
from ._job_spec import FineTuningSpec
from ._models import get_model
from ._names import check_id, full_name, resource_path
from ._values import Money, read

COLLECTION = "supervisedFineTuningJobs"
MAX_RANK = 32
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


class FineTuningJob(Job):
    """A job. Only `state` proves completion: `output_model` is filled from the start."""

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
    estimated_cost: Money | None = None
    metrics_file_signed_url: str = Field("", repr=False)

    @property
    def succeeded(self) -> bool:
        """Whether the output model is there."""
        return self.state in ("COMPLETED", "EARLY_STOPPED")


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
    if spec.lora_rank is None or spec.lora_rank <= MAX_RANK:
        return
    model = await get_model(wire, spec.base_model or spec.warm_start_from or "", account)
    published = model.fine_tuning_defaults.grid if model.fine_tuning_defaults else ()
    largest = max([MAX_RANK, *(point.lora_rank for point in published)])
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
    return await wait_succeeded(
        f"fine-tuning job {job_id}",
        lambda: get_job(wire, account, job_id),
        clock=wire.clock,
        every=every,
        ceiling=ceiling,
        stall=stall,
        on_progress=on_progress,
    )

"""Supervised fine-tuning jobs."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from ._errors import ApiError, is_lacking
from ._fine_tuning_spec import FineTuningSpec
from ._get_or_create import unequal_fields
from ._http import HttpClient
from ._job import Job, JobCollection
from ._logger import log
from ._models import DOCUMENTED_RANKS, get_model
from ._names import check_id
from ._resources import ApiValue, Money, parse_value

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


class Estimate(ApiValue):
    """What a job would cost."""

    estimated_cost: Money | None = None


class FineTuningJob(Job):
    """A job. Only `state` proves completion: `output_model` is filled from the start."""

    output_model: str = ""
    estimated_cost: Money | None = None
    metrics_file_signed_url: str = Field("", repr=False)

    @property
    def succeeded(self) -> bool:
        """Whether the output model is there."""
        return self.state in ("COMPLETED", "EARLY_STOPPED")


FINE_TUNING_JOBS = JobCollection(
    FineTuningJob, "supervisedFineTuningJobs", "supervisedFineTuningJobId", "fine-tuning job"
)


async def ensure_fine_tuning_job(http: HttpClient, account: str, job_id: str, spec: FineTuningSpec) -> FineTuningJob:
    """The job of this id with this specification, created when there is none.

    Raises:
        ValueError: the base model does not take the rank.
    """
    body = spec.body(account)
    check_id(job_id)
    await _check_rank(http, account, spec)

    def differences(job: FineTuningJob) -> dict[str, tuple[Any, Any]]:
        requested = {field: value for field, value in body.items() if field != "displayName"}
        return unequal_fields(requested, job.raw, _ALWAYS_SHOWN)

    return await FINE_TUNING_JOBS.get_or_create(http, account, job_id, body, differences)


async def estimate_cost(http: HttpClient, account: str, spec: FineTuningSpec) -> Money | None:
    """The platform's estimate of what a job would cost, before there is one; None where it gives none."""
    path = f"/v1/accounts/{account}/{FINE_TUNING_JOBS.path}:estimateCost"
    try:
        response = await http.post(path, spec.body(account), idempotent=True)
    except ApiError as error:
        if not is_lacking(error):
            raise
        log.warning(
            "the platform gives no estimate of a job before it starts (%d): the plan's own estimate holds", error.status
        )
        return None
    return parse_value(Estimate, response).estimated_cost


async def _check_rank(http: HttpClient, account: str, spec: FineTuningSpec) -> None:
    if spec.lora_rank is None or spec.lora_rank in DOCUMENTED_RANKS:
        return
    model = await get_model(http, spec.base_model or spec.warm_start_from or "", account)
    if spec.lora_rank not in model.lora_ranks:
        raise ValueError(f"lora_rank {spec.lora_rank}: {model.id} takes {', '.join(map(str, model.lora_ranks))}")

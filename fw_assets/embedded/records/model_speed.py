"""Speed of language models on this machine, as their catalogue entries tell it: by former jobs, else by the device."""

from __future__ import annotations

import statistics
from typing import Any

from fw_assets.embedded.engine.language_model.device.lease import device_lease
from fw_assets.embedded.engine.language_model.device.speed import device_speed
from fw_assets.embedded.engine.registry import BaseModel
from fw_assets.embedded.engine.training_spec import MIN_ROWS_TO_CHOOSE
from fw_assets.embedded.settings import embedded_settings
from fw_assets.embedded.store import documents
from fw_assets.embedded.store.embedded_platform import EmbeddedPlatform
from fw_assets.embedded.store.resource_names import ACCOUNT, FINE_TUNING_JOBS, MODELS, PUBLISHER, resource_name

_JOBS = 5
"""The latest jobs that the rate of training is the median of."""


def speed_document(platform: EmbeddedPlatform, model: BaseModel, workers: int) -> dict[str, Any] | None:
    """What the platform says of a language model's speed; None of other models, and until the device is measured.

    Args:
        workers: jobs that run at once.
    """
    if model.language_model is None or model.missing_weights():
        return None
    device = device_speed()
    if device is None:
        return None
    on_cpu = device.device == "cpu"
    rates = _job_rates(platform, model)
    settings = embedded_settings()
    chosen = settings.fw_readout == "validation" and not settings.adapters_are_portable
    return {
        "trainingTokensPerSecond": statistics.median(rates) if rates else device.trained_tokens(model.parameter_count),
        "scoringTokensPerSecond": device.scored_tokens(model.parameter_count),
        "basis": "jobs" if rates else "device",
        "trainsOnInstructions": not on_cpu or settings.adapters_are_portable,
        "rowsForTrial": MIN_ROWS_TO_CHOOSE if chosen else None,
        "parallelJobs": workers if device_lease(device.device) is None else 1,
    }


def _job_rates(platform: EmbeddedPlatform, model: BaseModel) -> list[float]:
    """Tokens in a second of the latest finished jobs over the model."""
    name = resource_name(PUBLISHER, MODELS, model.id)
    with platform.database.read() as connection:
        jobs = documents.list_all(connection, FINE_TUNING_JOBS, ACCOUNT)
    own = [job for job in jobs if job["baseModel"] == name and job["state"] == "JOB_STATE_COMPLETED"]
    own.sort(key=lambda job: job["createTime"], reverse=True)
    rates = [float((job.get("resourceUse") or {}).get("tokensPerSecond") or 0.0) for job in own]
    return [rate for rate in rates if rate > 0][:_JOBS]

"""Speed of a model on the machine that serves and trains it, where the platform tells it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from fw_assets.classification.values import Frozen


class ModelSpeed(Frozen):
    """Tokens in a second, by the platform's count of them.

    Attributes:
        trained_tokens: of one fine-tuning job.
        scored_tokens: of the rows that it is asked.
        basis: measured in former jobs or in a base benchmark, or estimated from the device's matrix products.
        trains_on_instructions: whether the system message is read again with each row; else it is read once.
        rows_for_trial: validation rows from which a job has one epoch more, to choose how labels are read; null where
            it never has.
        parallel_jobs: how many jobs go on at once at this speed.
    """

    trained_tokens: float = Field(gt=0)
    scored_tokens: float = Field(gt=0)
    basis: Literal["jobs", "benchmark", "device"] = "device"
    trains_on_instructions: bool = False
    rows_for_trial: int | None = None
    parallel_jobs: int = Field(1, ge=1)

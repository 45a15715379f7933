"""Specification of a supervised fine-tuning job, checked against the rules of the managed trainer."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, model_validator
from pydantic.alias_generators import to_camel

from ._names import full_name
from ._resources import Spec

MAX_EXAMPLES = 3_000_000
"""Ceiling of rows x epochs."""


class LrScheduler(Spec):
    """Learning-rate schedule after warm-up; ratios from 0 to 1, a decay ratio of 0 is the whole run."""

    kind: Literal["constant", "linear", "cosine"] = "constant"
    min_lr_ratio: float | None = Field(None, ge=0, le=1)
    decay_ratio: float | None = Field(None, ge=0, le=1)

    def body(self) -> dict[str, Any]:
        """Its part of the create request."""
        ratios = {"minLrRatio": self.min_lr_ratio, "decayRatio": self.decay_ratio}
        return {self.kind: {} if self.kind == "constant" else {k: v for k, v in ratios.items() if v is not None}}


class FineTuningSpec(Spec):
    """What to train. None leaves a choice to the platform and is not sent.

    `dataset`, `evaluation_dataset`, `output_model` and `warm_start_from` may be short ids of the own account;
    `base_model` is a full name. `thresholds` is a field of the embedded platform alone. `rows` (rows of the dataset) is
    only checked against the ceiling.
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
    thresholds: str | None = None
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

"""Sweeps and fine-tuned models."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pydantic import model_validator

from fw_assets.classification.catalogue.tuning_grid import Cell
from fw_assets.classification.values import Frozen
from fw_assets.report.schema.tuning import EpochMetrics


class SweepCell(Frozen):
    """One fine-tuning job and its figures on the validation rows, after the epoch that the platform serves."""

    cell: Cell
    job: str
    model: str
    eval_loss: float | None
    eval_accuracy: float | None
    train_loss: float | None
    trained_tokens: int | None
    curve: tuple[EpochMetrics, ...] = ()
    kept_epoch: float | None = None
    estimated_usd: float | None = None
    """The platform's own estimate of the job's cost in US dollars."""

    @model_validator(mode="before")
    @classmethod
    def _of_one_epoch(cls, fields: Any) -> Any:
        """The fields of version 0.1, whose loss was the least and whose accuracy was the last epoch's, by one epoch.

        Only the embedded platform's jobs had curves then, and it kept the epoch of the least loss.
        """
        if not isinstance(fields, Mapping) or "kept_epoch" in fields or not fields.get("curve"):
            return fields
        curve = [EpochMetrics.model_validate(point) for point in fields["curve"]]
        kept = min(curve, key=lambda point: math.inf if point.loss is None else point.loss)
        return {**fields, "eval_loss": kept.loss, "eval_accuracy": kept.accuracy, "kept_epoch": kept.epoch}


class Sweep(Frozen):
    """The sweep of one model; `best` is the cell with the lowest evaluation loss, for the reason `why`."""

    model: str
    rows: int
    dataset: str
    evaluation_dataset: str
    cells: tuple[SweepCell, ...]
    best: SweepCell
    why: str
    dataset_tokens: int | None = None
    """Tokens of its rows, by the platform's count."""


class FineTuned(Frozen):
    """A finalist trained with its best cell, by a job of its own or already by the sweep."""

    model: str
    tuned_model: str
    job: str
    cell: Cell
    rows: int
    dataset: str
    evaluation_dataset: str
    eval_loss: float | None
    eval_accuracy: float | None
    trained_tokens: int | None
    adopted_from_sweep: bool
    dataset_tokens: int | None = None
    """Tokens of its rows, by the platform's count."""

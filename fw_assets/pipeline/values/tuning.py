"""Sweeps and fine-tuned models."""

from __future__ import annotations

from fw_assets.classification.catalogue.tuning_grid import Cell
from fw_assets.classification.values import Frozen
from fw_assets.report.schema.tuning import EpochMetrics


class SweepCell(Frozen):
    """One fine-tuning job and its figures on the validation rows."""

    cell: Cell
    job: str
    model: str
    eval_loss: float | None
    eval_accuracy: float | None
    train_loss: float | None
    trained_tokens: int | None
    curve: tuple[EpochMetrics, ...] = ()


class Sweep(Frozen):
    """The sweep of one model; `best` is the cell with the lowest evaluation loss, for the reason `why`."""

    model: str
    rows: int
    dataset: str
    evaluation_dataset: str
    cells: tuple[SweepCell, ...]
    best: SweepCell
    why: str


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

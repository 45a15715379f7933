"""Input of a training run: labelled rows and hyper-parameters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from fw_assets.embedded.engine.errors import EngineError
from fw_assets.embedded.engine.label_sets import DEFAULT_RULE, ThresholdRule
from fw_assets.embedded.engine.registry import find_base_model

Scheduler = Literal["constant", "linear", "cosine"]
_WARM_UP_SHARE = 0.1
MIN_ROWS_TO_CHOOSE = 20
"""Evaluation rows below which the loss of one readout of a language model is not told from that of the other."""


@dataclass(frozen=True)
class TrainingRow:
    """One text with its labels (exactly one unless the run is multi-label) and its weight in the loss.

    Attributes:
        text: as the base model reads conversations (`BaseModel.read`).
        tokens: those that the platform charges for the row, per epoch.
        values: those of the fields as JSON, where the final answer is an object of several.
        answer: the final answer as it is written, for models that write; empty where that is the label.
    """

    text: str
    labels: tuple[str, ...]
    weight: float = 1.0
    tokens: int = 0
    answer: str = ""
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class TrainingSpec:
    """Hyper-parameters of one run.

    Attributes:
        epochs: passes over the rows, possibly fractional.
        batch_size: rows per step.
        max_context_length: tokens of a text that are read, counted as by MiniLM, or as by the language model itself.
        scheduler: how the learning rate decays after the warm-up.
        min_rate_ratio: the share of the learning rate that it decays to.
        decay_ratio: the share of all steps in which it does; 0: all that are left.
        warm_up_steps: None: a tenth of all steps.
        weight_decay: times the rate, the share of each weight that a step takes away; of language models alone.
        thresholds: how the thresholds of label sets are fitted, where rows may have several labels.
    """

    base_model: str
    lora_rank: int = 16
    learning_rate: float = 0.01
    epochs: float = 1.0
    batch_size: int = 32
    max_context_length: int = 256
    seed: int = 0
    scheduler: Scheduler = "linear"
    min_rate_ratio: float = 0.0
    decay_ratio: float = 0.0
    warm_up_steps: int | None = None
    weight_decay: float = 0.0
    thresholds: ThresholdRule = DEFAULT_RULE


def rate_share(spec: TrainingSpec, step: int, total: int) -> float:
    """The share of the learning rate at step 1..total: it rises with each step of the warm-up, and then decays."""
    warm_up = max(1.0, _WARM_UP_SHARE * total if spec.warm_up_steps is None else spec.warm_up_steps)
    if step < warm_up or spec.scheduler == "constant":
        return min(step / warm_up, 1.0)
    span = spec.decay_ratio * total or max(total - warm_up + 1, 1.0)
    done = min(1.0, (step - warm_up) / span)
    left = 1 - done if spec.scheduler == "linear" else (1 + math.cos(math.pi * done)) / 2
    return spec.min_rate_ratio + (1 - spec.min_rate_ratio) * left


def check_training_input(
    spec: TrainingSpec, rows: Sequence[TrainingRow], evaluation: Sequence[TrainingRow], multi_label: bool
) -> None:
    """Refuse what cannot be trained on.

    Raises:
        EngineError: naming the parameter or the row, counted from 1.
    """
    find_base_model(spec.base_model)
    for name in ("lora_rank", "learning_rate", "epochs", "batch_size", "max_context_length"):
        value = getattr(spec, name)
        if not (math.isfinite(value) and value > 0):
            raise EngineError(f"{name} is {value}; it must be above 0")
    if not rows:
        raise EngineError("there are no training rows")
    _check_rows(rows, multi_label, "training row")
    if not any(row.labels for row in rows):
        raise EngineError("no training row has a label")
    if not any(row.weight > 0 for row in rows):
        raise EngineError("every training row has weight 0; at least one must be above 0")
    _check_rows(evaluation, multi_label, "evaluation row")


def _check_rows(rows: Sequence[TrainingRow], multi_label: bool, kind: str) -> None:
    for number, row in enumerate(rows, start=1):
        if not (math.isfinite(row.weight) and row.weight >= 0):
            raise EngineError(f"{kind} {number}: weight {row.weight}; it must be a number from 0 up")
        if not multi_label and len(row.labels) != 1:
            raise EngineError(f"{kind} {number}: {len(row.labels)} labels; a single-label run needs exactly one")

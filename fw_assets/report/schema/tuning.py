"""Fine-tuning in report.json: the cells of the sweep and the learning curve."""

from __future__ import annotations

from fw_assets.classification.values import Frozen
from fw_assets.report.schema.bounds import Bounds
from fw_assets.report.schema.comparison import PairResult


class EpochMetrics(Frozen):
    """One record of a tuning job: the figures on its evaluation rows after `epoch` epochs."""

    epoch: float
    loss: float | None = None
    accuracy: float | None = None


class SweepCellResult(Frozen):
    """One cell of the tuning grid: its settings and its figures on the validation rows, after `kept_epoch` epochs.

    `eval_accuracy`: null where neither the job publishes one nor its model was evaluated.
    """

    name: str
    lora_rank: int
    learning_rate: float
    epochs: float
    batch_size: int | None = None
    rows: int | None = None
    eval_accuracy: float | None = None
    eval_loss: float | None = None
    kept_epoch: float | None = None
    chosen: bool = False
    job: str | None = None
    state: str | None = None
    curve: tuple[EpochMetrics, ...] = ()


class LearningPoint(Frozen):
    """A model trained on `share` of the training rows, on the test rows.

    `gain`: against the point before; null for the first, and in reports of before version 2.
    """

    share: float
    rows: int
    accuracy: float
    interval: Bounds
    gain: PairResult | None = None

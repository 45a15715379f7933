"""The part of report.json that holds what was measured: models, comparisons, sweeps. Scales as in `model.py`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from fw_assets.classification.values import Frozen
from fw_assets.report.schema.confidence import ConfidenceResult, FreeResult, NullControl

Bounds = tuple[float, float]
Verdict = Literal["better", "worse", "no evidence of a difference"]


class LabelResult(Frozen):
    """One label on the test rows. `accuracy` is the share of its rows that were given it (its recall)."""

    accuracy: float | None
    support: int
    interval: Bounds | None = None
    predicted: int = 0
    precision: float | None = None
    f1: float | None = None


class ConfusionCount(Frozen):
    """How often rows of `gold` were answered with `predicted`; null is "no valid label"."""

    gold: str
    predicted: str | None
    count: int


class MultiLabelResult(Frozen):
    """Figures that exist only when a row may have several labels."""

    jaccard: float
    hamming: float
    micro_precision: float | None
    micro_recall: float | None
    micro_f1: float | None
    mean_gold: float
    mean_predicted: float


class ModelResult(Frozen):
    """One model on the test rows. For multi-label data `accuracy` is the share of rows with the exact set."""

    model: str
    accuracy: float
    interval: Bounds
    per_label: dict[str, LabelResult]
    outcomes: dict[str, int]
    rows: int
    complete: bool = True
    coverage: float | None = None
    answered_accuracy: float | None = None
    lenient_accuracy: float | None = None
    macro_f1: float | None = None
    weighted_f1: float | None = None
    balanced_accuracy: float | None = None
    mcc: float | None = None
    majority_accuracy: float | None = None
    labels_without_rows: tuple[str, ...] = ()
    confusion: tuple[ConfusionCount, ...] = ()
    most_confused: tuple[ConfusionCount, ...] = ()
    multi_label: MultiLabelResult | None = None
    confidence: ConfidenceResult | None = None
    free: FreeResult | None = None
    null_control: NullControl | None = None


class Flip(Frozen):
    """A test row on which base and tuned disagree in being right."""

    id: str
    direction: Literal["gained", "lost"]
    text: str
    gold: tuple[str, ...]
    base: tuple[str, ...]
    tuned: tuple[str, ...]


class ComparisonResult(Frozen):
    """Tuned against base on the same test rows."""

    gained: int
    lost: int
    p_value: float
    verdict: Verdict
    rows: int
    difference: float
    interval: Bounds
    adjusted_p_value: float | None = None
    mid_p_value: float | None = None
    macro_f1_difference: float | None = None
    macro_f1_interval: Bounds | None = None
    per_label: dict[str, LabelDifference] = Field(default_factory=dict)
    flips: tuple[Flip, ...] = ()

    @property
    def judged_p(self) -> float:
        """The p-value that the verdict goes by: adjusted where several comparisons were made."""
        return self.p_value if self.adjusted_p_value is None else self.adjusted_p_value


class LabelDifference(Frozen):
    """What tuning did to one label: rows gained and lost, and the difference of its accuracies."""

    gained: int
    lost: int
    difference: float
    interval: Bounds
    p_value: float


class CurvePoint(Frozen):
    """One record of a tuning job: the figures on its evaluation rows after `epoch` epochs."""

    epoch: float
    loss: float | None = None
    accuracy: float | None = None


class SweepCell(Frozen):
    """One cell of the tuning grid: what was tried and what it gave on the validation rows."""

    name: str
    lora_rank: int
    learning_rate: float
    epochs: float
    batch_size: int | None = None
    rows: int | None = None
    eval_accuracy: float | None = None
    eval_loss: float | None = None
    chosen: bool = False
    job: str | None = None
    state: str | None = None
    curve: tuple[CurvePoint, ...] = ()

"""Paired comparisons in report.json: fine-tuned against base, and a model against a baseline."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from fw_assets.classification.values import Frozen
from fw_assets.report.schema.bounds import Bounds

Verdict = Literal["better", "worse", "no evidence of a difference"]


class Flip(Frozen):
    """A test row on which base and tuned disagree in being right."""

    id: str
    direction: Literal["gained", "lost"]
    text: str
    gold: tuple[str, ...]
    base: tuple[str, ...]
    tuned: tuple[str, ...]


class LabelDifference(Frozen):
    """What tuning did to one label: rows gained and lost, and the difference of its accuracies."""

    gained: int
    lost: int
    difference: float
    interval: Bounds
    p_value: float


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


class BaselineComparison(Frozen):
    """The model that the report is about against a baseline, on the same test rows."""

    model: str
    gained: int
    lost: int
    difference: float
    interval: Bounds
    p_value: float
    verdict: Verdict


class BaselineResult(Frozen):
    """A classifier that needs no language model, on the same test rows.

    `versus` is set for the one that is best on the validation rows.
    """

    name: str
    method: str
    accuracy: float
    interval: Bounds
    macro_f1: float | None
    balanced_accuracy: float | None
    validation_accuracy: float
    versus: BaselineComparison | None = None

"""The part of report.json that stands beside the headline: confidence, unconstrained rows, baselines, cost, labels."""

from __future__ import annotations

from typing import Literal

from fw_assets.classification.values import Frozen

Bounds = tuple[float, float]


class ConfidenceBin(Frozen):
    """Test rows whose (calibrated) confidence lies from `low` to `high`: what was claimed and what came true."""

    low: float
    high: float
    rows: int
    confidence: float
    accuracy: float
    interval: Bounds


class CoveragePoint(Frozen):
    """Answering only at `threshold` confidence or more: share of the test rows answered, and accuracy among them."""

    threshold: float
    coverage: float
    accuracy: float
    interval: Bounds


class ConfidenceResult(Frozen):
    """How far a model's confidence can be trusted.

    Confidence c becomes sigmoid(logit(c) / `temperature` + `shift`), fitted on `validation_rows`; the other figures
    are on the test rows. `threshold` is null where no confidence reaches the wanted precision on the validation rows;
    `coverage` and `precision` say what it gives on the test rows.
    """

    temperature: float
    shift: float
    validation_rows: int
    rows: int
    ece_before: float | None
    ece: float | None
    brier: float | None
    auroc: float | None
    bins: tuple[ConfidenceBin, ...]
    bins_before: tuple[ConfidenceBin, ...]
    risk: tuple[CoveragePoint, ...]
    wanted_precision: float
    threshold: float | None
    coverage: float | None = None
    precision: float | None = None
    precision_interval: Bounds | None = None


class FreeResult(Frozen):
    """A sample of the test rows asked without constrained decoding, beside the same rows with it.

    `supported` false: the platform refuses such requests for this model, for the reason in `why`.
    """

    rows: int
    supported: bool
    why: str = ""
    accuracy: float | None = None
    interval: Bounds | None = None
    coverage: float | None = None
    constrained_accuracy: float | None = None


class NullControl(Frozen):
    """The base model against itself: rows that only the second, only the first asking got right."""

    rows: int
    gained: int
    lost: int
    p_value: float


class BaselineComparison(Frozen):
    """The model that the report is about against a baseline, on the same test rows."""

    model: str
    gained: int
    lost: int
    difference: float
    interval: Bounds
    p_value: float
    verdict: Literal["better", "worse", "no evidence of a difference"]


class BaselineResult(Frozen):
    """What needs no language model, on the same test rows. `versus` is set for the best one on the validation rows."""

    name: str
    method: str
    accuracy: float
    interval: Bounds
    macro_f1: float | None
    balanced_accuracy: float | None
    validation_accuracy: float
    versus: BaselineComparison | None = None


class CostPoint(Frozen):
    """What 1,000 answers of a model cost in its evaluation, beside its accuracy on the test rows.

    `dominated`: another one is at least as accurate and costs no more, and is better in one of the two.
    """

    name: str
    kind: Literal["base", "tuned", "baseline"]
    accuracy: float
    interval: Bounds
    usd_per_1000: float | None
    dominated: bool = False


class LearningPoint(Frozen):
    """A model trained on `share` of the training rows, on the test rows."""

    share: float
    rows: int
    accuracy: float
    interval: Bounds


def mark_dominated(points: tuple[CostPoint, ...]) -> tuple[CostPoint, ...]:
    """The points with `dominated` set; one whose cost is unknown neither dominates nor is dominated."""

    def beaten(point: CostPoint) -> bool:
        mine = point.usd_per_1000
        return mine is not None and any(
            other.usd_per_1000 is not None
            and other.usd_per_1000 <= mine
            and other.accuracy >= point.accuracy
            and (other.usd_per_1000 < mine or other.accuracy > point.accuracy)
            for other in points
        )

    return tuple(point.model_copy(update={"dominated": beaten(point)}) for point in points)

"""Diagnostics of one model in report.json: calibration, unconstrained rows and the null control."""

from __future__ import annotations

from fw_assets.classification.values import Frozen
from fw_assets.report.schema.bounds import Bounds


class ConfidenceBin(Frozen):
    """Test rows whose (calibrated) confidence lies from `low` to `high`: mean confidence and share right."""

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
    `coverage` and `precision` are what it leads to on the test rows. `helps` false: calibration was not better on
    validation rows that it was not fitted on, in log loss and ECE, and the confidences are left as they are.
    `cost_limit`: where the session has costs, the threshold is the one from which the answers' mistakes cost at most so
    much for a row on the validation rows; `cost` is what they cost on the test rows.
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
    helps: bool = True
    cost_limit: float | None = None
    cost: float | None = None
    cost_interval: Bounds | None = None


class UnconstrainedResult(Frozen):
    """A sample of the test rows asked without constrained decoding, and the same rows with it.

    `supported` false: the platform refuses such requests for this model, for the reason in `why`.
    """

    rows: int
    supported: bool
    why: str = ""
    accuracy: float | None = None
    interval: Bounds | None = None
    coverage: float | None = None
    constrained_accuracy: float | None = None


class OrderResult(Frozen):
    """A sample of the test rows decided again with the labels in reverse order, and how many came out otherwise."""

    rows: int
    flipped: int


class NullControl(Frozen):
    """The base model against itself: rows that only the second run, and only the first run, got right.

    `groups` of the rows are distinct.
    """

    rows: int
    gained: int
    lost: int
    p_value: float
    groups: int | None = None

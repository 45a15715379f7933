"""report.json: everything that a reader of the report, or a script, needs to know about one run.

final_report.md and final_report.html are pure renderings of this value. All accuracies are shares between 0 and
1 over all test rows, all intervals are 95% `(low, high)` on the same scale, all money is US dollars; `None` means
unknown or not applicable, never zero.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from fw_assets.classification.session import Session
from fw_assets.classification.values import Frozen
from fw_assets.report.schema.confidence import BaselineResult, CostPoint, LearningPoint
from fw_assets.report.schema.model_result import (
    Bounds,
    ComparisonResult,
    ConfusionCount,
    CurvePoint,
    Flip,
    LabelDifference,
    LabelResult,
    ModelResult,
    MultiLabelResult,
    SweepCell,
    Verdict,
)

__all__ = [
    "VERSION",
    "Bounds",
    "Candidate",
    "ComparisonResult",
    "ConfusionCount",
    "Cost",
    "CostEntry",
    "CurvePoint",
    "DataFile",
    "Dataset",
    "DeploymentResult",
    "Flip",
    "LabelDifference",
    "LabelResult",
    "ModelResult",
    "MultiLabelResult",
    "PartRows",
    "Prompted",
    "Ranked",
    "Report",
    "Run",
    "Snippets",
    "SweepCell",
    "Validation",
    "Verdict",
    "WinnerResult",
]

VERSION: Literal[1] = 1
"""Raised when a field changes its meaning or goes; a new field alone does not raise it."""


class PartRows(Frozen):
    """How many rows each part has; `excluded` rows repeat a test row or have no known label, and are used nowhere."""

    train: int
    validation: int
    test: int
    excluded: int = 0


class Validation(Frozen):
    """Accuracy on the validation rows, the ones that every choice reads."""

    accuracy: float
    interval: Bounds


class Candidate(Frozen):
    """A base model that was asked for and, when it was a finalist, its fine-tuned descendant."""

    model: str
    base: ModelResult | None
    tuned: ModelResult | None = None
    comparison: ComparisonResult | None = None
    finalist: bool = False
    note: str = ""
    strategy: str | None = None
    base_validation: Validation | None = None
    tuned_validation: Validation | None = None
    hyperparameters: dict[str, float | int | None] = Field(default_factory=dict)
    sweep: tuple[SweepCell, ...] = ()
    learning: tuple[LearningPoint, ...] = ()


class Ranked(Frozen):
    """A place in a ranking made on the validation rows."""

    model: str
    accuracy: float
    interval: Bounds
    chosen: bool
    why: str = ""


class WinnerResult(Frozen):
    """The model to use. `base_model` is what it was tuned from, or the model itself."""

    model: str
    kind: Literal["base", "tuned"]
    base_model: str
    why: str = ""


class DeploymentResult(Frozen):
    """What the gate decided and what stands deployed. `model` is the address that requests name."""

    id: str | None = None
    endpoint: str | None = None
    decision: Literal["deployed", "keep-base", "not-asked", "incomplete"]
    why: str = ""
    model: str | None = None
    replayed: int | None = None
    agreed: int | None = None
    losing_labels: tuple[str, ...] = ()
    watch_labels: tuple[str, ...] = ()
    usd_per_hour: float | None = None
    batch_only: bool = False
    """Nothing is deployed, and the platform answers for the base model in batch jobs only."""


class CostEntry(Frozen):
    """One line of the bill. Amounts are rounded to a hundredth of a cent; totals are sums of the rounded amounts."""

    line: str
    stage: str
    model: str | None = None
    formula: str = ""
    estimated_usd: float | None
    revised_usd: float | None = None
    """The estimate with token counts as the base models' evaluation showed them."""
    quantity_estimated: bool = False
    """The platform did not say how much it was; the actual figure is the expected quantity at the line's price."""
    low_usd: float | None = None
    high_usd: float | None = None
    actual_usd: float | None


class Cost(Frozen):
    """Estimated against actual. With a null line the totals cover the known lines (`*_complete` is false).

    `not_started`: lines of the plan that never began, such as training a model that was not a finalist; they are
    in no total.
    """

    lines: tuple[CostEntry, ...]
    estimated_usd: float
    actual_usd: float
    estimated_complete: bool = True
    actual_complete: bool = True
    not_started: tuple[str, ...] = ()
    promised: tuple[CostEntry, ...] = ()
    """Approved and held, but for after the report, such as the first hour of serving; in no total."""


class Dataset(Frozen):
    """What was found in the data before anything was paid for."""

    files: tuple[DataFile, ...] = ()
    extraction: str | None = None
    extraction_coverage: float | None = None
    labels_given: bool = False
    multi_label: bool = False
    label_rows: dict[str, PartRows] = Field(default_factory=dict)
    imbalance_ratio: float | None = None
    imbalance_threshold: float | None = None
    imbalance_exceeded: bool = False
    duplicate_groups: int = 0
    removed_from_train: int = 0
    contradictions: int = 0
    rejected: int = 0
    """Lines and rows that `bad_rows: quarantine` left out, those without a known label among them."""
    findings: tuple[str, ...] = ()


class DataFile(Frozen):
    """A file that was read."""

    name: str
    sha256: str
    size_bytes: int
    rows: int
    rejected: int = 0


class Prompted(Frozen):
    """How every model was asked; the same for base, tuned and training."""

    system: str | None
    mode: str
    max_tokens: int | None = None


class Run(Frozen):
    """When, where and by whose leave. Times are ISO 8601 with their zone."""

    platform: str
    base_url: str | None = None
    account: str | None = None
    started_at: str | None = None
    finished_at: str | None = None
    approved_by: str | None = None
    approved_at: str | None = None
    mitigation: str = "none"
    """What was done about imbalance in the training rows, as it was approved."""
    note: str = ""


class Snippets(Frozen):
    """Code that asks the winner for a label, ready to run."""

    python: str
    curl: str
    before: tuple[str, ...] = ()


class Report(Frozen):
    """The whole report of one dataset's run."""

    version: Literal[1] = VERSION
    dataset: str
    plan_digest: str
    status: Literal["complete", "benchmark", "incomplete"]
    incomplete: tuple[str, ...] = ()
    answer: str = ""
    rows: PartRows
    labels: tuple[str, ...]
    asked: Session
    data: Dataset
    prompt: Prompted | None = None
    candidates: tuple[Candidate, ...]
    baselines: tuple[BaselineResult, ...] = ()
    costs: tuple[CostPoint, ...] = ()
    finalists: tuple[Ranked, ...] = ()
    winner: WinnerResult | None
    deployment: DeploymentResult
    cost: Cost
    snippets: Snippets | None = None
    run: Run
    created: tuple[str, ...] = ()
    versions: dict[str, str] = Field(default_factory=dict)
    seeds: dict[str, int] = Field(default_factory=dict)
    digests: dict[str, str] = Field(default_factory=dict)
    detectable_difference: float | None = None


Dataset.model_rebuild()

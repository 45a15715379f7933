"""report.json: everything that a reader of the report, or a script, needs to know about one run.

final_report.md and final_report.html are pure renderings of this value. All accuracies are shares between 0 and
1 over all test rows, all intervals are 95% `(low, high)` on the same scale, all money is US dollars; `None` means
unknown or not applicable, never zero.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from fw_assets.classification.arm import read_arm
from fw_assets.classification.arms.contextual_calibration import ContextualCalibration
from fw_assets.classification.arms.example_source import ExampleSource
from fw_assets.classification.arms.shortlist_source import ShortlistSource
from fw_assets.classification.cost.ranges import Range
from fw_assets.classification.gate.label_check import LabelCheck
from fw_assets.classification.plan.left_out_arm import LeftOutArm
from fw_assets.classification.plan.long_rows import LongRows
from fw_assets.classification.session import Session
from fw_assets.classification.values import Frozen
from fw_assets.report.schema.bounds import Bounds
from fw_assets.report.schema.cascades import CascadeResult
from fw_assets.report.schema.comparison import BaselineResult, ComparisonResult, PairResult, TiedGroup
from fw_assets.report.schema.cost import Cost, CostPoint
from fw_assets.report.schema.dataset import DatasetSummary, SplitGroups, SplitRows
from fw_assets.report.schema.distributions import DistributionResult, ThresholdResult
from fw_assets.report.schema.fields import Fields
from fw_assets.report.schema.looks import Looks
from fw_assets.report.schema.mistakes import MistakeCostsResult
from fw_assets.report.schema.model_result import ModelResult
from fw_assets.report.schema.power import PowerResult
from fw_assets.report.schema.scope import ScopeResult
from fw_assets.report.schema.similarity import SimilarityResult
from fw_assets.report.schema.slices import Hierarchy, Slices
from fw_assets.report.schema.trend import Trend
from fw_assets.report.schema.tuning import LearningPoint, SweepCellResult

VERSION: Literal[2] = 2
"""Raised when a field changes its meaning or goes; a new field alone does not raise it.

Version 1 counted rows where 2 counts groups of them, and had one verdict for all that was not shown.
"""


class Validation(Frozen):
    """Accuracy on the validation rows, the ones that every choice reads."""

    accuracy: float
    interval: Bounds


class CandidateResult(Frozen):
    """A base model that was asked for and, when it was a finalist, its fine-tuned descendant.

    Or an adapter that existed before: its figures are in `base`, since it is evaluated as it is, and `adapter_of` is
    what it was trained from.
    """

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
    sweep: tuple[SweepCellResult, ...] = ()
    learning: tuple[LearningPoint, ...] = ()
    adapter_of: str = ""
    endpoint: str = ""
    """The URL and, after `#`, the model of an endpoint that was asked as it is; empty for models of the platform."""
    named: Literal["", "deployment", "router"] = ""
    """What `model` is the name of, where the session names a deployment or a router in place of a model."""
    serves: str = ""
    """The full name of the model that answers at such a deployment; empty where it is not known."""
    serves_trained: bool = False
    """Whether that was trained before."""
    answered_by: str = ""
    """The address of the server that answered for the platform when the plan was made; empty where it did itself."""
    warm_start: str = ""
    """The adapter that its fine-tuning continued; empty where it began at the base model."""
    examples: int | None = None
    """Training rows before each row that it was asked; null without."""
    arm: str = ""
    """The way in which a base model was asked, where that is another than as it is, such as `descriptions`."""
    calibration: ContextualCalibration | None = None
    """Of a base model that can be calibrated by what it says of no text: whether it is, as the validation rows say."""

    @property
    def existed(self) -> bool:
        """Whether it is something that was there before and is evaluated only: an adapter, a deployment, a router."""
        return bool(self.adapter_of or self.named)

    @property
    def kind(self) -> str:
        """What it is as it is: `base`, `adapter`, `endpoint`, `deployment`, `router`, or its arm in words."""
        if self.arm:
            return read_arm(self.arm).words
        if self.endpoint:
            return "endpoint"
        if self.named:
            return self.named
        return "adapter" if self.adapter_of else "base"


class RankedModel(Frozen):
    """A place in a ranking made on the validation rows."""

    model: str
    accuracy: float
    interval: Bounds
    chosen: bool
    why: str = ""


class WinnerResult(Frozen):
    """The model that won on the validation rows. `base_model` is what it was tuned from, or the model itself.

    `untuned`: the best model that needs no tuning, which is kept if the winner is not deployed. Where the winner is an
    adapter that existed before, `adapter_of` is what that was trained from, and `untuned` the best base model.
    """

    model: str
    kind: Literal["base", "tuned"]
    base_model: str
    why: str = ""
    untuned: str | None = None
    adapter_of: str = ""


class DeploymentResult(Frozen):
    """The decision of the gate, and the deployment that serves. `model` is the address that requests name.

    `served` is how the deployment serves it, such as `merged into its base`; empty where that is not recorded.
    """

    id: str | None = None
    endpoint: str | None = None
    decision: Literal["deployed", "keep-base", "keep-none", "not-asked", "incomplete"]
    why: str = ""
    model: str | None = None
    served: str = ""
    replayed: int | None = None
    agreed: int | None = None
    losing_labels: tuple[str, ...] = ()
    watch_labels: tuple[str, ...] = ()
    label_check: LabelCheck | None = None
    usd_per_hour: float | None = None
    adopted: bool = False
    """The account's own deployment, which was there before and stays as it is."""
    batch_only: bool = False
    """Nothing is deployed, and the platform answers for the base model in batch jobs only."""


class PromptSummary(Frozen):
    """How every model was asked; the same for base, tuned and training."""

    system: str | None
    mode: str
    max_tokens: int | None = None


class Run(Frozen):
    """Platform, account, times and approval of the run. Times are ISO 8601 with their zone."""

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
    planned_minutes: Range | None = None
    """From approval to report as the plan said; null where no model computes on the platform's own machine."""
    revised_minutes: Range | None = None
    """The same by the pace of the base benchmark."""


class Snippets(Frozen):
    """Code that asks the recommended model for a label, ready to run.

    `python` and `curl` are empty where no model of the platform is recommended, or nothing serves it; `commands` are of
    the command line, that of the free model among them. `model` is what requests name, at `endpoint`; `asks` says which
    that is; `without_code` says why what serves has none. Older reports have code of deployed winners alone, and of the
    fields after `before` none.
    """

    python: str
    curl: str
    before: tuple[str, ...] = ()
    asks: str = ""
    model: str = ""
    endpoint: str = ""
    commands: tuple[str, ...] = ()
    without_code: str = ""

    @property
    def program(self) -> str:
        """What the program is written with, as a title."""
        for module, package in (("fireworks", "fireworks-ai"), ("openai", "openai")):
            if f"from {module} import" in self.python:
                return f"With the {package} SDK"
        return "With Python alone"


class Report(Frozen):
    """The whole report of one dataset's run."""

    version: Literal[1, 2] = VERSION
    dataset: str
    plan_digest: str
    status: Literal["complete", "benchmark", "incomplete"]
    incomplete: tuple[str, ...] = ()
    remedy: str = ""
    answer: str = ""
    rows: SplitRows
    labels: tuple[str, ...]
    asked: Session
    data: DatasetSummary
    prompt: PromptSummary | None = None
    candidates: tuple[CandidateResult, ...]
    baselines: tuple[BaselineResult, ...] = ()
    costs: tuple[CostPoint, ...] = ()
    finalists: tuple[RankedModel, ...] = ()
    winner: WinnerResult | None
    deployment: DeploymentResult
    recommended_baseline: str | None = None
    """The name of the free model that is recommended in place of every model that was asked; null where none is."""
    cost: Cost
    snippets: Snippets | None = None
    run: Run
    created: tuple[str, ...] = ()
    versions: dict[str, str] = Field(default_factory=dict)
    seeds: dict[str, int] = Field(default_factory=dict)
    digests: dict[str, str] = Field(default_factory=dict)
    detectable_difference: float | None = None
    power: PowerResult | None = None
    looks: Looks | None = None
    """Null in reports of before looks were counted, and where no figure of the test rows is shown."""
    trend: Trend | None = None
    """Null in reports of before there was a trend, and where the run has no verdict."""
    groups: SplitGroups | None = None
    choice: PairResult | None = None
    """The best fine-tuned model against the best that needs no tuning, both chosen on the validation rows."""
    pairs: tuple[PairResult, ...] = ()
    """All candidates against each other, adjusted together."""
    tied: tuple[TiedGroup, ...] = ()
    free_pairs: tuple[PairResult, ...] = ()
    """The free models against the model in use and the best fine-tuned one, but for the pair in `baselines`."""
    free_left_out: str = ""
    """Why sentence embeddings are not among the free models; empty where they are."""
    cascades: tuple[CascadeResult, ...] = ()
    """Each free model before each other one; empty in older reports, and where answers have several fields."""
    similarity: tuple[SimilarityResult, ...] = ()
    """Accuracy of each model by similarity of the test rows to their nearest training row."""
    distributions: tuple[DistributionResult, ...] = ()
    """Scores of the probabilities of all labels, of the models that tell them; empty in older reports, and where rows
    may have several labels."""
    thresholds: tuple[ThresholdResult, ...] = ()
    """From which probability labels are given, by model; empty in older reports, and where rows have one label."""
    scope: tuple[ScopeResult, ...] = ()
    """Rows that belong to no label, by model; empty in older reports, and where no such rows are known."""
    hierarchy: Hierarchy | None = None
    """Null in older reports, and where the labels are no paths such as `billing/refund`."""
    slices: Slices | None = None
    """Null where the session names no slices."""
    fields: Fields | None = None
    """Null where the label alone is asked for."""
    long_rows: tuple[LongRows, ...] = ()
    """Rows longer than a model's context, for each model that has such."""
    left_out: tuple[LeftOutArm, ...] = ()
    shortlists: ShortlistSource | None = None
    """Arms of models that do not answer them."""
    examples: ExampleSource | None = None
    """Where the examples of few-shot arms come from; null without such arms."""
    mistakes: MistakeCostsResult | None = None
    """Null where the session has no costs of mistakes."""

    @property
    def kept(self) -> str | None:
        """The full name of the model without tuning that stays in use, or would; None without a winner.

        The winner, if it needs none and the gate did not refuse it, else the best that needs none.
        """
        winner = self.winner
        if winner is None:
            return None
        refused = self.deployment.decision in ("keep-base", "keep-none")
        return (winner.untuned or winner.base_model) if refused or winner.kind == "tuned" else winner.base_model

    def kind_of(self, id: str, kind: str) -> str:
        """The kind of a model by its short id and its kind in the data, as people say it."""
        kinds = {item.model.rsplit("/", 1)[-1]: item.kind for item in self.candidates}
        if kind == "base" and id in kinds:
            return kinds[id]
        return "fine-tuned" if kind == "tuned" else kind

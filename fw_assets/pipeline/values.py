"""What the phases hand each other beyond the domain's own values."""

from __future__ import annotations

from typing import Literal

from fw_assets.classification.catalogue.tuning_grid import Cell
from fw_assets.classification.cost.cost_lines import Estimate
from fw_assets.classification.metrics.baselines import BaselineScores
from fw_assets.classification.metrics.confidence import ModelConfidence
from fw_assets.classification.metrics.scores import Scores
from fw_assets.classification.selection.comparison import Comparison
from fw_assets.classification.selection.deploy_gate import GateDecision
from fw_assets.classification.selection.selection import Finalists, Winner
from fw_assets.classification.session import Mitigation, Session
from fw_assets.classification.values import Frozen, Interval, digest
from fw_assets.pipeline.run_config import Driver
from fw_assets.report.schema.tuning import EpochMetrics


class SourceFile(Frozen):
    """One staged dataset file.

    `reference` is what the user named; `path` is where this machine reads it; `sha256` is of its bytes.
    """

    role: Literal["train", "eval"]
    reference: str
    path: str
    sha256: str
    size_bytes: int


class Registration(Frozen):
    """A dataset that was put to the workflow: the session as it was understood, and the content of its files."""

    name: str
    session: Session
    files: tuple[SourceFile, ...]
    understood: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    confirmed: tuple[str, ...] = ()
    """Clauses that a second reader read and a person confirmed."""
    driver: Driver = "daemon"

    @property
    def inputs(self) -> str:
        """Digest of what the plan depends on: the session and the files' content, not where they lie."""
        session = self.session.model_dump(mode="json", exclude={"dataset", "eval_dataset"})
        return digest([session, [(file.role, file.sha256) for file in self.files], self.unused])


class Approval(Frozen):
    """A person's answer to one plan."""

    plan_digest: str
    decision: Literal["approved", "rejected"]
    approved_by: str
    mitigation: Mitigation
    note: str = ""
    driver: Driver = "daemon"
    automatic: bool = False
    """The session's `auto_approve_up_to_usd` answered, and no person."""
    labels: tuple[str, ...] = ()
    """The label set of the plan."""
    labels_confirmed: bool = False
    """Whether a person said that the labels are right, or gave them."""
    at: str
    """RFC 3339, UTC. A second signature of the same plan is leave to try again what is still missing."""


class Stopped(Frozen):
    """Why the run of one approval ended before its end; the stored `inputs` are the approval's digest."""

    reason: str
    at: str


class PlanChanges(Frozen):
    """What is different in a plan from the one before it that was answered, or was there."""

    plan_digest: str
    before: str = ""
    answered: str = ""
    """How the plan before was answered: `approved by ann`; empty when it was not."""
    differences: tuple[str, ...] = ()

    @property
    def heading(self) -> str:
        """One sentence that says what the change does."""
        if not self.answered:
            return f"Changed since plan {self.before}."
        return f"Changed since plan {self.before}, {self.answered}: that answer holds no longer."


class Usage(Frozen):
    """What an evaluation used: answers taken from an earlier run are counted, since they were paid for then."""

    requests: int
    prompt_tokens: int
    completion_tokens: int

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            requests=self.requests + other.requests,
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
        )


NO_USAGE = Usage(requests=0, prompt_tokens=0, completion_tokens=0)


class UnconstrainedSample(Frozen):
    """A few test rows asked without constrained decoding, beside the same rows as they were evaluated.

    `supported` false: the platform refuses such requests for this model; `why` is what it said.
    """

    rows: int
    supported: bool
    why: str = ""
    free: Scores | None = None
    constrained: Scores | None = None


class Baselines(Frozen):
    """What needs no language model, in the order of `BASELINES`."""

    found: tuple[BaselineScores, ...]


class BaseMetrics(Frozen):
    """A base model on the validation rows (every choice reads these) and on the test rows (none does)."""

    model: str
    address: str
    deployment: str | None
    validation: Scores
    test: Scores
    usage: Usage
    trust: ModelConfidence | None = None
    free: UnconstrainedSample | None = None
    null_control: Comparison | None = None


class SweepCell(Frozen):
    """One tuning job of the sweep and its figures on the validation rows."""

    cell: Cell
    job: str
    model: str
    eval_loss: float | None
    eval_accuracy: float | None
    train_loss: float | None
    trained_tokens: int | None
    curve: tuple[EpochMetrics, ...] = ()


class Sweep(Frozen):
    """The sweep of one model; `best` is the cell with the lowest evaluation loss."""

    model: str
    rows: int
    dataset: str
    evaluation_dataset: str
    cells: tuple[SweepCell, ...]
    best: SweepCell
    why: str


class FineTuned(Frozen):
    """A finalist trained with its best cell."""

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


class TunedMetrics(Frozen):
    """A fine-tuned model on the same rows as its base, and the two compared."""

    model: str
    tuned_model: str
    deployment: str
    address: str
    validation: Scores
    test: Scores
    comparison: Comparison
    usage: Usage
    trust: ModelConfidence | None = None
    free: UnconstrainedSample | None = None


class CurvePoint(Frozen):
    """What training on a share of the training rows gave on the test rows."""

    share: float
    rows: int
    test: Scores
    model: str


class LearningCurve(Frozen):
    """Smallest share first; the last point is the finalist itself."""

    points: tuple[CurvePoint, ...]


class FinalistsRecord(Frozen):
    """The finalists by the slugs that name partitions."""

    finalists: Finalists
    slugs: tuple[str, ...]
    revised: Estimate | None = None
    """The estimate with what the base models were seen to use; what was approved stays the ceiling."""


class ServingProof(Frozen):
    """What was seen when the deployed model was asked again for rows it had been evaluated on."""

    asked: int
    agreed: int


class DeploymentRecord(Frozen):
    """What was decided on the winner, and what serves it."""

    winner: Winner
    gate: GateDecision
    deployed: bool
    model: str
    address: str | None
    """What goes in a request's `model` field; None where nothing serves the model but batch jobs."""
    deployment: str | None
    endpoint: str | None
    proof: ServingProof | None


class Regression(Frozen):
    """A deployment's answers of one date against those that it was accepted with."""

    date: str
    deployment: str
    comparison: Comparison

    @property
    def holds(self) -> bool:
        """Whether the paired interval of the difference includes no difference."""
        return unchanged(self.comparison.difference)


def unchanged(difference: Interval) -> bool:
    """Whether a paired interval includes 0."""
    return difference.low <= 0 <= difference.high


class ReportRecord(Frozen):
    """Where the report lies and the figures that the UI plots over time."""

    markdown: str
    html: str
    json_file: str
    headline: str
    winner: str
    accuracy: float | None
    complete: bool

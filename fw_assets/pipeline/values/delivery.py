"""Choices and their delivery: finalists, the deployed winner, the report, and later checks of the deployment."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from fw_assets.classification.arms.example_source import ServedExamples
from fw_assets.classification.cost.cost_lines import Estimate
from fw_assets.classification.gate.deploy_gate import Decision, GateDecision
from fw_assets.classification.model_endpoint import ModelEndpoint
from fw_assets.classification.prompting.opening import Opening
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.classification.request_form import RequestForm
from fw_assets.classification.selection.power import BaseDiscordance
from fw_assets.classification.selection.selection import Finalists, ModelKind, Winner
from fw_assets.classification.values import Frozen
from fw_assets.pipeline.values.serving_path import ServingPath


class FinalistsRecord(Frozen):
    """The finalists.

    Attributes:
        finalists: the ranking of all base models.
        slugs: the models that go on, as they name partitions; empty if nothing is to be fine-tuned.
        revised: the estimate by the usage of the base models; the approved one stays the ceiling.
        discordance: of the two best base models; None with a single one, or from an earlier version.
    """

    finalists: Finalists
    slugs: tuple[str, ...]
    revised: Estimate | None = None
    discordance: BaseDiscordance | None = None


class ServingProof(Frozen):
    """Rows that the deployed model was asked again, and how many it answered as evaluated."""

    asked: int
    agreed: int


class DeploymentRecord(Frozen):
    """The decision on the winner, and what serves it.

    Attributes:
        address: the `model` field of a request; None if nothing but batch jobs serves the model.
        path: how its deployment serves it; None where an earlier version deployed it, or it has none of its own.
        usd_per_hour: of the deployment, as quoted; None where the plan's price holds.
        prompt: what the model was evaluated with, and is asked until another is deployed (`served_prompt`); None where
            an earlier version deployed it.
        server, form: the endpoint that serves, and how it is asked; None where the platform serves.
        few_shot: the examples that stand before each text; None without.
        opening: how the test rows begin, as the texts that it is asked for have to; None likewise.
    """

    winner: Winner
    gate: GateDecision
    deployed: bool
    model: str
    address: str | None
    deployment: str | None
    endpoint: str | None
    proof: ServingProof | None
    path: ServingPath | None = None
    usd_per_hour: float | None = None
    prompt: Prompt | None = None
    opening: Opening | None = None
    server: ModelEndpoint | None = None
    form: RequestForm | None = None
    few_shot: ServedExamples | None = None

    @property
    def verdict(self) -> Decision:
        """Of the gate."""
        return self.gate.decision

    @property
    def in_use(self) -> tuple[str, ModelKind]:
        """The model that stays after the run, deployed or not: the winner, unless the gate refused it."""
        return (self.winner.kept, "base") if self.gate.refuses else (self.winner.model, self.winner.kind)

    @property
    def serves(self) -> tuple[str, ModelKind]:
        """The model that `model` names: its id in the plan, and whether it is fine-tuned."""
        return (self.winner.model, self.winner.kind) if self.deployed else (self.winner.kept, "base")


class RemovedDeployment(Frozen):
    """A deployment that a report names and that is gone from the platform since."""

    deployment: str


class ReportRecord(Frozen):
    """Paths of the report, and the figures that the UI plots over time.

    Attributes:
        sha256: of each of its files, by name; empty if an earlier version wrote it.
        recommended: the free model that it recommends in place of every model that was asked; empty where it recommends
            none, and if an earlier version wrote it.
    """

    markdown: str
    html: str
    json_file: str
    headline: str
    winner: str
    accuracy: float | None
    complete: bool
    sha256: Mapping[str, str] = Field(default_factory=dict)
    recommended: str = ""

"""Served model of a dataset, with all that its answers to new texts are asked and judged by."""

from __future__ import annotations

from dataclasses import dataclass

from fw_assets.classification.arm import arm_name, arm_of, without_arm
from fw_assets.classification.catalogue.models import CatalogueModel, PlannedModel
from fw_assets.classification.metrics.confidence import ModelConfidence
from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.prompting.opening import Opening
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.classification.scope.abstention import Abstention, model_abstention
from fw_assets.pipeline.errors.answers import NotServed
from fw_assets.pipeline.input_digests import delivery_inputs
from fw_assets.pipeline.values.delivery import DeploymentRecord, FinalistsRecord, ReportRecord
from fw_assets.pipeline.values.evaluation import BaseMetrics, TunedMetrics
from fw_assets.pipeline.values.served_prompt import served_opening, served_prompt
from fw_assets.workspace.scope_predictions import model_scope
from fw_assets.workspace.workspace import Workspace


@dataclass(frozen=True)
class Served:
    """A served model.

    Attributes:
        address: the `model` field of requests.
        digest: of the record.
        abstention: when its answers are left to a person, from the rows that it was evaluated on; never where these
            belong to another plan by now.
        recommended: the free model that the report of the same plan recommends in its place; empty where none is.
    """

    record: DeploymentRecord
    address: str
    digest: str
    prompt: Prompt
    opening: Opening
    plan: Plan
    abstention: Abstention
    is_planned: bool
    recommended: str = ""

    @property
    def caveats(self) -> tuple[str, ...]:
        """Why its labels are not recommended: the gate kept none of the models, or a free one is in their place."""
        if self.recommended:
            why = f": {self.record.gate.why}" if self.record.verdict == "keep-none" else ""
            return (
                f"the report recommends {self.recommended}, which is free (--free, in Python free=True), and these are "
                f"labels of {self._asked} all the same{why}",
            )
        if self.record.verdict != "keep-none":
            return ()
        return (
            f"the report recommends none of the models, and these are labels of {self._asked} all the same: "
            f"{self.record.gate.why}",
        )

    @property
    def _asked(self) -> str:
        arm = arm_of(self.record.serves[0])
        return arm_name(self.record.model, arm) if arm else self.record.model

    @property
    def is_tuned(self) -> bool:
        return self.record.serves[1] == "tuned"

    def planned(self, models: tuple[CatalogueModel, ...]) -> PlannedModel:
        """The model by which it is priced: the plan's, or where that has another by now, the catalogue's."""
        slug = self.record.serves[0]
        for model in self.plan.models:
            if model.slug == slug:
                return model
        entry = next((model for model in models if model.slug == without_arm(slug)), None)
        return PlannedModel(
            name=entry.name if entry else self.record.model,
            slug=slug,
            parameter_count=entry.parameter_count if entry else None,
            tunable=bool(entry and entry.tunable),
            strategy=entry.strategy if entry else "deployment",
            cells=(),
            entry=entry,
        )


def served_model(store: Workspace, dataset: str) -> Served:
    """What serves a dataset's winner, or the base model that was kept.

    Raises:
        FileNotFoundError: nothing was decided yet.
        NotServed: it answers in batch jobs only.
        PhaseError: an earlier version made the record, and the dataset has been planned anew since.
    """
    record = store.require("deployment", dataset, DeploymentRecord)
    head = store.header("deployment", dataset)
    if record.address is None:
        raise NotServed(record.model, record.gate.why)
    plan = store.require("plan", dataset, Plan)
    finalists = store.read("finalists", dataset, FinalistsRecord)
    slugs = finalists.slugs if finalists else ()
    is_planned = head is not None and head.inputs == delivery_inputs(store, dataset, plan.digest, slugs)
    return Served(
        record=record,
        address=record.address,
        digest=head.digest if head else "",
        prompt=served_prompt(store, dataset, record),
        opening=served_opening(store, dataset, record),
        plan=plan,
        abstention=_abstention(store, dataset, record, plan) if is_planned else Abstention(),
        is_planned=is_planned,
        recommended=_recommended(store, dataset, head.inputs) if is_planned and head else "",
    )


def _recommended(store: Workspace, dataset: str, inputs: str) -> str:
    head, report = store.header("report", dataset), store.read("report", dataset, ReportRecord)
    return report.recommended if head is not None and head.inputs == inputs and report is not None else ""


def _abstention(store: Workspace, dataset: str, record: DeploymentRecord, plan: Plan) -> Abstention:
    figures = model_scope(store, dataset, *record.serves, plan.session, plan.label_set)
    return model_abstention(_confidence(store, dataset, record), figures.cutoff if figures is not None else None)


def _confidence(store: Workspace, dataset: str, record: DeploymentRecord) -> ModelConfidence | None:
    slug, kind = record.serves
    metrics: BaseMetrics | TunedMetrics | None
    if kind == "tuned":
        metrics = store.read("metrics", dataset, TunedMetrics, slug)
    else:
        metrics = store.read("base_metrics", dataset, BaseMetrics, slug)
    return metrics.trust if metrics is not None else None

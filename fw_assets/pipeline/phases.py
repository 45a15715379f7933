"""The order of the phases: which steps are due, read from what the workspace holds and from nothing else.

A step is due when what it needs is there and its own result is missing or was made from something else. Its key
holds the digest of its inputs and of the approval, so each step starts once per key: a failed step is not started
again by itself, and approving the plan again allows another attempt at what is still missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from fw_assets.classification.arm import Arm, arm_name
from fw_assets.classification.errors import InputError
from fw_assets.classification.plan.self_approval import approves_itself
from fw_assets.classification.session import Mitigation
from fw_assets.classification.values import digest
from fw_assets.classification.visible_text import visible
from fw_assets.pipeline.asset_table import phase_assets
from fw_assets.pipeline.budget.ledger_log import read_ledger
from fw_assets.pipeline.failures import message_of
from fw_assets.pipeline.input_digests import (
    baseline_inputs,
    delivery_inputs,
    finalists_inputs,
    incomplete_inputs,
    plan_inputs,
    tuning_inputs,
    unevaluated_inputs,
)
from fw_assets.pipeline.run_config import Driver, approval_config
from fw_assets.pipeline.stored_fields import StoredBaselines, StoredFinalists, StoredPlan
from fw_assets.workspace.dataset_rows import example_paths, shortlist_paths, split_rows_path
from fw_assets.workspace.predictions import PARTS, encoder_path, prediction_path
from fw_assets.workspace.workspace import Workspace

AUTOMATIC = "auto_approve_up_to_usd"
"""Who approves when the session lets a plan of this price approve itself."""

PLANNING = phase_assets("planning")
PLAN = ("plan",)
"""All that is due of a dataset whose rows are as they were while the platform's offer has changed."""
APPROVAL = phase_assets("approval")
BASE_METRICS = phase_assets("base")
BASELINES = phase_assets("baselines")
FINALISTS = phase_assets("finalists")
TUNING = phase_assets("tuning")
LEARNING_CURVE = phase_assets("learning curve")
DELIVERY = phase_assets("delivery")
REPORT = ("report",)
"""All that is due of a run that was stopped."""


@dataclass(frozen=True)
class Step:
    """Assets of one dataset, or of one model in it, that can be materialized now in one run."""

    assets: tuple[str, ...]
    dataset: str
    model: str | None
    inputs: str

    @property
    def key(self) -> str:
        """Equal for equal work: the run key of the daemon, and what the command line has tried."""
        return "/".join(filter(None, (self.assets[0], self.dataset, self.model, self.inputs)))


@dataclass(frozen=True)
class DatasetStatus:
    """The state of one dataset.

    Attributes:
        steps: what can start now.
        note: one sentence for a person.
        state: `running` (steps are due or under way), `waiting` (a person has to answer), `rejected`, `done`,
            `incomplete` (stopped by the ceiling, or without a model that could be evaluated), `elsewhere` (the other
            driver has it), `unreadable` (a stored value is not what this version writes) or `unknown` (never
            registered).
    """

    steps: tuple[Step, ...]
    note: str
    state: str


class _Approval(msgspec.Struct):
    plan_digest: str
    decision: str
    approved_by: str
    driver: Driver
    mitigation: Mitigation


class _Registration(msgspec.Struct):
    driver: Driver


class _Stopped(msgspec.Struct):
    reason: str


def config_of(step: Step, driver: Driver) -> dict[str, Any] | None:
    """The run configuration of a step's first asset: of an approval that is due, the session's own answer."""
    return approval_config(AUTOMATIC, step.inputs, driver=driver) if step.assets == APPROVAL else None


def is_stopped(workspace: Workspace, dataset: str) -> bool:
    """Whether the run of the current approval was ended by the ceiling."""
    approval, stopped = workspace.header("approval", dataset), workspace.header("stopped", dataset)
    return approval is not None and stopped is not None and stopped.inputs == approval.digest


def statuses(
    workspace: Workspace, datasets: Iterable[str], driver: Driver | None = "daemon"
) -> dict[str, DatasetStatus]:
    """Status of each dataset. One whose files cannot be read says why, and keeps no other waiting."""
    by_dataset = {}
    for dataset in datasets:
        try:
            by_dataset[dataset] = due(workspace, dataset, driver)
        except (InputError, OSError) as error:
            by_dataset[dataset] = DatasetStatus((), f"cannot be read: {visible(message_of(error))}", "unreadable")
    return by_dataset


def due(workspace: Workspace, dataset: str, driver: Driver | None = "daemon") -> DatasetStatus:
    """The steps of `dataset` that `driver` can start now; None: whichever driver has to start them."""
    registration = workspace.read_fields("registration", dataset, _Registration)
    inputs = plan_inputs(workspace, dataset)
    if registration is None or inputs is None:
        return DatasetStatus((), "not registered", "unknown")
    elsewhere = DatasetStatus((), f"driven by the {registration.driver}", "elsewhere")
    mine = driver in (None, registration.driver)
    plan_head = workspace.header("plan", dataset)
    if plan_head is None or plan_head.inputs != inputs:
        planning = Step(PLANNING, dataset, None, inputs)
        return DatasetStatus((planning,), "to be inspected and planned", "running") if mine else elsewhere
    plan = workspace.require_fields("plan", dataset, StoredPlan)
    approval_head = workspace.header("approval", dataset)
    approval = workspace.read_fields("approval", dataset, _Approval)
    if approval is None or approval_head is None or approval.plan_digest != plan_head.digest:
        if _approves_itself(plan):
            approving = Step(APPROVAL, dataset, None, plan_head.digest)
            return DatasetStatus((approving,), "approves itself", "running") if mine else elsewhere
        note = f"plan {plan_head.digest} waits for approval"
        if approval is not None:
            note += f"; it is not the plan {approval.plan_digest} that was {approval.decision} before"
        return DatasetStatus((), note, "waiting")
    if approval.decision == "rejected":
        return DatasetStatus((), f"plan {plan_head.digest} was rejected by {approval.approved_by}", "rejected")
    if driver not in (None, approval.driver):
        return DatasetStatus((), f"driven by the {approval.driver}", "elsewhere")
    return _Approved(workspace, dataset, plan, plan_head.digest, approval_head.digest, approval.mitigation).status()


@dataclass(frozen=True)
class _Approved:
    """A dataset whose current plan is approved."""

    workspace: Workspace
    dataset: str
    plan: StoredPlan
    plan_digest: str
    approval_digest: str
    mitigation: Mitigation

    def status(self) -> DatasetStatus:
        stopped = self.workspace.header("stopped", self.dataset)
        if stopped is not None and stopped.inputs == self.approval_digest:
            return self._stopped()
        slugs = [model.slug for model in self.plan.models]
        inputs = baseline_inputs(self.plan_digest)
        without = self._missing("base_metrics", slugs, inputs)
        base = self._missing("unevaluated", without, unevaluated_inputs(self.approval_digest))
        evaluated = [slug for slug in slugs if slug not in without]
        # They need no model and nothing but the report needs them: they keep no one else waiting.
        baselines = () if self._made("baselines", None, inputs) else (self._step(BASELINES, None, inputs),)
        if base:
            return self._base(base, baselines)
        inputs = finalists_inputs(self.workspace, self.dataset, self.plan_digest, slugs)
        if not self._made("finalists", None, inputs):
            return self._running((self._step(FINALISTS, None, inputs), *baselines), "finalists to be chosen")
        finalists = self.workspace.require_fields("finalists", self.dataset, StoredFinalists).slugs
        inputs = tuning_inputs(self.plan_digest, self.mitigation)
        untuned = self._missing("metrics", finalists, inputs)
        if untuned:
            return self._tuning(finalists, untuned, baselines)
        curves = self._missing("learning_curve", finalists, inputs) if self.plan.session.learning_curve else []
        if curves:
            steps = (*self._steps(LEARNING_CURVE, curves, inputs), *baselines)
            return self._running(steps, "learning curves to be measured")
        if baselines:
            return self._running(baselines, "what needs no language model to be scored")
        inputs = delivery_inputs(self.workspace, self.dataset, self.plan_digest, finalists)
        if not self._made("report", None, inputs):
            delivery = self._running((self._step(DELIVERY, None, inputs),), "to be deployed and reported")
            return self._lost(evaluated, finalists) or delivery
        if not self._there("deployment") or not self._there("prompt"):
            return self._lost(evaluated, finalists) or self._running(
                (self._step(DELIVERY, None, inputs),), "to be deployed and reported again: a value is not there"
            )
        kinds = (("base", evaluated), ("tuned", finalists))
        if self.workspace.is_local and (
            not all(self._has_predictions(slug, kind, PARTS) for kind, models in kinds for slug in models)
            or any(map(self._decisions_lost, finalists))
        ):
            return self._lost(evaluated, finalists) or DatasetStatus((), "its report is there", "done")
        return DatasetStatus((), "its report is there", "done")

    def _base(self, missing: Sequence[str], baselines: tuple[Step, ...]) -> DatasetStatus:
        total = len(self.plan.models)
        steps = (*self._steps(BASE_METRICS, missing, baseline_inputs(self.plan_digest)), *baselines)
        return self._unplanned() or self._running(steps, f"base models: {total - len(missing)} of {total} evaluated")

    def _tuning(self, finalists: Sequence[str], missing: Sequence[str], baselines: tuple[Step, ...]) -> DatasetStatus:
        steps = (*self._steps(TUNING, missing, tuning_inputs(self.plan_digest, self.mitigation)), *baselines)
        note = f"finalists: {len(finalists) - len(missing)} of {len(finalists)} fine-tuned"
        return self._unplanned() or self._running(steps, note)

    def _unplanned(self) -> DatasetStatus | None:
        """The planning, where a file of it that the next step reads was damaged or removed."""
        files = [split_rows_path(self.dataset)]
        if self.plan.examples is not None:
            files += example_paths(self.dataset, self.plan.examples.digest)
        if self.plan.shortlists is not None:
            files += shortlist_paths(self.dataset, self.plan.shortlists.digest)
        if self._there("prompt") and self._there("label_set") and all(self.workspace.exists(*file) for file in files):
            return None
        inputs = plan_inputs(self.workspace, self.dataset)
        planning = Step(PLANNING, self.dataset, None, inputs or "")
        return self._running((planning,), "to be inspected and planned again: a file of it is not there")

    def _lost(self, slugs: Sequence[str], finalists: Sequence[str]) -> DatasetStatus | None:
        """What the report reads and was damaged or removed: its steps find again what they have made and paid.

        Only a disk is looked through: an object store keeps what it took, and each look there is a request per tick.
        """
        if not self.workspace.is_local:
            return None
        paid = {entry.key for entry in read_ledger(self.workspace, self.dataset, *self._ledger).entries}
        base = [
            slug
            for slug in slugs
            if f"base-evaluation/{slug}" not in paid or not self._has_predictions(slug, "base", PARTS)
        ]
        if base:
            return self._base(base, ())
        tuned = [
            slug
            for slug in finalists
            if f"tuned-evaluation/{slug}" not in paid
            or not paid & {f"sweep/{slug}", f"full-training/{slug}"}
            or not self._there("sweep", slug)
            or not self._there("fine_tuned_models", slug)
            or not self._has_predictions(slug, "tuned", PARTS)
            or self._decisions_lost(slug)
        ]
        if tuned:
            return self._tuning(finalists, tuned, ())
        baselines = self.workspace.require_fields("baselines", self.dataset, StoredBaselines).found
        fitted = all(item.name != "encoder" or self.workspace.exists(*encoder_path(self.dataset)) for item in baselines)
        if not fitted or not all(self._has_predictions(item.name, "baseline", PARTS) for item in baselines):
            step = self._step(BASELINES, None, baseline_inputs(self.plan_digest))
            return self._unplanned() or self._running((step,), "what needs no language model to be scored again")
        return self._unplanned()

    def _decisions_lost(self, slug: str) -> bool:
        """Whether what a fine-tuned model decided was measured, and is not there any more."""
        row = arm_name(slug, Arm("decision"))
        if all(line.key != f"tuned-evaluation/{row}" for line in self.plan.estimate.lines):
            return False
        if self._there("metrics", row):
            return not self._has_predictions(row, "tuned", PARTS)
        return not self._there("decision_refusal", row)

    @property
    def _ledger(self) -> tuple[str, str]:
        return ("ledger", f"{self.plan_digest}.jsonl")

    def _has_predictions(self, slug: str, kind: str, parts: Sequence[str]) -> bool:
        return all(self.workspace.exists(*prediction_path(self.dataset, slug, kind, part)) for part in parts)

    def _there(self, asset: str, model: str | None = None) -> bool:
        return self.workspace.header(asset, self.dataset, model) is not None

    def _stopped(self) -> DatasetStatus:
        reason = self.workspace.require_fields("stopped", self.dataset, _Stopped).reason
        slugs, inputs = [model.slug for model in self.plan.models], baseline_inputs(self.plan_digest)
        none_evaluated = not self._missing("unevaluated", slugs, unevaluated_inputs(self.approval_digest))
        if none_evaluated and not self._made("baselines", None, inputs):
            # They are all that the report can compare.
            return self._running((self._step(BASELINES, None, inputs),), reason)
        inputs = incomplete_inputs(self.approval_digest)
        if not self._made("report", None, inputs):
            return self._running((Step(REPORT, self.dataset, None, inputs),), reason)
        return DatasetStatus((), f"incomplete: {reason}", "incomplete")

    def _running(self, steps: tuple[Step, ...], note: str) -> DatasetStatus:
        return DatasetStatus(steps, note, "running")

    def _step(self, assets: tuple[str, ...], model: str | None, inputs: str) -> Step:
        return Step(assets, self.dataset, model, digest([self.approval_digest, inputs]))

    def _steps(self, assets: tuple[str, ...], models: Sequence[str], inputs: str) -> tuple[Step, ...]:
        return tuple(self._step(assets, model, inputs) for model in models)

    def _missing(self, asset: str, models: Sequence[str], inputs: str) -> list[str]:
        """The models whose asset is not made from these inputs."""
        return [model for model in models if not self._made(asset, model, inputs)]

    def _made(self, asset: str, model: str | None, inputs: str) -> bool:
        head = self.workspace.header(asset, self.dataset, model)
        return head is not None and head.inputs == inputs


def _approves_itself(plan: StoredPlan) -> bool:
    session, estimate = plan.session, plan.estimate
    return approves_itself(session.auto_approve_up_to_usd, estimate.high, estimate.lower_bound, plan.unused)

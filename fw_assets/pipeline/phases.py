"""Which steps are due: the one home of the order, read from what the workspace holds and from nothing else.

A step is due when what it needs is there and its own result is missing or was made from something else. Its key
holds the digest of its inputs and of the approval, so each step starts once per key: a failed step is not started
again by itself, and signing the plan again is leave to try what is still missing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import msgspec

from fw_assets.classification.plan.self_approval import approves_itself
from fw_assets.classification.values import digest
from fw_assets.workspace.workspace import Workspace

AUTOMATIC = "auto_approve_up_to_usd"
"""Who approves when the session lets a plan of this price approve itself."""

PLANNING = ("inspected_dataset", "label_set", "plan", "label_suspects")
APPROVAL = ("approval",)
BASELINE = ("base_metrics",)
BASELINES = ("baselines",)
FINALISTS = ("finalists",)
TUNING = ("sweep", "fine_tuned_models", "metrics")
LEARNING_CURVE = ("learning_curve",)
DELIVERY = ("deployment", "report")
REPORT = ("report",)


@dataclass(frozen=True)
class Step:
    """Assets of one dataset, or of one model in it, that can be materialized now in one run."""

    assets: tuple[str, ...]
    dataset: str
    model: str | None
    inputs: str

    @property
    def key(self) -> str:
        """Equal for equal work: a run key for the daemon, a memory for the command line."""
        return "/".join(filter(None, (self.assets[0], self.dataset, self.model, self.inputs)))


@dataclass(frozen=True)
class DatasetStatus:
    """Where one dataset stands.

    Attributes:
        steps: what can start now.
        note: one sentence for a person.
        state: `running` (steps are due or under way), `waiting` (a person has to answer), `rejected`, `done`,
            `incomplete` (stopped by the ceiling), `elsewhere` (the other driver has it) or `unknown` (never
            registered).
    """

    steps: tuple[Step, ...]
    note: str
    state: str


class _Session(msgspec.Struct):
    mode: str
    learning_curve: bool = False
    auto_approve_up_to_usd: float | None = None


class _Model(msgspec.Struct):
    slug: str


class _Estimate(msgspec.Struct):
    high: float = math.inf
    lower_bound: bool = True


class _Plan(msgspec.Struct):
    session: _Session
    models: list[_Model]
    estimate: _Estimate = msgspec.field(default_factory=_Estimate)
    unused: list[str] = msgspec.field(default_factory=list)

    @property
    def approves_itself(self) -> bool:
        """Whether the session lets this plan run unattended."""
        limit = self.session.auto_approve_up_to_usd
        return approves_itself(limit, self.estimate.high, self.estimate.lower_bound, self.unused)


class _Approval(msgspec.Struct):
    plan_digest: str
    decision: str
    approved_by: str
    driver: str


class _Finalists(msgspec.Struct):
    slugs: list[str]


class _Registration(msgspec.Struct):
    driver: str


def config_of(step: Step, driver: str) -> dict[str, str] | None:
    """The configuration of a step's first asset: an approval that is due is the session's own answer."""
    if step.assets != APPROVAL:
        return None
    return {"approved_by": AUTOMATIC, "plan_digest": step.inputs, "decision": "approve", "driver": driver}


def is_stopped(workspace: Workspace, dataset: str) -> bool:
    """Whether the run of the current approval was ended by the ceiling."""
    approval, stopped = workspace.header("approval", dataset), workspace.header("stopped", dataset)
    return approval is not None and stopped is not None and stopped.inputs == approval.digest


def plan_inputs(workspace: Workspace, dataset: str) -> str | None:
    """What the current plan has to be made from: the digest of the registration."""
    head = workspace.header("registration", dataset)
    return head.inputs if head else None


def baseline_inputs(plan_digest: str) -> str:
    """What a base model's metrics, and the baselines, are made from."""
    return digest(["baseline", plan_digest])


def finalists_inputs(workspace: Workspace, dataset: str, plan_digest: str, slugs: list[str]) -> str:
    """What the choice of the finalists is made from: every base model's metrics."""
    return digest(["finalists", plan_digest, _digests(workspace, "base_metrics", dataset, slugs)])


def tuning_inputs(plan_digest: str, mitigation: str) -> str:
    """What a finalist's sweep, training and metrics are made from."""
    return digest(["tuning", plan_digest, mitigation])


def delivery_inputs(workspace: Workspace, dataset: str, plan_digest: str, slugs: list[str]) -> str:
    """What the deployment and the report are made from: the finalists, their metrics, and what stands beside them."""
    finalists = workspace.header("finalists", dataset)
    baselines = workspace.header("baselines", dataset)
    return digest(
        [
            "delivery",
            plan_digest,
            finalists.digest if finalists else None,
            _digests(workspace, "metrics", dataset, slugs),
            baselines.digest if baselines else None,
            _digests(workspace, "learning_curve", dataset, slugs),
        ]
    )


def incomplete_inputs(signature: str) -> str:
    """What the report of a run that was stopped is made from: the answer (the approval's digest) it ran under."""
    return digest(["incomplete", signature])


def due(workspace: Workspace, dataset: str, driver: str | None = "daemon") -> DatasetStatus:
    """What can start now for `dataset`, as far as `driver` is the one to start it (None: whoever it is)."""
    registered = workspace.read_fields("registration", dataset, _Registration)
    inputs = plan_inputs(workspace, dataset)
    if registered is None or inputs is None:
        return DatasetStatus((), "not registered", "unknown")
    plan_head = workspace.header("plan", dataset)
    if plan_head is None or plan_head.inputs != inputs:
        if driver not in (None, registered.driver):
            return DatasetStatus((), f"driven by the {registered.driver}", "elsewhere")
        return DatasetStatus((Step(PLANNING, dataset, None, inputs),), "to be inspected and planned", "running")
    plan = workspace.require_fields("plan", dataset, _Plan)
    approval_head = workspace.header("approval", dataset)
    approval = workspace.read_fields("approval", dataset, _Approval)
    if approval is None or approval_head is None or approval.plan_digest != plan_head.digest:
        if plan.approves_itself:
            if driver not in (None, registered.driver):
                return DatasetStatus((), f"driven by the {registered.driver}", "elsewhere")
            return DatasetStatus((Step(APPROVAL, dataset, None, plan_head.digest),), "approves itself", "running")
        note = f"plan {plan_head.digest} waits for approval"
        if approval is not None:
            note += f"; it is not the plan {approval.plan_digest} that was {approval.decision} before"
        return DatasetStatus((), note, "waiting")
    if approval.decision == "rejected":
        return DatasetStatus((), f"plan {plan_head.digest} was rejected by {approval.approved_by}", "rejected")
    if driver not in (None, approval.driver):
        return DatasetStatus((), f"driven by the {approval.driver}", "elsewhere")
    return _after_approval(workspace, dataset, plan, plan_head.digest, approval_head.digest)


def _after_approval(workspace: Workspace, dataset: str, plan: _Plan, plan_digest: str, signature: str) -> DatasetStatus:
    stopped = workspace.header("stopped", dataset)
    if stopped is not None and stopped.inputs == signature:
        reason = workspace.require_fields("stopped", dataset, _Stopped).reason
        if not _made(workspace, "report", dataset, None, incomplete_inputs(signature)):
            return DatasetStatus((Step(REPORT, dataset, None, incomplete_inputs(signature)),), reason, "running")
        return DatasetStatus((), f"incomplete: {reason}", "incomplete")
    slugs = [model.slug for model in plan.models]
    wanted = baseline_inputs(plan_digest)
    todo = [m for m in slugs if not _made(workspace, "base_metrics", dataset, m, wanted)]
    # They need no model and nothing but the report needs them: they keep no one else waiting.
    beside: tuple[Step, ...] = ()
    if not _made(workspace, "baselines", dataset, None, wanted):
        beside = (Step(BASELINES, dataset, None, digest([signature, wanted])),)
    if todo:
        steps = tuple(Step(BASELINE, dataset, m, digest([signature, wanted])) for m in todo)
        note = f"base models: {len(slugs) - len(todo)} of {len(slugs)} evaluated"
        return DatasetStatus((*steps, *beside), note, "running")
    wanted = finalists_inputs(workspace, dataset, plan_digest, slugs)
    if not _made(workspace, "finalists", dataset, None, wanted):
        return DatasetStatus(
            (Step(FINALISTS, dataset, None, digest([signature, wanted])), *beside),
            "finalists to be chosen",
            "running",
        )
    finalists = workspace.require_fields("finalists", dataset, _Finalists).slugs
    mitigation = workspace.require_fields("approval", dataset, _Mitigation).mitigation
    wanted = tuning_inputs(plan_digest, mitigation)
    todo = [m for m in finalists if not _made(workspace, "metrics", dataset, m, wanted)]
    if todo:
        steps = tuple(Step(TUNING, dataset, m, digest([signature, wanted])) for m in todo)
        note = f"finalists: {len(finalists) - len(todo)} of {len(finalists)} fine-tuned"
        return DatasetStatus((*steps, *beside), note, "running")
    if plan.session.learning_curve:
        todo = [m for m in finalists if not _made(workspace, "learning_curve", dataset, m, wanted)]
        if todo:
            steps = tuple(Step(LEARNING_CURVE, dataset, m, digest([signature, wanted])) for m in todo)
            return DatasetStatus((*steps, *beside), "learning curves to be measured", "running")
    if beside:
        return DatasetStatus(beside, "what needs no language model to be scored", "running")
    wanted = delivery_inputs(workspace, dataset, plan_digest, finalists)
    if not _made(workspace, "report", dataset, None, wanted):
        return DatasetStatus(
            (Step(DELIVERY, dataset, None, digest([signature, wanted])),),
            "to be deployed and reported",
            "running",
        )
    return DatasetStatus((), "done", "done")


class _Stopped(msgspec.Struct):
    reason: str


class _Mitigation(msgspec.Struct):
    mitigation: str


def _made(workspace: Workspace, asset: str, dataset: str, model: str | None, inputs: str) -> bool:
    head = workspace.header(asset, dataset, model)
    return head is not None and head.inputs == inputs


def _digests(workspace: Workspace, asset: str, dataset: str, slugs: list[str]) -> list[tuple[str, str | None]]:
    heads = [(slug, workspace.header(asset, dataset, slug)) for slug in sorted(slugs)]
    return [(slug, head.digest if head else None) for slug, head in heads]

"""The deployment as report.json has it: the decision of the gate, and what serves."""

from __future__ import annotations

from dataclasses import dataclass

from fw_assets.classification.gate.deploy_gate import GateDecision
from fw_assets.classification.plan.plan import Plan
from fw_assets.report.formatting import typeset
from fw_assets.report.schema.report import DeploymentResult, WinnerResult


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """A deployment that serves. `address` is what requests name as their model, `served` how it does.

    `usd_per_hour`: as it was quoted; None where the plan's price holds.
    """

    id: str
    endpoint: str
    address: str
    replayed: int | None = None
    agreed: int | None = None
    usd_per_hour: float | None = None
    served: str = ""


def deployment_result(
    gate: GateDecision | None,
    deployed: Deployed | None,
    plan: Plan,
    winner: WinnerResult | None,
    *,
    unfinished: bool,
    batch_only: bool,
) -> DeploymentResult:
    """The decision of the gate, and the deployment that serves.

    Args:
        unfinished: some part of the run is missing, so that no decision counts.
        batch_only: without a deployment, the winner's base model answers in batch jobs only.
    """
    why = typeset(gate.why) if gate else ""
    losing = tuple(change.label for change in gate.losing_labels) if gate else ()
    watch = tuple(change.label for change in gate.watch_labels) if gate else ()
    check = gate.label_check if gate else None
    if deployed is not None:
        quoted = deployed.usd_per_hour
        return DeploymentResult(
            id=deployed.id,
            endpoint=deployed.endpoint,
            decision="deployed",
            why=why,
            model=deployed.address,
            served=deployed.served,
            replayed=deployed.replayed,
            agreed=deployed.agreed,
            losing_labels=losing,
            watch_labels=watch,
            label_check=check,
            usd_per_hour=_planned_hour(plan, winner) if quoted is None else quoted,
            adopted=any(model.deployment == deployed.id for model in plan.models),
        )
    if unfinished or (gate is not None and gate.decision in ("deploy", "incomplete")):
        return DeploymentResult(decision="incomplete", why=why, losing_labels=losing, watch_labels=watch)
    if gate is not None and gate.decision in ("keep-base", "keep-none"):
        return DeploymentResult(
            decision=gate.decision,
            why=why,
            losing_labels=losing,
            watch_labels=watch,
            label_check=check,
            batch_only=batch_only,
        )
    return DeploymentResult(decision="not-asked", why=why)


def _planned_hour(plan: Plan, winner: WinnerResult | None) -> float | None:
    """The plan's price of an hour of the winner's deployment: of its own lines, else that of the dearest candidate.

    Those of its base model are not its own where it was fine-tuned, as that may run on other accelerators.
    """
    hours = [(line, part) for line in plan.estimate.lines for part in line.parts if part.item == "deployment-hour"]
    slugs = {model.slug for model in plan.models if winner is not None and model.name == winner.base_model}
    tuned = winner is not None and winner.kind == "tuned"
    own = [part for line, part in hours if line.model in slugs and tuned != (line.stage == "base-evaluation")]
    shared = [part for line, part in hours if line.stage == "deployment"]
    return next((part.price.per_unit for part in (*own, *shared)), None)

"""Deploy gate: whether the winner replaces the best model that needs no tuning, decided on the test rows.

An adapter that existed before needs none; where it wins, it has to replace the best base model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import field_validator

from fw_assets.classification.gate.gate_costs import GateCosts, cost_text, dearer_text
from fw_assets.classification.gate.gate_texts import difference_text, fields_text, winner_text, worse_fields_text
from fw_assets.classification.gate.label_check import LabelCheck, label_check, losing_labels
from fw_assets.classification.gate.majority_line import MajorityLine, below_text, learned_nothing, not_above
from fw_assets.classification.gate_policy import GatePolicy
from fw_assets.classification.selection.comparison import Comparison, LabelChange
from fw_assets.classification.selection.cost_comparison import CostComparison
from fw_assets.classification.selection.pair_comparison import PairComparison
from fw_assets.classification.selection.record_comparison import RecordComparison
from fw_assets.classification.selection.selection import Winner, percent
from fw_assets.classification.session import DeployPolicy
from fw_assets.classification.values import Frozen

Judged = PairComparison | CostComparison
Decision = Literal["deploy", "keep-base", "keep-none", "not-asked", "incomplete"]
"""`keep-none`: nothing is deployed, and the base model that would be kept is not above the majority line."""


class GateDecision(Frozen):
    """The decision on the winner's deployment.

    Attributes:
        why: one sentence for a person.
        against: the base model that the winner was compared with, and that stays if it is not deployed.
        losing_labels: the labels whose loss forbids it; watch_labels: those that lost as much, perhaps by chance.
        costs: of the winner's mistakes against those of `against`, where the session has costs.
        fields: of the winner against `against`, where every answer has several fields.
        label_check: what the check by label covered; None where there was none, and in values of earlier versions.
    """

    decision: Decision
    model: str
    why: str
    policy: GatePolicy
    losing_labels: tuple[LabelChange, ...] = ()
    watch_labels: tuple[LabelChange, ...] = ()
    against: str | None = None
    label_check: LabelCheck | None = None
    costs: CostComparison | None = None
    fields: RecordComparison | None = None

    @field_validator("policy", mode="before")
    @classmethod
    def _margin_is_the_sessions(cls, value: Any) -> Any:
        # Policies of earlier versions had the session's margin too.
        return {name: value[name] for name in value if name != "margin"} if isinstance(value, Mapping) else value

    @property
    def deploys(self) -> bool:
        return self.decision == "deploy"

    @property
    def refuses(self) -> bool:
        """Whether a model that needs no tuning stays in the winner's place."""
        return self.decision in ("keep-base", "keep-none")


def gate(
    winner: Winner,
    comparison: Comparison | None,
    deploy: DeployPolicy = "if-better",
    policy: GatePolicy | None = None,
    *,
    complete: bool = True,
    tuned: MajorityLine | None = None,
    untuned: MajorityLine | None = None,
    costs: GateCosts | None = None,
    fields: RecordComparison | None = None,
) -> GateDecision:
    """The decision on the winner's deployment.

    Neither deployed nor recommended is a model that is neither shown to be better than always answering the most
    frequent label of the training rows nor to find labels more often than that; nor, where mistakes have costs, one
    whose mistakes cost as much as the best constant answer. A model that is kept must also not be shown to be worse
    than that answer.

    Args:
        costs: what mistakes cost, where the session says it: costs then decide in place of accuracy.
        fields: of the winner with `winner.against`, where every answer has several fields: all values then decide, no
            field may be shown to be worse, and no model is held against the most frequent label.
        tuned, untuned: a tuned winner, or an adapter, and the model that is kept in its place, against that answer.
        comparison: of the winner with `winner.against` on the test rows; None when the winner is a base model.
        deploy: the session's policy; `always` waives all of this for a tuned winner or an adapter, never completeness.
        complete: False when some part of the evaluation is unfinished for any other reason.
    """
    compared = costs.comparison if costs else None
    decision = _judged(winner, comparison, compared, deploy, policy or GatePolicy(), fields, complete=complete)
    if fields is not None:
        return decision
    if costs is not None:
        return _held_against_constant(decision, winner, costs, deploy)
    if tuned is not None and decision.deploys and deploy != "always" and learned_nothing(tuned):
        why = f"{decision.why} But {below_text(winner_text(winner), tuned)}, and nothing shows that it learned more"
        decision = decision.model_copy(update={"decision": "keep-base", "why": f"{why}."})
    if untuned is not None and decision.decision == "keep-base" and not_above(untuned):
        why = f"{decision.why} {below_text(winner.kept, untuned)}, so it is not recommended either."
        decision = decision.model_copy(update={"decision": "keep-none", "why": why})
    return decision


def _held_against_constant(
    decision: GateDecision, winner: Winner, costs: GateCosts, deploy: DeployPolicy
) -> GateDecision:
    """The decision, unless always giving one label would cost less."""
    if decision.deploys and deploy != "always" and costs.tuned is not None and costs.tuned >= costs.constant.cost:
        dearer = dearer_text(f"the mistakes of {winner_text(winner)}", costs.tuned, costs.constant)
        why = f"{decision.why} But {dearer}."
        decision = decision.model_copy(update={"decision": "keep-base", "why": why})
    if decision.decision == "keep-base" and costs.untuned is not None and costs.untuned >= costs.constant.cost:
        dearer = dearer_text(f"The mistakes of {winner.kept}", costs.untuned, costs.constant)
        why = f"{decision.why} {dearer}, so it is not recommended either."
        decision = decision.model_copy(update={"decision": "keep-none", "why": why})
    return decision


def _judged(
    winner: Winner,
    comparison: Comparison | None,
    costs: CostComparison | None,
    deploy: DeployPolicy,
    policy: GatePolicy,
    fields: RecordComparison | None,
    *,
    complete: bool,
) -> GateDecision:
    """The decision by the comparison, of costs where there are any, and by the labels."""
    losing, watch = losing_labels(comparison, policy) if comparison else ((), ())

    def decision_for(decision: Decision, why: str, check: LabelCheck | None = None) -> GateDecision:
        return GateDecision(
            decision=decision,
            model=winner.model,
            why=why,
            policy=policy,
            losing_labels=losing if check else (),
            watch_labels=watch if check else (),
            label_check=check,
            costs=costs,
            fields=fields,
            against=winner.against,
        )

    if deploy == "never":
        return decision_for("not-asked", "Deployment was not asked for.")
    if not complete or (comparison is not None and not comparison.complete):
        return decision_for(
            "incomplete", "Some rows were not answered, so no verdict is drawn and nothing is deployed."
        )
    if winner.kind == "base" and not winner.adapter:
        tuned = any(item.kind == "tuned" for item in winner.ranked)
        lead = "No fine-tuned model won" if tuned else "Nothing was fine-tuned"
        return decision_for("keep-base", f"{lead}: {winner.model} is {winner.why}.")
    if comparison is None:
        return decision_for("incomplete", "The winner was not compared with an untuned model on the test rows.")
    check = label_check(comparison)
    judged: Judged = fields.mean if fields else costs or comparison
    text = _text(judged, winner, fields)
    if deploy == "always":
        return decision_for("deploy", f"Deployment was asked for in any case. {text}.", check)
    if not _passes(judged, policy):
        return decision_for("keep-base", f"{text}; {winner.kept} is kept.", check)
    if fields is not None and fields.worse:
        return decision_for("keep-base", f"{text}, but {worse_fields_text(fields)}.", check)
    if losing:
        return decision_for("keep-base", f"{text}, but {_losses_text(losing, policy)}.", check)
    return decision_for("deploy", f"{text}.", check)


def _text(judged: Judged, winner: Winner, fields: RecordComparison | None) -> str:
    if fields is not None:
        return fields_text(fields, winner)
    return cost_text(judged, winner) if isinstance(judged, CostComparison) else difference_text(judged, winner)


def _passes(compared: Judged, policy: GatePolicy) -> bool:
    if policy.rule == "superiority":
        return compared.verdict == "better"
    difference = compared.saved if isinstance(compared, CostComparison) else compared.difference
    return difference.low > -compared.margin


def _losses_text(losing: Sequence[LabelChange], policy: GatePolicy) -> str:
    """The labels that lost too much, after "but"."""
    worst = min(losing, key=lambda change: (change.f1_after or 0.0) - (change.f1_before or 0.0))
    precision = " to ".join(
        "none" if share is None else percent(share) for share in (worst.precision_before, worst.precision_after)
    )
    number = len(losing)
    return (
        f"{number} of its labels lost more than {policy.label_loss:g} of {'its' if number == 1 else 'their'} F1 beyond "
        f"chance, most of all {worst.label} (F1 {worst.f1_before:.2f} to {worst.f1_after:.2f}, recall "
        f"{percent(worst.before)} to {percent(worst.after)} of {worst.support} rows, precision {precision})"
    )

"""Deploy gate: whether the winner replaces its base model, decided on the test rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from fw_assets.classification.selection.comparison import Comparison, LabelChange
from fw_assets.classification.selection.paired_tests import holm
from fw_assets.classification.selection.selection import Winner, percent
from fw_assets.classification.session import DeployPolicy
from fw_assets.classification.values import Frozen

Decision = Literal["deploy", "keep-base", "not-asked", "incomplete"]


class GatePolicy(Frozen):
    """The conditions under which a tuned model may replace its base model.

    Attributes:
        rule: `superiority`: the comparison's verdict is "better". `non-inferiority`: the interval of the difference
            lies above -margin.
        label_loss: the recall (0 to 1) that no label may lose ...
        label_rows: ... among labels with at least so many test rows, where the loss is more than chance
            (exact McNemar on the label's rows, Holm over these labels).
    """

    rule: Literal["superiority", "non-inferiority"] = "superiority"
    margin: float = 0.01
    label_loss: float = 0.1
    label_rows: int = 20
    alpha: float = 0.05


class GateDecision(Frozen):
    """The decision on the winner's deployment.

    Attributes:
        why: one sentence for a person.
        losing_labels: the labels whose loss forbids it; watch_labels: those that lost as much, perhaps by chance.
    """

    decision: Decision
    model: str
    why: str
    policy: GatePolicy
    losing_labels: tuple[LabelChange, ...] = ()
    watch_labels: tuple[LabelChange, ...] = ()

    @property
    def deploys(self) -> bool:
        return self.decision == "deploy"


def gate(
    winner: Winner,
    comparison: Comparison | None,
    deploy: DeployPolicy = "if-better",
    policy: GatePolicy | None = None,
    *,
    complete: bool = True,
) -> GateDecision:
    """The decision on the winner's deployment.

    Args:
        comparison: of the winner with its base model on the test rows; None when the winner is a base model.
        deploy: the session's policy; `always` waives the comparison and the check by label, never completeness.
        complete: False when some part of the evaluation is unfinished for any other reason.
    """
    policy = policy or GatePolicy()

    def decision_for(
        decision: Decision, why: str, losing: Sequence[LabelChange] = (), watch: Sequence[LabelChange] = ()
    ) -> GateDecision:
        return GateDecision(
            decision=decision,
            model=winner.model,
            why=why,
            policy=policy,
            losing_labels=tuple(losing),
            watch_labels=tuple(watch),
        )

    if deploy == "never":
        return decision_for("not-asked", "Deployment was not asked for.")
    if not complete or (comparison is not None and not comparison.complete):
        return decision_for(
            "incomplete", "Some rows were not answered, so no verdict is drawn and nothing is deployed."
        )
    if winner.kind == "base":
        return decision_for("keep-base", "No tuned model was better on validation; the base model is kept as it is.")
    if comparison is None:
        return decision_for("incomplete", "The tuned model was not compared with its base model on the test rows.")
    losing, watch = label_losses(comparison, policy)
    if deploy == "always":
        return decision_for(
            "deploy", f"Deployment was asked for in any case; {_difference_text(comparison)}.", losing, watch
        )
    if not _passes(comparison, policy):
        return decision_for(
            "keep-base", f"{_difference_text(comparison, capital=True)}; the base model is kept.", losing, watch
        )
    if losing:
        worst = min(losing, key=lambda change: change.difference.value)
        why = (
            f"{_difference_text(comparison, capital=True)}, but {len(losing)} of its labels lost more than "
            f"{percent(policy.label_loss)} of their rows, most of all {worst.label} "
            f"({percent(worst.before)} to {percent(worst.after)} of {worst.support})."
        )
        return decision_for("keep-base", why, losing, watch)
    return decision_for("deploy", f"{_difference_text(comparison, capital=True)}.", losing, watch)


def label_losses(comparison: Comparison, policy: GatePolicy) -> tuple[tuple[LabelChange, ...], tuple[LabelChange, ...]]:
    """Labels that lost more recall than the policy allows: (significantly, perhaps by chance)."""
    eligible = [change for change in comparison.per_label if change.support >= policy.label_rows]
    adjusted = holm([change.p_value for change in eligible])
    losing: list[LabelChange] = []
    watch: list[LabelChange] = []
    for change, p_value in zip(eligible, adjusted, strict=True):
        if change.difference.value < -policy.label_loss:
            (losing if p_value < policy.alpha else watch).append(change)
    return tuple(losing), tuple(watch)


def _passes(comparison: Comparison, policy: GatePolicy) -> bool:
    if policy.rule == "superiority":
        return comparison.verdict == "better"
    return comparison.difference.low > -policy.margin


def _difference_text(comparison: Comparison, capital: bool = False) -> str:
    difference = comparison.difference
    text = (
        f"{comparison.verdict} than its base model"
        if comparison.verdict != "no evidence of a difference"
        else "no evidence of a difference from its base model"
    )
    text += (
        f" on {comparison.rows} test rows ({difference.value * 100:+.1f} points, 95 % interval "
        f"{difference.low * 100:+.1f} to {difference.high * 100:+.1f}, p = {comparison.adjusted_p:.2g})"
    )
    return text[0].upper() + text[1:] if capital else text

"""Deploy gate: whether the winner replaces the best model that needs no tuning, decided on the test rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from fw_assets.classification.selection.comparison import Comparison, LabelChange
from fw_assets.classification.selection.paired_tests import holm
from fw_assets.classification.selection.selection import Winner, percent
from fw_assets.classification.selection.verdict import p_value_text
from fw_assets.classification.session import DEFAULT_MARGIN, DeployPolicy
from fw_assets.classification.values import Frozen

Decision = Literal["deploy", "keep-base", "not-asked", "incomplete"]


class GatePolicy(Frozen):
    """The conditions under which a tuned model may replace the best model that needs no tuning.

    Attributes:
        rule: `superiority`: the comparison's verdict is "better". `non-inferiority`: the interval of the difference
            lies above -margin.
        margin: the session's, on which the comparison's verdict rests.
        label_loss: the recall (0 to 1) that no label may lose ...
        label_rows: ... among labels with at least so many test rows, where the loss is more than chance
            (sign-flip test on the label's rows by group, Holm over these labels).
    """

    rule: Literal["superiority", "non-inferiority"] = "superiority"
    margin: float = DEFAULT_MARGIN
    label_loss: float = 0.1
    label_rows: int = 20
    alpha: float = 0.05


class GateDecision(Frozen):
    """The decision on the winner's deployment.

    Attributes:
        why: one sentence for a person.
        against: the base model that the winner was compared with, and that stays if it is not deployed.
        losing_labels: the labels whose loss forbids it; watch_labels: those that lost as much, perhaps by chance.
    """

    decision: Decision
    model: str
    why: str
    policy: GatePolicy
    losing_labels: tuple[LabelChange, ...] = ()
    watch_labels: tuple[LabelChange, ...] = ()
    against: str | None = None

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
        comparison: of the winner with `winner.untuned` on the test rows; None when the winner is a base model.
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
            against=winner.untuned,
        )

    if deploy == "never":
        return decision_for("not-asked", "Deployment was not asked for.")
    if not complete or (comparison is not None and not comparison.complete):
        return decision_for(
            "incomplete", "Some rows were not answered, so no verdict is drawn and nothing is deployed."
        )
    if winner.kind == "base":
        return decision_for("keep-base", f"No fine-tuned model won: {winner.model} is {winner.why}.")
    if comparison is None:
        return decision_for("incomplete", "The tuned model was not compared with an untuned one on the test rows.")
    losing, watch = label_losses(comparison, policy)
    if deploy == "always":
        return decision_for(
            "deploy", f"Deployment was asked for in any case. {_difference_text(comparison, winner)}.", losing, watch
        )
    if not _passes(comparison, policy):
        return decision_for(
            "keep-base", f"{_difference_text(comparison, winner)}; {winner.kept} is kept.", losing, watch
        )
    if losing:
        worst = min(losing, key=lambda change: change.difference.value)
        why = (
            f"{_difference_text(comparison, winner)}, but {len(losing)} of its labels lost more than "
            f"{percent(policy.label_loss)} of their rows, most of all {worst.label} "
            f"({percent(worst.before)} to {percent(worst.after)} of {worst.support})."
        )
        return decision_for("keep-base", why, losing, watch)
    return decision_for("deploy", f"{_difference_text(comparison, winner)}.", losing, watch)


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


def _difference_text(comparison: Comparison, winner: Winner) -> str:
    """The verdict with its figures, as the beginning of a sentence."""
    own = winner.untuned in (None, winner.model)
    other = "its base model" if own else f"{winner.untuned}, the best model that needs no tuning,"
    rows = f"{comparison.rows} test rows"
    if comparison.groups is not None and comparison.groups < comparison.rows:
        rows += f", {comparison.groups} distinct"
    points = f"{comparison.margin * 100:g} point{'' if comparison.margin == 0.01 else 's'}"
    text = {
        "better": f"Better than {other} on {rows}",
        "worse": f"Worse than {other} on {rows}",
        "as good": f"As good as {other} within {points} on {rows}, and not shown to be better",
        "cannot be told": f"Whether it is better than {other} cannot be told on {rows}",
    }[comparison.verdict]
    difference, level = comparison.difference, f"{(1 - comparison.level) * 100:.4g}"
    return (
        f"{text} ({difference.value * 100:+.1f} points, {level} % interval {difference.low * 100:+.1f} to "
        f"{difference.high * 100:+.1f}, {p_value_text(comparison.adjusted_p, comparison.alpha)})"
    )

"""What is decided from the figures: finalists, the winner, and whether it is deployed.

Finalists and the winner are chosen from validation figures alone: a `Standing` has no other. The gate alone
reads the comparison on the test rows, and only to say yes or no to a choice already made.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from fw_assets.classification.comparison import Comparison, LabelChange
from fw_assets.classification.paired import holm
from fw_assets.classification.session import DeployPolicy
from fw_assets.classification.values import Frozen, Interval

ModelKind = Literal["base", "tuned"]
Decision = Literal["deploy", "keep-base", "not-asked", "incomplete"]


class Standing(Frozen):
    """One model's headline figure on the validation rows.

    Attributes:
        price: what using it costs, in any unit that is the same for all; None when unknown.
        complete: every validation row was answered.
    """

    model: str
    kind: ModelKind = "base"
    validation: Interval
    price: float | None = None
    complete: bool = True


class Ranked(Frozen):
    """A model's place in a choice, and why it has it."""

    model: str
    kind: ModelKind
    validation: Interval
    why: str


class Finalists(Frozen):
    """The base models that go on to fine-tuning, best first, and every model's place."""

    chosen: tuple[str, ...]
    ranked: tuple[Ranked, ...]


class Winner(Frozen):
    """The model that is best on the validation rows, and every model's place."""

    model: str
    kind: ModelKind
    why: str
    ranked: tuple[Ranked, ...]


class GatePolicy(Frozen):
    """When a tuned model may replace its base model.

    Attributes:
        rule: `superiority`: it must be shown to be better. `non-inferiority`: the interval of the difference
            must lie above -margin.
        label_loss: no label may lose more than this share of its rows (0 to 1) ...
        label_rows: ... among labels with at least so many test rows, where the loss is more than chance
            (exact McNemar on the label's rows, Holm over the labels judged).
    """

    rule: Literal["superiority", "non-inferiority"] = "superiority"
    margin: float = 0.01
    label_loss: float = 0.1
    label_rows: int = 20
    alpha: float = 0.05


class GateDecision(Frozen):
    """Whether the winner is deployed.

    Attributes:
        why: one sentence for a person.
        losing_labels: the labels that forbid it; watch_labels: those that lost as much, perhaps by chance.
    """

    decision: Decision
    model: str
    why: str
    policy: GatePolicy
    losing_labels: tuple[LabelChange, ...] = ()
    watch_labels: tuple[LabelChange, ...] = ()

    @property
    def deploys(self) -> bool:
        """Whether something is to be deployed."""
        return self.decision == "deploy"


def choose_finalists(standings: Sequence[Standing], count: int) -> Finalists:
    """The best `count` models on the validation rows.

    Each place goes to the best figure left; models whose figure lies within that one's interval are tied with
    it, and the cheapest of them takes the place (a known price before an unknown one, then the higher
    figure, then the name). Incomplete models come last and are not chosen.

    Raises:
        ValueError: no standing is complete, or `count` is below 1.
    """
    if count < 1:
        raise ValueError("at least one finalist is needed")
    left = sorted((standing for standing in standings if standing.complete), key=_by_figure)
    if not left:
        raise ValueError("no model has a complete validation result")
    ranked: list[Ranked] = []
    while left:
        best = left[0]
        tied = [standing for standing in left if standing.validation.value >= best.validation.low]
        taken = min(tied, key=lambda standing: (_price(standing), *_by_figure(standing)))
        if taken is best:
            why = "best on validation" if not ranked else "best on validation of the rest"
        else:
            why = f"tied with {best.model} on validation (within its interval) and cheaper"
        ranked.append(_ranked(taken, why))
        left.remove(taken)
    chosen = tuple(item.model for item in ranked[:count])
    unanswered = sorted((standing for standing in standings if not standing.complete), key=_by_figure)
    ranked += [_ranked(standing, "not every validation row was answered") for standing in unanswered]
    return Finalists(chosen=chosen, ranked=tuple(ranked))


def choose_winner(standings: Sequence[Standing]) -> Winner:
    """The model with the highest validation figure among tuned and base models.

    Equal figures go to the base model, then to the cheaper one, then by name. Incomplete models cannot win.

    Raises:
        ValueError: no standing is complete.
    """
    complete = sorted((standing for standing in standings if standing.complete), key=_for_winning)
    if not complete:
        raise ValueError("no model has a complete validation result")
    best = complete[0]
    why = f"best on validation: {_percent(best.validation.value)}"
    if len(complete) > 1:
        second = complete[1]
        why += f", before {second.model} ({second.kind}) with {_percent(second.validation.value)}"
    ranked = [_ranked(standing, "on validation") for standing in complete]
    ranked += [
        _ranked(standing, "not every validation row was answered")
        for standing in sorted(standings, key=_for_winning)
        if not standing.complete
    ]
    return Winner(model=best.model, kind=best.kind, why=why, ranked=tuple(ranked))


def gate(
    winner: Winner,
    comparison: Comparison | None,
    deploy: DeployPolicy = "if-better",
    policy: GatePolicy | None = None,
    *,
    complete: bool = True,
) -> GateDecision:
    """Decides on deployment of the winner.

    Args:
        comparison: the winner against its base model on the test rows; None when the winner is a base model.
        deploy: the user's wish; `always` waives the comparison and the label guard, never completeness.
        complete: False when some part of the evaluation is unfinished for any other reason.
    """
    policy = policy or GatePolicy()

    def decided(
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
        return decided("not-asked", "Deployment was not asked for.")
    if not complete or (comparison is not None and not comparison.complete):
        return decided(
            "incomplete", "Some rows were not answered, so no verdict is drawn and nothing is deployed."
        )
    if winner.kind == "base":
        return decided(
            "keep-base", "No tuned model was better on validation; the base model is kept as it is."
        )
    if comparison is None:
        return decided("incomplete", "The tuned model was not compared with its base model on the test rows.")
    losing, watch = label_losses(comparison, policy)
    if deploy == "always":
        return decided(
            "deploy", f"Deployment was asked for in any case; {_finding(comparison)}.", losing, watch
        )
    if not _passes(comparison, policy):
        return decided(
            "keep-base", f"{_finding(comparison, capital=True)}; the base model is kept.", losing, watch
        )
    if losing:
        worst = min(losing, key=lambda change: change.difference.value)
        why = (
            f"{_finding(comparison, capital=True)}, but {len(losing)} of its labels lost more than "
            f"{_percent(policy.label_loss)} of their rows, most of all {worst.label} "
            f"({_percent(worst.before)} to {_percent(worst.after)} of {worst.support})."
        )
        return decided("keep-base", why, losing, watch)
    return decided("deploy", f"{_finding(comparison, capital=True)}.", losing, watch)


def label_losses(
    comparison: Comparison, policy: GatePolicy
) -> tuple[tuple[LabelChange, ...], tuple[LabelChange, ...]]:
    """Labels that lost more recall than the policy allows: beyond chance, and perhaps by chance."""
    judged = [change for change in comparison.per_label if change.support >= policy.label_rows]
    adjusted = holm([change.p_value for change in judged])
    losing: list[LabelChange] = []
    watch: list[LabelChange] = []
    for change, p_value in zip(judged, adjusted, strict=True):
        if change.difference.value < -policy.label_loss:
            (losing if p_value < policy.alpha else watch).append(change)
    return tuple(losing), tuple(watch)


def _passes(comparison: Comparison, policy: GatePolicy) -> bool:
    if policy.rule == "superiority":
        return comparison.verdict == "better"
    return comparison.difference.low > -policy.margin


def _finding(comparison: Comparison, capital: bool = False) -> str:
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


def _ranked(standing: Standing, why: str) -> Ranked:
    return Ranked(model=standing.model, kind=standing.kind, validation=standing.validation, why=why)


def _by_figure(standing: Standing) -> tuple[float, float, str]:
    return (-standing.validation.value, _price(standing), standing.model)


def _for_winning(standing: Standing) -> tuple[float, bool, float, str]:
    return (-standing.validation.value, standing.kind != "base", _price(standing), standing.model)


def _price(standing: Standing) -> float:
    return float("inf") if standing.price is None else standing.price


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"

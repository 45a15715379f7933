"""Costs of mistakes as the gate reads them, in place of accuracy where the session has costs."""

from __future__ import annotations

from typing import NamedTuple

from fw_assets.classification.metrics.expected_cost import ConstantAnswer
from fw_assets.classification.selection.cost_comparison import CostComparison, unseen_text
from fw_assets.classification.selection.selection import Winner
from fw_assets.classification.selection.verdict import p_value_text


class GateCosts(NamedTuple):
    """What mistakes on the test rows cost.

    Attributes:
        comparison: of a tuned winner or an adapter with the model that is kept otherwise; None when a base model won.
        tuned, untuned: costs of both for a row; constant: the label that costs least if it is always given.
    """

    comparison: CostComparison | None
    tuned: float | None
    untuned: float | None
    constant: ConstantAnswer


def cost_text(costs: CostComparison, winner: Winner) -> str:
    """The verdict on the costs with its figures, as the beginning of a sentence."""
    other = rival_text(winner)
    rows = f"{costs.rows} test rows" + (f", {costs.groups} distinct" if costs.groups < costs.rows else "")
    margin = f"{1000 * costs.margin:g} for 1,000 rows"
    text = {
        "better": f"Its mistakes cost less than those of {other} on {rows}",
        "worse": f"Its mistakes cost more than those of {other} on {rows}",
        "as good": f"Its mistakes cost at most {margin} more than those of {other} on {rows}, and are not shown to "
        "cost less",
        "cannot be told": f"Whether the winner's mistakes cost less than those of {other} cannot be told on {rows}",
    }[costs.verdict]
    saved, level = costs.saved, f"{(1 - costs.level) * 100:.4g}"
    # The test is of the mistakes that were seen, the interval also of others: where they differ, the interval decides.
    test = f"; {unseen_text(costs.absent)}" if costs.unseen else f", {p_value_text(costs.p_value, costs.level)}"
    return (
        f"{text} ({1000 * costs.after:,.0f} in place of {1000 * costs.before:,.0f} for 1,000 rows; "
        f"{signed_text(-1000 * saved.value, 0)}, {level} % interval {signed_text(-1000 * saved.high, 0)} to "
        f"{signed_text(-1000 * saved.low, 0)}"
        f"{test})"
    )


def signed_text(value: float, digits: int) -> str:
    """`value` with its sign; what rounds to zero has none."""
    text = f"{value:+,.{digits}f}"
    return text if any(digit in "123456789" for digit in text) else text[1:]


def rival_text(winner: Winner) -> str:
    """What the winner is compared with, within a sentence: a name is followed by its role between commas."""
    untuned = "the base model that" if winner.adapter else "the model that needs no tuning and"
    role = f"{untuned} was best on the validation rows"
    return "its base model" if winner.against in (None, winner.model) else f"{winner.against}, {role},"


def dearer_text(mistakes: str, cost: float, constant: ConstantAnswer) -> str:
    """That a model's mistakes, as they are called, cost more than one constant answer: a sentence without its end."""
    more = "more than" if cost > constant.cost else "as much as"
    return (
        f"{mistakes} cost {1000 * cost:,.0f} for 1,000 rows, {more} always answering {constant.label} "
        f"({1000 * constant.cost:,.0f})"
    )

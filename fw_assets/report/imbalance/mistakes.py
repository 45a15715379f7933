"""Costs of mistakes in words."""

from __future__ import annotations

from fw_assets.classification.selection.cost_comparison import unseen_text
from fw_assets.report.formatting import formatted, p_value
from fw_assets.report.schema.mistakes import CostChoice
from fw_assets.report.schema.report import Report


def mistakes_sentence(report: Report) -> str:
    """What mistakes of the best fine-tuned model cost, and those of the best that needs no tuning.

    Empty where the session has no costs, or nothing was fine-tuned.
    """
    choice = report.mistakes.choice if report.mistakes else None
    if choice is None:
        return ""
    own = choice.first == choice.second
    first = "its base model" if own else f"{choice.first}, which needs no tuning,"
    figures, its = cost_figures(choice), f"mistakes of the fine-tuned {choice.second}"
    verdict = {
        "better": f"{its} cost less than those of {first}",
        "worse": f"{its} cost more than those of {first}",
        "as good": f"{its} cost at most {choice.margin:,.0f} for 1,000 rows more than those of {first}",
        "cannot be told": f"it cannot be told whether {its} cost less than those of {first}",
    }[choice.verdict]
    return f"By the session's costs, {verdict.removesuffix(',')}: {figures}."


def mistakes_headline(report: Report) -> str:
    """The same in short, for the headline."""
    choice = report.mistakes.choice if report.mistakes else None
    if choice is None:
        return ""
    than = "" if choice.first == choice.second else f" than those of {choice.first}"
    its = "the fine-tuned model's mistakes"
    verdict = {
        "better": f"{its} cost less{than}",
        "worse": f"{its} cost more{than}",
        "as good": f"{its} cost at most {choice.margin:,.0f} more for 1,000 rows{than}",
        "cannot be told": f"it cannot be told whether {its} cost less{than}",
    }[choice.verdict]
    return f"By the session's costs, {verdict}: {choice.after:,.0f} in place of {choice.before:,.0f} for 1,000 rows."


def constant_sentence(report: Report) -> str:
    """What always giving one label costs; empty without costs."""
    mistakes = report.mistakes
    return f"Always answering {mistakes.constant} costs {mistakes.constant_cost:,.0f}." if mistakes else ""


def costs_text(cost: float) -> str:
    """`cost 120 for 1,000 rows`: the expected cost of mistakes, after their name."""
    return f"cost {cost:,.0f} for 1,000 rows"


def cost_figures(choice: CostChoice) -> str:
    """`80 in place of 185 for 1,000 rows`, the difference with its interval, and p."""
    low, high = choice.interval
    interval = f"95% interval {_signed(-high)} to {_signed(-low)}"
    # The test is of the mistakes that were seen alone. Reports of before `unseen` show by p where they do not decide.
    unseen = choice.unseen or (choice.p_value < 0.05 and choice.verdict not in ("better", "worse"))
    return (
        f"{choice.after:,.0f} in place of {choice.before:,.0f} for 1,000 rows ({_signed(-choice.saved)}, {interval}; "
        f"{unseen_text(choice.absent) if unseen else p_value(choice.p_value)})"
    )


def _signed(cost: float) -> str:
    return formatted(cost, "+,.0f")

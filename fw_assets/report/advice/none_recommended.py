"""Headline where no model is recommended: none is shown to be better than one constant answer.

That is not to say that none is: where a figure is above that of the constant answer, it cannot be told on these rows.
"""

from __future__ import annotations

from fw_assets.classification.selection.power import rows_to_show
from fw_assets.report.advice.figures import (
    choice_verdict,
    clipped,
    constant_title,
    cost_of,
    right,
    tuned_title,
)
from fw_assets.report.formatting import percent, plural, points_text
from fw_assets.report.imbalance.majority import majority_line, most_frequent
from fw_assets.report.schema.model_result import ModelResult
from fw_assets.report.schema.report import Report
from fw_assets.report.sections.baselines import baseline_name
from fw_assets.report.sections.candidates import subject
from fw_assets.report.sections.verdicts import choice


def none_headline(report: Report) -> str:
    kept = next((item.base for item in report.candidates if item.model == report.kept), None)
    if kept is None:
        return f"Use none of these models: none is shown to be better than {constant_title(report)}."
    return _by_cost(report, kept) if report.mistakes else _by_accuracy(report, kept)


def _by_accuracy(report: Report, kept: ModelResult) -> str:
    line, margin, always = majority_line(report) or 0.0, report.asked.margin, constant_title(report)
    found, candidate = choice(report), subject(report)
    tuned = candidate.tuned if candidate else None
    name = f"{clipped(kept.model)} as it is"
    if found and candidate and tuned and choice_verdict(report, found) == "better" and tuned.accuracy > line:
        return (
            f"Nothing was deployed: {name} ({percent(kept.accuracy)}) is not shown to beat {always}; "
            f"{tuned_title(candidate.model)} is shown to be better, with {right(report, tuned)}, but "
            f"{_why_not(report)}."
        )
    best, title = kept, name
    if candidate and tuned and tuned.accuracy > kept.accuracy:
        best, title = tuned, tuned_title(candidate.model)
    if best.accuracy > line + margin:
        wanted = _rows_wanted(report, best)
        more = f"; about {plural(wanted, 'independent test row')} would show such a difference" if wanted else ""
        return (
            f"Nothing was deployed: whether {title}, with {right(report, best)}, is better than {always} cannot be told"
            f"{more}{free_above(report)}."
        )
    if best.interval[1] < line:
        relation = "is worse than"
    elif best.accuracy <= line:
        relation = "is no higher than"
    else:
        relation = f"is at most {points_text(margin)} above"
    return f"Use none of these models: {title}, with {right(report, best)}, {relation} {always}{free_above(report)}."


def _by_cost(report: Report, kept: ModelResult) -> str:
    found, candidate, always = choice(report), subject(report), constant_title(report)
    constant = report.mistakes.constant_cost if report.mistakes else 0.0
    cost = cost_of(report, kept.model, "base") or 0.0
    tuned = cost_of(report, candidate.model, "tuned") if candidate else None
    text = f"mistakes of {clipped(kept.model)} as it is cost {cost:,.0f} for 1,000 rows"
    if found and candidate and tuned is not None and tuned < constant:
        shown = {
            "better": "shown to cost less than those",
            "worse": "shown to cost more than those",
        }.get(choice_verdict(report, found), "not told from those")
        return (
            f"Nothing was deployed: {text}, no less than {always}; those of {tuned_title(candidate.model)}, {shown}, "
            f"cost {tuned:,.0f}, but {_why_not(report)}."
        )
    models = report.mistakes.models if report.mistakes else ()
    free = [item for item in models if item.kind == "baseline" and item.interval[1] < constant]
    best = min(free, key=lambda item: item.cost, default=None)
    instead = f"; those of {baseline_name(best.name)}, which is free, {best.cost:,.0f}" if best else ""
    return f"Use none of these models: {text}, no less than {always}{instead}."


def _why_not(report: Report) -> str:
    """Why the fine-tuned model was not deployed."""
    winner, lost = report.winner, len(report.deployment.losing_labels)
    if winner is None or winner.kind == "base":
        return "the validation rows chose the former"
    if lost:
        return f"{plural(lost, 'label')} lost F1"
    return "it did not pass the gate"


def free_above(report: Report) -> str:
    """The free model, where its own interval is above the constant answer; what is no better shown is not offered."""
    line = majority_line(report) or 0.0
    free = next((item for item in report.baselines if item.name != "majority" and item.interval[0] > line), None)
    return f"; {baseline_name(free.name)}, which is free, has {percent(free.accuracy)}" if free else ""


def _rows_wanted(report: Report, result: ModelResult) -> int | None:
    """Independent rows that show the difference from the constant answer, if it is as large as it is here.

    None where there are as many already, and beyond what can be counted.
    """
    line = majority_line(report) or 0.0
    own = result.per_label.get(most_frequent(report))
    # Rows of that label that the model misses are the constant answer's alone; the model's alone are its other ones.
    discordance = line + result.accuracy
    if own is not None and own.accuracy is not None and not report.data.multi_label and result.rows:
        both = own.accuracy * own.support / result.rows
        discordance = line + result.accuracy - 2 * both
    wanted = rows_to_show(result.accuracy - line, min(1.0, discordance))
    return wanted if wanted is not None and wanted > (result.groups or result.rows) else None

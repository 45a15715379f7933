"""Majority line: the share of rows that always answering the most frequent label gets right, and its trap."""

from __future__ import annotations

import math
from collections.abc import Iterable

from fw_assets.report.formatting import listing, percent, short, titled
from fw_assets.report.glossary import BASELINES
from fw_assets.report.imbalance.judged_models import JudgedModel
from fw_assets.report.imbalance.mistakes import costs_text
from fw_assets.report.schema.mistakes import MistakeCostsResult
from fw_assets.report.schema.model_result import ModelResult
from fw_assets.report.schema.report import CandidateResult, Report


def majority_line(report: Report) -> float | None:
    """The accuracy of always answering the most frequent label, or set of labels; None without any evaluated model."""
    return next((item.base.majority_accuracy for item in report.candidates if item.base is not None), None)


def most_frequent(report: Report) -> str:
    """What is always answered: `ham`, or in words where a row may have several labels."""
    constant = next((item.label for item in report.baselines if item.label), None)
    if constant is not None:
        return constant
    base = next((item.base for item in report.candidates if item.base is not None), None)
    if base is None or report.data.multi_label or not base.per_label:
        return "the most frequent set of labels" if report.data.multi_label else "the most frequent label"
    return max(base.per_label.items(), key=lambda item: item[1].support)[0]


def unlike_parts(report: Report) -> str:
    """The caution that the label that most test rows have is not that of the training rows, beyond chance."""
    constant = next((item.label for item in report.baselines if item.label), None)
    base = next((item.base for item in report.candidates if item.base is not None), None)
    if constant is None or base is None or constant not in base.per_label or constant not in report.data.label_rows:
        return ""
    distinct = {
        label: item.support if item.groups is None else min(item.support, item.groups)
        for label, item in base.per_label.items()
    }
    most = max(distinct, key=lambda label: distinct[label])
    excess, both = distinct[most] - distinct[constant], distinct[most] + distinct[constant]
    # Labels that are equally frequent in both parts take turns by chance: three standard errors of their difference.
    if most not in report.data.label_rows or excess <= 3 * math.sqrt(both):
        return ""
    rows = report.data.label_rows
    train, test = (sum(getattr(item, part) for item in rows.values()) for part in ("train", "test"))
    return (
        f"{percent(rows[most].test / max(test, 1), 0)} of the test rows are {most}, and "
        f"{percent(rows[most].train / max(train, 1), 0)} of the training rows, most of which are {constant}: the parts "
        "are not alike, and figures on the one say less of rows like the other."
    )


def trap_sentence(report: Report, models: Iterable[JudgedModel]) -> str:
    """The majority trap, where any of the models is in it: near the majority line by accuracy (within the margin, or
    not told from it by its interval), while balanced accuracy, whose interval does not hold the accuracy, says
    otherwise. Empty elsewhere, where a row may have several labels or fields, where mistakes have costs, and in an
    unfinished run.
    """
    line, named = majority_line(report), list(models)
    # An unfinished run has no figures to hold against each other.
    if report.status == "incomplete" or report.fields or report.mistakes or line is None:
        return ""
    if not any(_trapped(model, line, report.asked.margin) for model in named):
        return ""
    figures = listing(
        [f"{percent(m.balanced_accuracy)} for {m.title}" for m in named if m.balanced_accuracy is not None], 9
    )
    return (
        f"Accuracy says little here, since always answering {most_frequent(report)} is right in {percent(line)} of the "
        f"test rows; the balanced accuracy, which counts every label alike, is {figures}."
    )


def _trapped(model: JudgedModel, line: float, margin: float) -> bool:
    balanced, bounds = model.balanced_accuracy, model.balanced_accuracy_interval
    # An accuracy whose interval holds the line is near it, too; and a difference of just the margin is within it.
    near = abs(model.accuracy - line) < margin + 1e-9 or model.interval[0] <= line <= model.interval[1]
    if balanced is None or not near or abs(model.accuracy - balanced) <= margin:
        return False
    return bounds is None or not bounds[0] <= model.accuracy <= bounds[1]


def below_line(report: Report) -> bool:
    """Whether the model without tuning that stays does worse than one constant answer.

    By the session's costs where there are any, else by accuracy; never where answers have several fields.
    """
    kept = _kept(report)
    if kept is None or report.fields:
        return False
    cost = _kept_cost(report)
    if report.mistakes and cost is not None:
        return cost > report.mistakes.constant_cost
    return kept.accuracy < kept.majority_accuracy


def below_line_text(report: Report) -> str:
    """That it does, in words."""
    kept, cost = _kept(report), _kept_cost(report)
    if kept is None:
        return ""
    name = short(kept.model)
    if report.mistakes and cost is not None:
        more = "more than" if cost > report.mistakes.constant_cost else "as much as"
        return (
            f"mistakes of {titled(name, report.kind_of(name, 'base'))} {costs_text(cost)}, {more} always answering "
            f"{report.mistakes.constant} ({report.mistakes.constant_cost:,.0f})"
        )
    return (
        f"{name} as it is, with {percent(kept.accuracy)} of the test rows right, is {_relation(kept)} always answering "
        f"{most_frequent(report)} ({percent(kept.majority_accuracy)})"
    )


def _relation(result: ModelResult) -> str:
    return "worse than" if result.interval[1] < result.majority_accuracy else "not shown to be better than"


def none_text(report: Report) -> str:
    """That no model is better than one constant answer, in words: neither the one that is kept, nor a tuned winner."""
    text, winner = below_line_text(report), report.winner
    tuned = next((item.tuned for item in report.candidates if winner and item.model == winner.base_model), None)
    if winner is None or winner.kind != "tuned" or tuned is None:
        return text
    if report.mistakes:
        own = (short(winner.base_model), "tuned")
        cost = next((item.cost for item in report.mistakes.models if (item.name, item.kind) == own), None)
        if cost is None or cost < report.mistakes.constant_cost:
            return text
        return f"{text}, and those of the fine-tuned {own[0]} cost {cost:,.0f}"
    if tuned.accuracy > tuned.majority_accuracy:
        return text
    kept, name = _kept(report), f"the fine-tuned {short(winner.base_model)} ({percent(tuned.accuracy)})"
    if kept is not None and _relation(kept) == _relation(tuned):
        return f"{text}, and so is {name}"
    return f"{text}, and {name} is {_relation(tuned)} that"


def below_line_note(report: Report) -> str:
    """That it does, as a sentence after one about the model; empty where it does not."""
    kept = _kept(report)
    if kept is None or not below_line(report):
        return ""
    cost = _kept_cost(report)
    if report.mistakes and cost is not None:
        always = f"always answering {report.mistakes.constant} ({report.mistakes.constant_cost:,.0f})"
        return f"Mistakes of {short(kept.model)} {costs_text(cost)}, more than {always}."
    always = f"always answering {most_frequent(report)} ({percent(majority_line(report))})"
    return f"{short(kept.model)} ({percent(kept.accuracy)}) is below {always}."


def _kept_cost(report: Report) -> float | None:
    kept = _kept(report)
    models = report.mistakes.models if report.mistakes else ()
    return next((m.cost for m in models if kept and (m.name, m.kind) == (short(kept.model), "base")), None)


def instead(report: Report) -> str:
    """What to do where no base model is worth keeping: by the session's costs where there are any."""
    tuned, free = _by_cost(report, report.mistakes) if report.mistakes else _by_accuracy(report)
    advice = []
    if tuned:
        won = report.winner is not None and report.winner.kind == "tuned"
        advice.append(f"{tuned}, and deploy: always serves it all the same" if won else tuned)
    if free:
        advice.append(free)
    advice.append("look at the labels and the prompt, name the labels in the system message, or try another base model")
    return f"What can be done: {'; '.join(advice)}."


def _by_accuracy(report: Report) -> tuple[str, str]:
    """The best fine-tuned model, if it has more test rows right than the constant answer, and the best free one, if its
    interval is above that.
    """
    line, challenger = majority_line(report) or 0.0, _challenger(report)
    tuned = challenger.tuned if challenger else None
    free = next((item for item in report.baselines if item.name != "majority" and item.interval[0] > line), None)
    return (
        f"the fine-tuned {short(challenger.model)} has {percent(tuned.accuracy)}"
        if challenger and tuned and tuned.accuracy > line
        else "",
        f"{BASELINES.get(free.name, free.name)} reaches {percent(free.accuracy)} and is free" if free else "",
    )


def _by_cost(report: Report, mistakes: MistakeCostsResult) -> tuple[str, str]:
    """The best fine-tuned model and the best free one, if their mistakes cost less than the constant answer."""
    challenger = _challenger(report)
    cheaper = [item for item in mistakes.models if item.cost < mistakes.constant_cost]
    own = (short(challenger.model), "tuned") if challenger else None
    tuned = next((item for item in cheaper if (item.name, item.kind) == own), None)
    free = min((item for item in cheaper if item.kind == "baseline"), key=lambda item: item.cost, default=None)
    return (
        f"mistakes of the fine-tuned {tuned.name} {costs_text(tuned.cost)}" if tuned else "",
        f"mistakes of {BASELINES.get(free.name, free.name)}, which is free, {costs_text(free.cost)}" if free else "",
    )


def _kept(report: Report) -> ModelResult | None:
    return next((item.base for item in report.candidates if item.model == report.kept), None)


def _challenger(report: Report) -> CandidateResult | None:
    """The candidate whose fine-tuned model is best on the validation rows, by the session's costs if there are any."""
    chosen = report.mistakes.choice if report.mistakes else None
    tuned = [item for item in report.candidates if item.tuned is not None]
    named = next((item for item in tuned if chosen and short(item.model) == chosen.second), None)
    return named or max(tuned, key=lambda c: c.tuned_validation.accuracy if c.tuned_validation else 0.0, default=None)

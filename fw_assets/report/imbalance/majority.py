"""Majority line: the share of rows that always answering the most frequent label gets right, and its trap."""

from __future__ import annotations

from collections.abc import Iterable

from fw_assets.report.formatting import listing, percent, short
from fw_assets.report.glossary import BASELINES
from fw_assets.report.imbalance.judged_models import JudgedModel
from fw_assets.report.schema.model_result import ModelResult
from fw_assets.report.schema.report import CandidateResult, Report


def majority_line(report: Report) -> float | None:
    """The accuracy of always answering the most frequent label, or set of labels; None without any evaluated model."""
    return next((item.base.majority_accuracy for item in report.candidates if item.base is not None), None)


def most_frequent(report: Report) -> str:
    """What is always answered: `ham`, or in words where a row may have several labels."""
    base = next((item.base for item in report.candidates if item.base is not None), None)
    if base is None or report.data.multi_label or not base.per_label:
        return "the most frequent set of labels" if report.data.multi_label else "the most frequent label"
    return max(base.per_label.items(), key=lambda item: item[1].support)[0]


def trap_sentence(report: Report, models: Iterable[JudgedModel]) -> str:
    """The majority trap, where any of the models is in it: within the margin of the majority line by accuracy, while
    balanced accuracy, whose interval does not hold the accuracy, says otherwise. Empty elsewhere, and where a row may
    have several labels.
    """
    line, named = majority_line(report), list(models)
    if line is None or not any(_trapped(model, line, report.asked.margin) for model in named):
        return ""
    figures = listing(
        [f"{percent(m.balanced_accuracy)} of {m.title}" for m in named if m.balanced_accuracy is not None], 9
    )
    return (
        f"Accuracy says little here, since always answering {most_frequent(report)} is right in {percent(line)} of the "
        f"test rows; the balanced accuracy, which counts every label alike, is {figures}."
    )


def _trapped(model: JudgedModel, line: float, margin: float) -> bool:
    balanced, bounds = model.balanced_accuracy, model.balanced_accuracy_interval
    if balanced is None or abs(model.accuracy - line) > margin or abs(model.accuracy - balanced) <= margin:
        return False
    return bounds is None or not bounds[0] <= model.accuracy <= bounds[1]


def below_line(report: Report) -> bool:
    """Whether the base model that needs no tuning does worse than one constant answer.

    By the session's costs where there are any, else by accuracy.
    """
    kept = _kept(report)
    if kept is None:
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
            f"mistakes of {name} as it is cost {cost:,.0f} for 1,000 rows, {more} always answering "
            f"{report.mistakes.constant} ({report.mistakes.constant_cost:,.0f})"
        )
    relation = "below" if kept.accuracy < kept.majority_accuracy else "no better than"
    return (
        f"{name} as it is, with {percent(kept.accuracy)} of the test rows right, is {relation} always answering "
        f"{most_frequent(report)} ({percent(kept.majority_accuracy)})"
    )


def below_line_note(report: Report) -> str:
    """That it does, as a sentence after one about the model; empty where it does not."""
    if not below_line(report):
        return ""
    cost = _kept_cost(report)
    if report.mistakes and cost is not None:
        always = f"always answering {report.mistakes.constant} ({report.mistakes.constant_cost:,.0f})"
        return f"Its mistakes cost {cost:,.0f} for 1,000 rows, more than {always}."
    return f"That is less than always answering {most_frequent(report)} ({percent(majority_line(report))})."


def _kept_cost(report: Report) -> float | None:
    kept = _kept(report)
    models = report.mistakes.models if report.mistakes else ()
    return next((m.cost for m in models if kept and (m.name, m.kind) == (short(kept.model), "base")), None)


def instead(report: Report) -> str:
    """What to do where no base model is worth keeping."""
    advice, line, tuned = [], majority_line(report) or 0.0, _challenger(report)
    if tuned is not None and tuned.tuned is not None and tuned.tuned.accuracy > line:
        won = report.winner is not None and report.winner.kind == "tuned"
        figures = f"the fine-tuned {short(tuned.model)} has {percent(tuned.tuned.accuracy)}"
        advice.append(f"{figures}, and deploy: always serves it all the same" if won else figures)
    free = next((item for item in report.baselines if item.name != "majority" and item.accuracy > line), None)
    if free is not None:
        advice.append(f"{BASELINES.get(free.name, free.name)} reaches {percent(free.accuracy)} and is free")
    advice.append("look at the labels and the prompt, name the labels in the system message, or try another base model")
    return f"What can be done: {'; '.join(advice)}."


def _kept(report: Report) -> ModelResult | None:
    """The base model that is kept where nothing is deployed."""
    winner = report.winner
    if winner is None:
        return None
    name = winner.untuned or winner.base_model
    return next((item.base for item in report.candidates if item.model == name), None)


def _challenger(report: Report) -> CandidateResult | None:
    """The candidate whose fine-tuned model is best on the validation rows."""
    tuned = [item for item in report.candidates if item.tuned is not None]
    return max(tuned, key=lambda c: c.tuned_validation.accuracy if c.tuned_validation else 0.0, default=None)

"""Headline of the report: what to do, in at most two lines of the page."""

from __future__ import annotations

from fw_assets.classification.selection.verdict import Verdict
from fw_assets.report.formatting import clip, count, percent, plural, rows_text, short, titled
from fw_assets.report.imbalance.majority import below_line, majority_line, most_frequent
from fw_assets.report.schema.model_result import ModelResult
from fw_assets.report.schema.report import CandidateResult, Report
from fw_assets.report.sections.baselines import baseline_name, compared_baseline, need
from fw_assets.report.sections.candidates import subject, winner_kind
from fw_assets.report.sections.similarity import headline_result, new_texts_range
from fw_assets.report.sections.verdicts import Choice, choice

MAX_NAME = 40
MAX_REASON = 90


def headline(report: Report) -> str:
    """What to do, and the figures that say so."""
    if report.status == "incomplete":
        reasons = clip("; ".join(report.incomplete) or "some answers are missing", MAX_REASON).rstrip(".")
        return f"Run it again: {reasons}, so that there is no verdict."
    about = subject(report)
    if about is None or about.base is None:
        return "No model was evaluated."
    if report.status == "benchmark":
        return _benchmark(report, about, about.base)
    if report.deployment.decision == "keep-none":
        return _none(report)
    if not report.fields and need(report) == "no":
        return _simpler(report)
    if report.deployment.decision == "deployed":
        return _deployed(report)
    return _not_deployed(report)


def _benchmark(report: Report, best: CandidateResult, result: ModelResult) -> str:
    name, right = _name(best.model), f"{percent(result.accuracy)} of {rows_text(result.rows, result.groups)} right"
    tunable = any(not item.adapter_of for item in report.candidates)
    further = "fine-tune before you decide" if tunable else "try another base model"
    baseline = compared_baseline(report)
    if below_line(report):
        return f"Use none of these models as it is, and {further}: {name}, the best, is below {_constant(report)}."
    if need(report) == "no" and baseline is not None:
        free = f"{baseline_name(baseline.name)}, which is free, has {percent(baseline.accuracy)}"
        return f"{further.capitalize()}: {name}, the best of these models as it is, has {right}, and {free}."
    if len(report.candidates) == 1:
        return f"{name} has {right} as it is; {further}."
    return f"{name} is the best of these models as it is, with {right}; {further}."


def _none(report: Report) -> str:
    kept = _name(report.kept or "the base model")
    line = majority_line(report) or 0.0
    free = next((item for item in report.baselines if item.name != "majority" and item.accuracy > line), None)
    instead = f"; {baseline_name(free.name)}, which is free, has {percent(free.accuracy)}" if free else ""
    return f"Use none of these models: {kept} as it is does no better than {_constant(report)}{instead}."


def _constant(report: Report) -> str:
    always = f"always answering {clip(most_frequent(report), MAX_NAME)}"
    return always if report.mistakes else f"{always} ({percent(majority_line(report))})"


def _simpler(report: Report) -> str:
    best = compared_baseline(report)
    versus = best.versus if best else None
    if best is None or versus is None:
        return _not_deployed(report)
    name = short(versus.model)
    model = titled(_name(name), report.kind_of(name, versus.kind or ""))
    of = next((item for item in report.candidates if short(item.model) == name), None)
    result = (of.tuned if versus.kind == "tuned" else of.base) if of else None
    served = ", which is deployed," if report.deployment.decision == "deployed" else ""
    figures = f"{percent(best.accuracy)} right, and {model}{served} {percent(result.accuracy if result else None)}"
    return f"Weigh {baseline_name(best.name)} first, which is local and free: {figures}."


def _deployed(report: Report) -> str:
    winner, found = report.winner, choice(report)
    if winner is None or winner.kind == "base":
        name = winner.model if winner else report.deployment.model or ""
        result = next((item.base for item in report.candidates if item.model == name), None)
        right = f": {percent(result.accuracy)} of {rows_text(result.rows, result.groups)} right" if result else ""
        return f"Use {titled(_name(name), winner_kind(report))}, which is deployed{right}."
    doubt = {
        "worse": ", although tuning did not pay",
        "cannot be told": ", a difference that these rows cannot tell from chance",
    }.get(_verdict(report, found) if found else "", "")
    return f"Use {_tuned(winner.base_model)}, which is deployed: {_figures(report, found)}{doubt or _free(report)}."


def _free(report: Report) -> str:
    """The free model that the one in use was not told from; empty where there is none."""
    best = compared_baseline(report)
    if best is None or report.fields or need(report) != "cannot be told":
        return ""
    return f"; {baseline_name(best.name)}, which is free and not told from it, {percent(best.accuracy)}"


def _not_deployed(report: Report) -> str:
    winner, found, decision = report.winner, choice(report), report.deployment.decision
    kept = _name(report.kept or "the base model")
    if found is None:
        return f"Keep {kept}; nothing was deployed."
    tuned, figures, verdict = _tuned(found.tuned), _figures(report, found), _verdict(report, found)
    if winner is not None and winner.kind == "tuned" and decision == "not-asked":
        if verdict in ("better", "as good"):
            return f"Deploy {tuned} when you want it served, which was not asked for: {figures}."
        return f"Decide whether {tuned} is worth serving: {figures}, which does not show that tuning helped."
    if verdict == "better":
        if winner is not None and winner.kind == "base":
            return f"Keep {kept}, which the validation rows chose, though {tuned} is ahead on the test rows: {figures}."
        lost = len(report.deployment.losing_labels)
        but = f"{plural(lost, 'label')} lost F1" if lost else "it did not pass the gate"
        return f"Keep {kept}, or serve {tuned} all the same (deploy: always): {figures}, but {but}."
    why = {
        "worse": "fine-tuning made it worse" if found.own else "fine-tuning did not pay",
        "as good": "fine-tuning is not shown to be better",
    }.get(verdict, "whether fine-tuning helped cannot be told")
    return f"Keep {kept} as it is; {why}: {figures}."


def _verdict(report: Report, found: Choice) -> Verdict:
    """That on the costs of mistakes, where the session has them."""
    costs = report.mistakes.choice if report.mistakes else None
    return costs.verdict if costs else found.verdict


def _figures(report: Report, found: Choice | None) -> str:
    """`91.7% of 300 test rows right, 35.0% without tuning`; by the session's costs where there are any."""
    if found is None:
        return "see below"
    costs = report.mistakes.choice if report.mistakes else None
    before = "without tuning" if found.own else f"by {_name(found.untuned)} without tuning"
    if costs is not None:
        return f"mistakes cost {costs.after:,.0f} for {count(1000)} rows, {costs.before:,.0f} {before}"
    new = headline_result(report)
    far = f" ({new_texts_range(new)} on new texts)" if new else ""
    return f"{percent(found.after)} of {found.where} right{far}, {percent(found.before)} {before}"


def _tuned(model: str) -> str:
    return titled(_name(model), "fine-tuned")


def _name(model: str) -> str:
    return clip(short(model), MAX_NAME)

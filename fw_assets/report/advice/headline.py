"""Headline of the report: what to do, in at most two lines of the page."""

from __future__ import annotations

from fw_assets.report.advice.figures import (
    choice_figures,
    choice_verdict,
    clipped,
    free_figure,
    free_text,
    result_text,
    rivals_text,
    share,
    tuned_title,
)
from fw_assets.report.advice.none_recommended import none_headline
from fw_assets.report.advice.untuned import benchmark_headline
from fw_assets.report.formatting import clip, percent, plural, short, titled
from fw_assets.report.schema.report import Report
from fw_assets.report.sections.baselines import baseline_name, compared_baseline, is_chosen, need, recommended_baseline
from fw_assets.report.sections.candidates import subject, winner_kind
from fw_assets.report.sections.verdicts import choice

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
        return benchmark_headline(report, about, about.base)
    if report.deployment.decision == "keep-none" and recommended_baseline(report) is None:
        return none_headline(report)
    if not report.fields and need(report) == "no":
        return _simpler(report)
    if report.deployment.decision == "deployed":
        return _deployed(report)
    return _not_deployed(report)


def _simpler(report: Report) -> str:
    best = compared_baseline(report)
    versus = best.versus if best else None
    if best is None or versus is None:
        return _not_deployed(report)
    name, free = short(versus.model), free_figure(report, best)
    model = titled(clipped(name), report.kind_of(name, versus.kind or ""))
    of = next((item for item in report.candidates if short(item.model) == name), None)
    result = (of.tuned if versus.kind == "tuned" else of.base) if of else None
    served = ", which is deployed," if report.deployment.decision == "deployed" else ""
    which = f"Use {baseline_name(best.name)}" if is_chosen(report) else f"Weigh {baseline_name(best.name)} first"
    first = f"{which}, which is local and free: "
    if report.mistakes and report.mistakes.free:
        return (
            f"{first}mistakes cost {free} for 1,000 rows, those of {model}{served} {report.mistakes.free.after:,.0f}."
        )
    text = f"{first}{free} right, and {model}{served} {share(report, result) if result else percent(None)}"
    if report.deployment.decision == "keep-none":
        return f"{text}; none of the models that were asked is recommended."
    return f"{text}."


def _deployed(report: Report) -> str:
    winner, found = report.winner, choice(report)
    if winner is None or winner.kind == "base":
        name = winner.model if winner else report.deployment.model or ""
        result = next((item.base for item in report.candidates if item.model == name), None)
        figures = f": it {result_text(report, name, result, 'base')}" if result else ""
        others = rivals_text(report, name, "base")
        return f"Use {titled(clipped(name), winner_kind(report))}, which is deployed{figures}{others}."
    doubt = {
        "worse": ", although tuning did not pay",
        "cannot be told": ", a difference that these rows cannot tell from chance",
    }.get(choice_verdict(report, found) if found else "", "")
    others = rivals_text(report, winner.base_model, "tuned") + ("" if doubt else free_text(report))
    figures = choice_figures(report, found)
    return f"Use {tuned_title(winner.base_model)}, which is deployed: {figures}{doubt}{others}."


def _not_deployed(report: Report) -> str:
    winner, found, decision = report.winner, choice(report), report.deployment.decision
    kept = clipped(report.kept or "the base model")
    if found is None:
        return f"Keep {kept}; nothing was deployed."
    tuned, figures, verdict = tuned_title(found.tuned), choice_figures(report, found), choice_verdict(report, found)
    if winner is not None and winner.kind == "tuned" and decision == "not-asked":
        others = rivals_text(report, winner.base_model, "tuned")
        if verdict in ("better", "as good"):
            return f"Deploy {tuned} when you want it served, which was not asked for: {figures}{others}."
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

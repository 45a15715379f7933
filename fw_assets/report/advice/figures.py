"""Figures of the headline: of models on the test rows, by the session's costs where there are any."""

from __future__ import annotations

from fw_assets.classification.selection.verdict import Verdict
from fw_assets.report.formatting import before_verb, clip, count, listing, percent, rows_text, short, titled
from fw_assets.report.imbalance.majority import majority_line, most_frequent, trap_sentence
from fw_assets.report.schema.comparison import BaselineResult, Kind
from fw_assets.report.schema.model_result import ModelResult
from fw_assets.report.schema.report import Report
from fw_assets.report.sections.baselines import baseline_name, compared_baseline, measures_text, need
from fw_assets.report.sections.candidates import headline_models
from fw_assets.report.sections.pairs import rivals
from fw_assets.report.sections.similarity import headline_result, new_texts_range
from fw_assets.report.sections.verdicts import Choice

MAX_NAME = 40
MAX_RIVALS = 2


def clipped(model: str) -> str:
    return clip(short(model), MAX_NAME)


def tuned_title(model: str) -> str:
    return titled(clipped(model), "fine-tuned")


def constant_title(report: Report) -> str:
    """`always answering ham (96.0%)`; by the session's costs `always answering spam (700)`."""
    if report.mistakes:
        return f"always answering {clip(report.mistakes.constant, MAX_NAME)} ({report.mistakes.constant_cost:,.0f})"
    return f"always answering {clip(most_frequent(report), MAX_NAME)} ({percent(majority_line(report))})"


def cost_of(report: Report, name: str, kind: Kind) -> float | None:
    """What mistakes in 1,000 rows cost; None where the session has no costs."""
    models = report.mistakes.models if report.mistakes else ()
    return next((item.cost for item in models if (item.name, item.kind) == (short(name), kind)), None)


def right(report: Report, result: ModelResult) -> str:
    """`91.7% of 300 test rows right`; its balanced accuracy too, where accuracy says little."""
    return f"{share(report, result)} of {before_verb(rows_text(result.rows, result.groups))} right"


def result_text(report: Report, model: str, result: ModelResult, kind: Kind) -> str:
    """`has 91.7% of 300 test rows right`, or what its mistakes cost: after the model's name."""
    cost = cost_of(report, model, kind)
    return f"has {right(report, result)}" if cost is None else f"makes mistakes that cost {cost:,.0f} for 1,000 rows"


def choice_figures(report: Report, found: Choice | None) -> str:
    """`91.7% of 300 test rows right, 35.0% without tuning`; by the session's costs where there are any."""
    if found is None:
        return "see below"
    costs = report.mistakes.choice if report.mistakes else None
    before = "without tuning" if found.own else f"by {clipped(found.untuned)} without tuning"
    if costs is not None:
        return f"mistakes cost {costs.after:,.0f} for {count(1000)} rows, {costs.before:,.0f} {before}"
    new = headline_result(report)
    far = f" ({new_texts_range(new)} on new texts)" if new else ""
    now, then = percent(found.after), percent(found.before)
    if not found.fields and accuracy_says_little(report):
        of = {short(item.model): item for item in report.candidates}
        after, first = of[found.tuned].tuned, of[found.untuned].base
        now, then = (share(report, after) if after else now), (share(report, first) if first else then)
    return f"{now} of {before_verb(found.where)} right{far}, {then} {before}"


def choice_verdict(report: Report, found: Choice) -> Verdict:
    """That on the costs of mistakes, where the session has them."""
    costs = report.mistakes.choice if report.mistakes else None
    return costs.verdict if costs else found.verdict


def rivals_text(report: Report, model: str, kind: Kind) -> str:
    """`; minilm-l6-v2 (60.0%) is not told from it`: models of the same kind that may be as good, or are shown better.

    Empty where every other one is shown to be worse; and with costs, by which they are not compared.
    """
    if report.mistakes or report.fields:
        return ""
    others, said = rivals(report, short(model), kind), "the fine-tuned " if kind == "tuned" else ""
    text = ""
    for names, relation in ((others.ahead, "shown to be better on the test rows"), (others.tied, "not told from it")):
        if names:
            shown = listing([clip(name, MAX_NAME + 8) for name in names[:MAX_RIVALS]])
            more = f" and {len(names) - MAX_RIVALS} more" if len(names) > MAX_RIVALS else ""
            text += f"; {said}{shown}{more} {'is' if len(names) == 1 else 'are'} {relation}"
    return text


def free_text(report: Report) -> str:
    """`; TF-IDF …, which is free and not told from it, 91.4%`: of the model in use; empty where it is told from it."""
    best = compared_baseline(report)
    if best is None or best.versus is None or report.fields or need(report) not in ("depends", "cannot be told"):
        return ""
    figure = free_figure(report, best)
    if need(report) == "depends":
        return f"; it is {measures_text(best.versus)} than {baseline_name(best.name)}, which is free and has {figure}"
    return f"; {baseline_name(best.name)}, which is free and not told from it, {figure}" if figure else ""


def free_figure(report: Report, baseline: BaselineResult) -> str:
    """`91.4%`, by the session's costs `185`; empty where those do not compare it with the model in use."""
    if report.mistakes:
        return f"{report.mistakes.free.before:,.0f}" if report.mistakes.free else ""
    balanced = baseline.balanced_accuracy
    if balanced is None or not accuracy_says_little(report):
        return percent(baseline.accuracy)
    return f"{percent(baseline.accuracy)} (balanced {percent(balanced)})"


def accuracy_says_little(report: Report) -> bool:
    """Whether the majority trap is named in the answer, so that accuracy does not stand alone."""
    return not report.mistakes and bool(trap_sentence(report, headline_models(report)))


def share(report: Report, result: ModelResult) -> str:
    """Its accuracy, and its balanced accuracy where accuracy says little."""
    if result.balanced_accuracy is None or not accuracy_says_little(report):
        return percent(result.accuracy)
    return f"{percent(result.accuracy)} (balanced accuracy {percent(result.balanced_accuracy)})"

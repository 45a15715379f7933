"""Baselines: whether a language model is needed at all."""

from __future__ import annotations

from fw_assets.report.formatting import p_value, percent, points, points_text, rows_text, short, signed, titled
from fw_assets.report.glossary import BASELINES
from fw_assets.report.imbalance.mistakes import cost_figures
from fw_assets.report.schema.comparison import BaselineComparison, BaselineResult
from fw_assets.report.schema.mistakes import CostChoice
from fw_assets.report.schema.report import Report
from fw_assets.report.sections.verdicts import interval_text

ALPHA = 0.05
NOT_NEEDED = "No language model is needed here: "
NOT_UNTUNED = "No untuned language model is needed here, and tuning was not tried: "
ABOUT = "Whether a language model is needed "
DEPENDS = f"{ABOUT}depends on the measure that matters: "
UNKNOWN = f"{ABOUT}cannot be told on "


def baseline_name(name: str) -> str:
    return BASELINES.get(name, name)


def compared_baseline(report: Report) -> BaselineResult | None:
    """The best baseline, if the report's model was compared with it."""
    return next((item for item in report.baselines if item.versus is not None), None)


def need(report: Report) -> str | None:
    """Whether a language model is needed: `yes`, `no`, `depends` (on which measure matters) or `cannot be told`.

    None where no baseline was compared.
    """
    best = compared_baseline(report)
    if best is None or best.versus is None or report.status == "incomplete":
        return None
    if report.mistakes and report.mistakes.free:
        return _need_by_cost(report.mistakes.free)
    if _disagree(best.versus):
        return "depends"
    # Reports of before version 2 have the verdict alone.
    return best.versus.needed or {"better": "yes", "worse": "no"}.get(best.versus.verdict, "cannot be told")


def is_chosen(report: Report) -> bool:
    """Whether the best baseline is what to use: no model is needed, and it is the best on the validation rows too.

    It costs nothing, so that it need not be shown to be better, but that the model is not ahead by the margin.
    """
    best = compared_baseline(report)
    if best is None or best.versus is None or best.versus.validation_accuracy is None or report.mistakes is not None:
        return False
    return need(report) == "no" and best.validation_accuracy >= best.versus.validation_accuracy


def recommended_baseline(report: Report) -> BaselineResult | None:
    """The free model that is recommended in place of every model that was asked; None where none is.

    It is what to use (`is_chosen`), is shown to be above the majority line, and no fine-tuned model, also of those that
    the gate refused, has more validation rows right.
    """
    best = compared_baseline(report)
    if best is None or best.name == "majority" or report.status != "complete" or report.fields:
        return None
    lines = [item.base.majority_accuracy for item in report.candidates if item.base is not None]
    tuned = [item.tuned_validation.accuracy for item in report.candidates if item.tuned_validation is not None]
    if not is_chosen(report) or best.interval[0] <= max(lines, default=0.0):
        return None
    return best if best.validation_accuracy >= max(tuned, default=0.0) else None


def recommended_name(report: Report) -> str:
    """Its name; empty where none is recommended."""
    best = recommended_baseline(report)
    return baseline_name(best.name) if best else ""


def _disagree(versus: BaselineComparison) -> bool:
    """Whether the model is shown to be better by one of accuracy and macro-F1, and worse by the other."""
    f1, p = versus.macro_f1_difference, versus.macro_f1_p_value
    if f1 is None or p is None or p >= ALPHA or versus.verdict not in ("better", "worse"):
        return False
    return (versus.verdict == "better") == (f1 < 0)


def measures_text(versus: BaselineComparison) -> str:
    """`better by accuracy and worse by macro-F1`: the model against the baseline, where the two disagree."""
    other = {"better": "worse", "worse": "better"}[versus.verdict]
    return f"{versus.verdict} by accuracy and {other} by macro-F1"


def _need_by_cost(versus: CostChoice) -> str:
    """The same by the session's costs, of the model against the baseline."""
    if versus.verdict == "better":
        return "yes"
    return "no" if versus.interval[1] < versus.margin else "cannot be told"


def baseline_sentence(report: Report) -> str:
    """Whether a language model is needed, in one sentence; empty where no baseline was compared."""
    best, needed = compared_baseline(report), need(report)
    if best is None or best.versus is None or needed is None:
        return ""
    versus, name, figures = best.versus, baseline_name(best.name), _figures(best.versus)
    said = report.kind_of(short(versus.model or ""), versus.kind or "")
    model = titled(short(versus.model), said)
    if report.mistakes and report.mistakes.free:
        return _cost_sentence(report, report.mistakes.free, model, name, _where(versus))
    free = f"{name}, which is local and free and reaches {percent(best.accuracy)}"
    if needed == "yes":
        return f"{model[:1].upper()}{model[1:]} is ahead of {free}{_by(versus)}: {figures}."
    if needed == "cannot be told":
        return f"{UNKNOWN}{_where(versus)}: {model} against {free}: {figures}."
    if needed == "depends":
        return f"{DEPENDS}{model} is {measures_text(versus)}, both shown on {_where(versus)}, than {free}: {figures}."
    margin = points_text(versus.margin or 0)
    relation = "is worse" if versus.verdict == "worse" else f"is ahead by less than {margin}, if at all"
    start = NOT_UNTUNED if report.status == "benchmark" else NOT_NEEDED
    return (
        f"{start}{name}, local and free, reaches {percent(best.accuracy)} of the same rows, and {model} {relation}, "
        f"which is shown: {figures}."
    )


def _by(versus: BaselineComparison) -> str:
    """By which measures a model that is needed is shown to be better; empty where macro-F1 was not tested."""
    f1, p = versus.macro_f1_difference, versus.macro_f1_p_value
    if f1 is None or p is None:
        return ""
    if versus.verdict != "better":
        return ", shown by macro-F1 alone"
    return f", shown by {'accuracy and macro-F1' if f1 > 0 and p < ALPHA else 'accuracy alone'}"


def _where(versus: BaselineComparison) -> str:
    return rows_text(versus.rows, versus.groups) if versus.rows is not None else "these test rows"


def _cost_sentence(report: Report, costs: CostChoice, model: str, name: str, where: str) -> str:
    needed = _need_by_cost(costs)
    figures, free = cost_figures(costs), f"{name}, which is local and free"
    if needed == "yes":
        return f"Mistakes of {model} cost less than those of {free}: {figures}."
    if needed == "cannot be told":
        return f"{UNKNOWN}{where}: mistakes of {model} against those of {free}: {figures}."
    start = NOT_UNTUNED if report.status == "benchmark" else NOT_NEEDED
    relation = "cost more" if costs.verdict == "worse" else f"cost less by under {costs.margin:,.0f}, if at all"
    return f"{start}mistakes of {model} {relation} than those of {free}, which is shown: {figures}."


def _figures(versus: BaselineComparison) -> str:
    p = versus.p_value if versus.adjusted_p_value is None else versus.adjusted_p_value
    text = f"accuracy {points(versus.difference)} points, {interval_text(versus.interval, versus.level)}; {p_value(p)}"
    if versus.macro_f1_difference is None or versus.macro_f1_interval is None:
        return text
    # A bootstrap's interval inverts no test and may contradict it: only what the answer rests on is said.
    if versus.macro_f1_p_value is not None and versus.needed != "no":
        difference = signed(versus.macro_f1_difference, 3)
        return f"{text}; macro-F1 {difference} ({p_value(versus.macro_f1_p_value)}, randomisation test)"
    low, high = versus.macro_f1_interval
    if low == high:
        # Resampling rows that do not differ says nothing of others: no interval is one of no width.
        return (
            f"{text}; a difference in macro-F1 of {signed(versus.macro_f1_difference, 3)} that has no interval, since "
            "no row moves it"
        )
    interval = f"bootstrap 95% interval {signed(low, 3)} to {signed(high, 3)}"
    return f"{text}; macro-F1 {signed(versus.macro_f1_difference, 3)}, {interval}"

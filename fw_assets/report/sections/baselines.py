"""Baselines: whether a language model is needed at all."""

from __future__ import annotations

from fw_assets.report.formatting import p_value, percent, points, points_range, short
from fw_assets.report.glossary import BASELINES
from fw_assets.report.schema.comparison import BaselineResult
from fw_assets.report.schema.report import Report

NOT_NEEDED = "No language model is needed here: "


def baseline_name(name: str) -> str:
    return BASELINES.get(name, name)


def compared_baseline(report: Report) -> BaselineResult | None:
    """The best baseline, if the report's model was compared with it."""
    return next((item for item in report.baselines if item.versus is not None), None)


def is_needed(report: Report) -> bool | None:
    """Whether a language model was shown to beat the best baseline; None where they were not compared."""
    best = compared_baseline(report)
    return None if best is None or best.versus is None else best.versus.verdict == "better"


def baseline_sentence(report: Report) -> str:
    """Whether a language model is needed, in one sentence; empty where no baseline was compared."""
    best = compared_baseline(report)
    if best is None or best.versus is None or report.status == "incomplete":
        return ""
    versus, name = best.versus, baseline_name(best.name)
    difference = f"{points(versus.difference)} points, 95% interval {points_range(versus.interval)}"
    if versus.verdict == "better":
        return (
            f"{short(versus.model)} is ahead of {name}, which is local and free and reaches "
            f"{percent(best.accuracy)}: {difference}; {p_value(versus.p_value)}."
        )
    relation = "is worse" if versus.verdict == "worse" else "was not shown to be better"
    return (
        f"{NOT_NEEDED}{name}, local and free, reaches {percent(best.accuracy)} of the same rows, "
        f"and {short(versus.model)} {relation} ({difference}; {p_value(versus.p_value)})."
    )

"""Headline of a benchmark: the model that the validation rows chose, and whether any is worth using as it is."""

from __future__ import annotations

from fw_assets.report.advice.figures import (
    clipped,
    constant_title,
    cost_of,
    free_figure,
    result_text,
    right,
    rivals_text,
)
from fw_assets.report.advice.none_recommended import free_above
from fw_assets.report.formatting import listing, points_text
from fw_assets.report.imbalance.majority import below_line, majority_line
from fw_assets.report.schema.model_result import ModelResult
from fw_assets.report.schema.report import CandidateResult, Report
from fw_assets.report.sections.baselines import baseline_name, compared_baseline, need


def benchmark_headline(report: Report, chosen: CandidateResult, result: ModelResult) -> str:
    tunable = any(item.kind == "base" for item in report.candidates)
    further = "fine-tune before you decide" if tunable else "try another base model"
    baseline, name = compared_baseline(report), clipped(chosen.model)
    if below_line(report) and (highest := _none_above(report)) is not None:
        free = "" if report.mistakes else free_above(report)
        return f"Use none of these models as it is, and {further}: {highest}{free}."
    others = rivals_text(report, chosen.model, "base")
    text = f"{name}{_role(report, chosen)} {result_text(report, chosen.model, result, 'base')}"
    if need(report) == "no" and baseline is not None and (figure := free_figure(report, baseline)):
        free = f"{baseline_name(baseline.name)}, which is free, {'' if report.mistakes else 'has '}{figure}"
        return f"{further.capitalize()}: {text} as it is, and {free}{others}."
    if below_line(report):
        return f"{text}, {'more' if report.mistakes else 'less'} than {constant_title(report)}{others}; {further}."
    return f"{text} as it is{others}; {further}."


def _role(report: Report, chosen: CandidateResult) -> str:
    """How the validation rows came to it, between commas; empty where it is alone."""
    if len(report.candidates) == 1:
        return ""
    others = [item for item in report.candidates if item is not chosen and item.base_validation is not None]
    if report.mistakes or chosen.base_validation is None or not others:
        return ", which the validation rows chose,"
    best = chosen.base_validation.accuracy
    tied = [clipped(item.model) for item in others if item.base_validation and item.base_validation.accuracy == best]
    if tied:
        return f", tied on the validation rows with {listing(tied, 2)},"
    if all(item.base_validation.accuracy < best for item in others if item.base_validation):
        return ", best on the validation rows,"
    return ", which the validation rows chose,"


def _none_above(report: Report) -> str | None:
    """What the model with the best figure on the test rows has, where not even that is above the constant answer.

    Within the margin counts as no more. None where one is above: whether it is, is then no matter of course.
    """
    results = [item.base for item in report.candidates if item.base is not None]
    also = "even " if len(results) > 1 else ""
    if report.mistakes:
        costs = [(cost_of(report, item.model, "base"), item) for item in results]
        known = [(cost, item.model) for cost, item in costs if cost is not None]
        cost, model = min(known)
        if cost < report.mistakes.constant_cost:
            return None
        return (
            f"mistakes of {also}{clipped(model)} cost {cost:,.0f} for 1,000 rows, and those of {constant_title(report)}"
        )
    line, best = majority_line(report) or 0.0, max(results, key=lambda item: item.accuracy)
    if best.accuracy > line + report.asked.margin:
        return None
    relation = "below" if best.accuracy < line else f"at most {points_text(report.asked.margin)} above"
    return f"{also}{clipped(best.model)}, with {right(report, best)}, is {relation} {constant_title(report)}"

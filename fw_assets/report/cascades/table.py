"""Cascades: a free model first, and another where the free one is not sure enough."""

from __future__ import annotations

from fw_assets.report.formatting import (
    Quoted,
    percent,
    percent_range,
    points,
    points_text,
    rows_text,
    short,
    usd_of_many,
    verdict_text,
)
from fw_assets.report.schema.cascades import CascadeResult
from fw_assets.report.schema.comparison import PairResult
from fw_assets.report.schema.report import Report
from fw_assets.report.sections.baselines import baseline_name
from fw_assets.report.sections.costs import is_free
from fw_assets.report.table import Table, columns


def cascade_table(report: Report) -> Table:
    """Every cascade on the test rows; without what it costs where nothing costs anything."""
    priced = not is_free(report)
    rows = []
    for item in report.cascades:
        figures = ["–"] * 4
        if item.asked is not None:
            figures = [
                f"{percent(item.asked)} ({percent_range(item.asked_interval)})",
                f"{percent(item.accuracy)} ({percent_range(item.interval)})",
                _against(item.against_model, item.model_accuracy),
                _against(item.against_free, item.free_accuracy),
            ]
        cost = (_cost(item), usd_of_many(item.model_usd_per_1000)) if priced else ()
        names = (baseline_name(item.free), Quoted(short(item.model)), _kind(report, item))
        rows.append((*names, *figures, *cost, _note(item)))
    heads = ("First", "Then", "", ">Then asked", ">Accuracy", "Against it alone", "Against the free one")
    money = (">Per 1,000 answers", ">Of it alone") if priced else ()
    return Table(columns(*heads, *money, ""), tuple(rows))


def cascade_sentence(report: Report) -> str:
    """Which cascade is recommended, or why none is; empty where there is none."""
    if not report.cascades:
        return ""
    best = recommended(report)
    margin = points_text(report.asked.margin)
    if best is not None:
        return (
            f"Recommended: {baseline_name(best.free)} first, and {short(best.model)} ({_kind(report, best)}) for the "
            f"{percent(best.asked)} of the rows on which it is not sure enough. It costs "
            f"{usd_of_many(best.usd_per_1000)} in place of {usd_of_many(best.model_usd_per_1000)} for 1,000 answers, "
            f"loses less than {margin} against it alone, and is better than the free model alone, both shown on the "
            "test rows. The command fw-assets predict with --cascade asks so."
        )
    if all(item.threshold is None for item in report.cascades):
        rows = rows_text(report.rows.validation, report.groups.validation if report.groups else None, "validation row")
        return (
            f"No cascade: {rows} do not show at any confidence that a free model's answers lose less than {margin} "
            "against those of another model."
        )
    if not any(item.in_use and item.threshold is not None for item in report.cascades):
        return (
            "None is recommended: the validation rows show of none with the model in use that it loses less than "
            f"{margin}."
        )
    own = [item for item in report.cascades if item.in_use and item.usd_per_1000 is not None]
    if not any((item.usd_per_1000 or 0) < (item.model_usd_per_1000 or 0) for item in own):
        return (
            "None is recommended: it would save nothing, since the model in use costs nothing for each answer, or its "
            "hours whoever answers."
        )
    return (
        "None is recommended: the one that the validation rows chose is not shown on the test rows both to lose less "
        f"than {margin} against the model in use and to be better than the free model alone."
    )


def cascade_note(report: Report) -> str:
    """How the thresholds were chosen."""
    return (
        "The free model's answer is taken where its confidence is high enough; the other model is asked for the rest. "
        "Thresholds were chosen on the validation rows, so that any of these cascades loses "
        f"{points_text(report.asked.margin)} or more against its other model in at most 5% of all cases. All figures "
        "are on the test rows, with 95% intervals; the two comparisons of each are adjusted together (Holm)."
    )


def recommended(report: Report) -> CascadeResult | None:
    """The cascade to use, if there is one."""
    return next((item for item in report.cascades if item.recommended), None)


def _kind(report: Report, item: CascadeResult) -> str:
    return report.kind_of(item.model, item.kind)


def _note(item: CascadeResult) -> str:
    if item.recommended:
        return "recommended"
    if item.threshold is None:
        return "no threshold is shown to be within the margin"
    if item.free_alone:
        return "the free model answers every row"
    return "in use" if item.in_use else ""


def _cost(item: CascadeResult) -> str:
    if item.usd_interval is None or item.usd_interval[0] == item.usd_interval[1]:
        return usd_of_many(item.usd_per_1000)
    low, high = (usd_of_many(bound) for bound in item.usd_interval)
    return f"{usd_of_many(item.usd_per_1000)} ({low} to {high})"


def _against(pair: PairResult | None, accuracy: float) -> str:
    if pair is None:
        return percent(accuracy)
    return f"{points(pair.difference)}, {verdict_text(pair.verdict, pair.margin)}"

"""Diagnostics of every model: calibration, unconstrained rows and the null control."""

from __future__ import annotations

from fw_assets.report.formatting import (
    Quoted,
    count,
    decimal,
    listing,
    percent,
    percent_range,
    plural,
    rows_text,
    short,
)
from fw_assets.report.schema.report import Report
from fw_assets.report.sections.candidates import evaluated, ordered
from fw_assets.report.table import Table, columns


def confidence(report: Report) -> Table:
    """Calibration and the confidence threshold, one row per model."""
    rows, costs = [], report.asked.costs
    for candidate, result, kind in evaluated(ordered(report)):
        if result.confidence is None:
            continue
        calibrated = result.confidence
        selective, cost = ("not reached", "–", "–"), "–"
        if calibrated.cost is not None and calibrated.cost_interval is not None:
            low, high = (1000 * bound for bound in calibrated.cost_interval)
            cost = f"{1000 * calibrated.cost:,.0f} ({low:,.0f}–{high:,.0f})"
        if calibrated.threshold is not None:
            precision = f"{percent(calibrated.precision)} ({percent_range(calibrated.precision_interval)})"
            selective = (decimal(calibrated.threshold), percent(calibrated.coverage), precision)
        rows.append(
            (
                Quoted(short(candidate.model)),
                kind,
                f"{decimal(calibrated.ece_before)} → {decimal(calibrated.ece)}"
                if calibrated.helps
                else f"{decimal(calibrated.ece_before)}, left as it is",
                decimal(calibrated.auroc),
                *selective,
                *([] if costs is None else [cost]),
            )
        )
    names = (
        "Model",
        "",
        ">ECE, raw → calibrated",
        ">AUROC",
        f">Confidence for {percent(report.asked.wanted_precision, 0)}"
        if costs is None
        else f">Confidence for a cost of {1000 * (1 - report.asked.wanted_precision):,.0f}",
        ">Rows answered",
        ">Precision on test",
        *([] if costs is None else [">Cost of 1,000 rows"]),
    )
    return Table(columns(*names), tuple(rows))


def unconstrained(report: Report) -> Table:
    """Accuracy without constrained decoding, one row per model."""
    rows = []
    for candidate, result, kind in evaluated(ordered(report)):
        if result.free is None:
            continue
        sample = result.free
        figures = ("only with choices", "–", "–")
        if sample.supported:
            accuracy = f"{percent(sample.accuracy)} ({percent_range(sample.interval)})"
            figures = (accuracy, percent(sample.constrained_accuracy), percent(sample.coverage))
        rows.append((Quoted(short(candidate.model)), kind, count(sample.rows), *figures))
    names = ("Model", "", ">Rows", ">Without choices", ">With choices, same rows", ">Valid labels")
    return Table(columns(*names), tuple(rows))


def refusals(report: Report) -> tuple[tuple[str, str], ...]:
    """The models that cannot be asked without choices, in words, and what the platform said to it; each reason once."""
    models: dict[str, list[str]] = {}
    for candidate, result, kind in evaluated(ordered(report)):
        if result.free is not None and not result.free.supported:
            models.setdefault(result.free.why, []).append(f"{short(candidate.model)} ({kind})")
    return tuple((_only_with_choices(named), why) for why, named in models.items())


def _only_with_choices(models: list[str]) -> str:
    answering = "it answers" if len(models) == 1 else "they answer"
    return (
        f"{listing(models)} cannot be asked without choices: {answering} only "
        "where a request lists the labels. All other figures are of such requests, and stand as they are."
    )


def order_controls(report: Report) -> tuple[str, ...]:
    """How far decisions depend on the order of the labels, one sentence per model."""
    return tuple(
        f"{short(candidate.model)}, {kind}: with the labels in reverse order, {count(order.flipped)} of "
        f"{plural(order.rows, 'row')} ({percent(order.flipped / order.rows)}) were decided otherwise."
        for candidate, result, kind in evaluated(ordered(report))
        if (order := result.order) is not None and order.rows
    )


def null_controls(report: Report) -> tuple[str, ...]:
    """The noise floor of each base model, in words."""
    return tuple(
        f"{short(candidate.model)} against itself: asked twice for {rows_text(control.rows, control.groups)}, "
        f"{plural(control.gained + control.lost, 'row')} changed between right and wrong."
        for candidate, result, _ in evaluated(ordered(report))
        if (control := result.null_control) is not None
    )

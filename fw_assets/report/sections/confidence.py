"""The tables and sentences of what stands beside the headline."""

from __future__ import annotations

from fw_assets.report.formatting import (
    Quoted,
    count,
    decimal,
    p_value,
    percent,
    percent_range,
    plural,
    points,
    points_range,
    short,
    usd,
)
from fw_assets.report.schema.confidence import BaselineResult, FreeResult
from fw_assets.report.schema.model_result import ModelResult
from fw_assets.report.schema.report import Candidate, Report
from fw_assets.report.table import Table, columns

NAMES = {"majority": "always the most frequent label", "tfidf": "TF-IDF with logistic regression"}


def measured(report: Report) -> list[tuple[Candidate, ModelResult, str]]:
    """Every model that was evaluated, with its candidate and whether it is `base` or `fine-tuned`."""
    return [
        (candidate, result, which)
        for candidate in report.candidates
        for result, which in ((candidate.base, "base"), (candidate.tuned, "fine-tuned"))
        if result is not None
    ]


NOT_NEEDED = "No language model is needed here: "


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
    versus, name = best.versus, NAMES.get(best.name, best.name)
    against = f"{points(versus.difference)} points, 95% interval {points_range(versus.interval)}"
    if versus.verdict == "better":
        return (
            f"{short(versus.model)} is ahead of {name}, which is local and free and reaches "
            f"{percent(best.accuracy)}: {against}; {p_value(versus.p_value)}."
        )
    shown = "is worse" if versus.verdict == "worse" else "was not shown to be better"
    return (
        f"{NOT_NEEDED}{name}, local and free, reaches {percent(best.accuracy)} of the same rows, "
        f"and {short(versus.model)} {shown} ({against}; {p_value(versus.p_value)})."
    )


def confidence(report: Report) -> Table:
    """Calibration and the threshold, one row per model."""
    rows = []
    wanted = report.asked.wanted_precision
    for candidate, result, which in measured(report):
        found = result.confidence
        if found is None:
            continue
        rows.append(
            (
                Quoted(short(candidate.model)),
                which,
                f"{decimal(found.ece_before)} → {decimal(found.ece)}",
                decimal(found.auroc),
                "not reached" if found.threshold is None else decimal(found.threshold),
                "–" if found.threshold is None else percent(found.coverage),
                "–"
                if found.threshold is None
                else f"{percent(found.precision)} ({percent_range(found.precision_interval)})",
            )
        )
    names = (
        "Model",
        "",
        ">ECE, raw → calibrated",
        ">AUROC",
        f">Confidence for {percent(wanted, 0)}",
        ">Rows answered",
        ">Precision on test",
    )
    return Table(columns(*names), tuple(rows))


def free(report: Report) -> Table:
    """The unconstrained rows, one row per model."""
    rows = []
    for candidate, result, which in measured(report):
        found = result.free
        if found is None:
            continue
        if not found.supported:
            rows.append((Quoted(short(candidate.model)), which, count(found.rows), "not supported", "–", "–"))
            continue
        rows.append(
            (
                Quoted(short(candidate.model)),
                which,
                count(found.rows),
                f"{percent(found.accuracy)} ({percent_range(found.interval)})",
                percent(found.constrained_accuracy),
                percent(found.coverage),
            )
        )
    names = ("Model", "", ">Rows", ">Unconstrained", ">Constrained, same rows", ">Valid labels")
    return Table(columns(*names), tuple(rows))


def refusals(report: Report) -> tuple[str, ...]:
    """Why unconstrained requests are not supported, each reason once."""
    found: list[FreeResult] = [result.free for _, result, _ in measured(report) if result.free]
    return tuple(dict.fromkeys(item.why for item in found if not item.supported and item.why))


def null_controls(report: Report) -> tuple[str, ...]:
    """The noise floor of each base model, in words."""
    return tuple(
        f"{short(candidate.model)} against itself: asked twice for {plural(control.rows, 'test row')}, "
        f"{plural(control.gained + control.lost, 'row')} changed between right and wrong."
        for candidate, result, _ in measured(report)
        if (control := result.null_control) is not None
    )


def learning(candidate: Candidate) -> Table:
    """Accuracy by the number of training rows."""
    rows = tuple(
        (percent(point.share, 0), count(point.rows), percent(point.accuracy), percent_range(point.interval))
        for point in candidate.learning
    )
    return Table(columns(">Share", ">Training rows", ">Test accuracy", ">95% interval"), rows)


def more_labels(candidate: Candidate) -> str:
    """Whether more labels would help, as far as the last step of the curve says."""
    if len(candidate.learning) < 2:
        return ""
    before, last = candidate.learning[-2:]
    gain = last.accuracy - before.accuracy
    rows = f"From {count(before.rows)} to {count(last.rows)} training rows"
    step = f"{rows} the accuracy changed by {points(gain)} points"
    if last.interval[0] > before.accuracy:
        return f"{step}: more labels would probably help."
    return f"{step}, within the error of the test rows: more labels would not obviously help."


def costs(report: Report) -> Table:
    """Cost against accuracy."""
    rows = tuple(
        (
            Quoted(point.name) if point.kind != "baseline" else NAMES.get(point.name, point.name),
            {"tuned": "fine-tuned", "baseline": "no language model"}.get(point.kind, point.kind),
            percent(point.accuracy),
            usd(point.usd_per_1000, 4),
            "dominated" if point.dominated else "",
        )
        for point in sorted(report.costs, key=lambda point: -point.accuracy)
    )
    return Table(columns("Model", "", ">Accuracy", ">Per 1,000 answers", ""), rows)

"""Rows that belong to no label: found and wrongly rejected by each model, in tables and sentences."""

from __future__ import annotations

from fw_assets.classification.scope.figures import FALSE_REJECTS, RejectRates, ScopeFigures, Way
from fw_assets.classification.splits.out_of_scope import OutOfScope
from fw_assets.report.formatting import (
    Quoted,
    count,
    decimal,
    interval_text,
    listing,
    percent,
    plural,
    points,
    points_range,
    short,
)
from fw_assets.report.schema.report import Report
from fw_assets.report.schema.scope import ScopeResult
from fw_assets.report.sections.baselines import baseline_name
from fw_assets.report.table import Table, columns

NONE_KNOWN = (
    "Your data has no out-of-scope rows: how often a text that belongs to no label gets one is not known "
    "(in the session, reject_label names the label of such rows, and out_of_scope a file of them)."
)
NOTE = (
    "Found: out-of-scope test rows that were rejected; rejected wrongly: in-scope test rows that were. The threshold "
    "is the confidence with the best mean of both on the validation rows; an answer that is no label is a rejection."
)
CURVE_NOTE = (
    "Found by other thresholds: the share of the out-of-scope test rows that is found where so many of the in-scope "
    "validation rows are rejected."
)
_AUROC = (
    "AUROC: the chance that an in-scope test row has more confidence than an out-of-scope one (0.5: by chance), by "
)
_MEANINGS = {
    "label": "the confidence of the answer (of a reject label, what it lacks to one)",
    "margin": "the lead of the best label's probability over the next one's",
    "entropy": "the negative entropy of the labels' probabilities",
    "none": "the probability that it is not the reject label",
}
_WAYS: dict[Way, str] = {"reject-label": "the label", "threshold": "the threshold"}
_SCORES = {"label": "answer", "margin": "lead", "entropy": "entropy", "none": "not the reject label"}


def is_told(report: Report) -> bool:
    """Whether anything is said of the matter: not of rows of several labels or fields, nor without a model."""
    return not report.data.multi_label and report.fields is None and any(item.base for item in report.candidates)


def rejection(report: Report) -> Table:
    """One row per model and way of rejecting, on the test rows."""
    rows = []
    for item in report.scope:
        figures = item.figures
        for way, level, rates in _ways(figures):
            chosen = "chosen" if figures.better == way and len(figures.validation) > 1 else ""
            cells = (interval_text(rates.recall), interval_text(rates.false_rejects))
            rows.append((*_named(report, item), *cells, _WAYS[way], level, chosen))
    names = ("Model", "", ">Found", ">Rejected wrongly", "Rejects by", ">Below a confidence of", "")
    return Table(columns(*names), tuple(rows))


def curve(report: Report) -> Table:
    """What stricter and laxer thresholds find, one row per model."""
    rows = [
        (*_named(report, item), *(interval_text(point.test.recall) for point in item.figures.curve))
        for item in report.scope
        if item.figures.curve
    ]
    return Table(columns("Model", "", *(f">{percent(share, 0)} rejected" for share in FALSE_REJECTS)), tuple(rows))


def aurocs(report: Report) -> Table:
    """The AUROC of every confidence that some model has, one row per model."""
    rows, named = [], _known_scores(report)
    for item in report.scope:
        known = {found.score: found.auroc for found in item.figures.aurocs}
        cells = [
            f"{decimal(value.value)} ({decimal(value.low)}–{decimal(value.high)})" if (value := known.get(name)) else ""
            for name in named
        ]
        if known:
            rows.append((*_named(report, item), *cells))
    return Table(columns("Model", "", *(f">AUROC: {_SCORES[name]}" for name in named)), tuple(rows))


def auroc_note(report: Report) -> str:
    """What the AUROC is, and of which confidences."""
    names = _known_scores(report)
    without = " Empty where a model told no probability for each label." if names != ["label"] else ""
    return f"{_AUROC}{listing([_MEANINGS[name] for name in names])}.{without}"


def _known_scores(report: Report) -> list[str]:
    told = {found.score for item in report.scope for found in item.figures.aurocs}
    return [name for name in _SCORES if name in told]


def notes(report: Report) -> tuple[str, ...]:
    """How many rows there are, and for each model with both ways which is better, in words."""
    if not report.scope:
        return ()
    first = report.scope[0].figures
    parts = ((first.validation_rows, "validation"), (first.test_rows, "test"))
    rows = " and ".join(f"{plural(out, f'{part} row')} of {within + out:,}" for (within, out), part in parts)
    found = [f"{rows} belong to no label.", *_from_file(report.data.out_of_scope, report.asked.reject_label)]
    if not first.validation_rows[1]:
        found.append("No threshold is chosen, since no validation row belongs to no label.")
    return (*found, *(_difference(item) for item in report.scope if item.figures.difference is not None))


def _from_file(found: OutOfScope | None, reject_label: str | None) -> list[str]:
    if found is None:
        return []
    (validation, test), name = found.rows, found.file
    some = f"{count(validation)} and {count(test)} of them" if reject_label else "They"
    sentences = [f"{some} are from {name}, of which no model has learned."]
    if shared := sum(found.shared.values()):
        sentences.append(
            f"{plural(shared, 'row')} of {name} {'has' if shared == 1 else 'have'} the text of a row that has a label: "
            "a model that gives that label is counted as wrong here."
        )
    return sentences


def _difference(item: ScopeResult) -> str:
    difference = item.figures.difference
    assert difference is not None
    change = f"{points(difference.value)} points ({points_range((difference.low, difference.high))})"
    better = _WAYS[item.figures.better or "reject-label"]
    shown = difference.low > 0 or difference.high < 0
    verdict = f"{better} is better" if shown else f"which is better cannot be told, and {better} is used"
    return (
        f"{short(item.model)}, {item.kind}: {verdict}. Balanced accuracy on the validation rows, threshold minus "
        f"label: {change}."
    )


def _ways(figures: ScopeFigures) -> list[tuple[Way, str, RejectRates]]:
    ways: list[tuple[Way, str, RejectRates]] = []
    if figures.reject_label is not None:
        ways.append(("reject-label", "", figures.reject_label))
    if figures.threshold is not None:
        ways.append(("threshold", decimal(figures.threshold.threshold), figures.threshold.test))
    return ways


def _named(report: Report, item: ScopeResult) -> tuple[str, str]:
    name = baseline_name(item.model) if item.kind == "baseline" else Quoted(short(item.model))
    return name, report.kind_of(short(item.model), item.kind)

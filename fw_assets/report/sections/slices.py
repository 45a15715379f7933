"""Accuracy by slices of the test rows: table, how to read it, and the cautions."""

from __future__ import annotations

from fw_assets.classification.intervals import wilson_half_width
from fw_assets.classification.labels.label_set import TYPICAL_ACCURACY
from fw_assets.report.formatting import (
    Quoted,
    count,
    listing,
    p_value,
    percent,
    percent_range,
    plural,
    points,
    points_range,
    points_text,
    rows_text,
    typeset,
    verdict_text,
)
from fw_assets.report.schema.report import Report
from fw_assets.report.schema.slices import SliceResult, Slices
from fw_assets.report.table import Table, columns

MAX_NAMED = 8


def slices(report: Report) -> Table:
    """Every judged slice of the model that is kept, that which lies furthest below the rest first."""
    found = report.slices
    rows = tuple(_row(item, found) for item in found.results) if found else ()
    middle = (">Fine-tuning", "Against base") if found and found.tuned else ()
    names = ("By", "Slice", ">Test rows", ">Accuracy", ">Rest", ">Difference", "Against the rest", *middle)
    return Table(columns(*names), rows)


def notes(report: Report) -> tuple[str, ...]:
    """How the slices were judged, and what was not judged, a sentence or two each."""
    found = report.slices
    if found is None:
        return ()
    sentences = [_judgement(report, found)] if found.results else []
    if found.unjudged:
        small = [f"{item.field} = {item.name} ({rows_text(item.rows, item.groups)})" for item in found.unjudged]
        sentences.append(f"Not judged, for lack of rows in them or outside them: {listing(small, MAX_NAMED)}.")
    return (*sentences, *(f"{typeset(note)}." for note in found.notes))


def slice_cautions(report: Report) -> tuple[str, ...]:
    """A sentence per slice that is shown to be worse than the rest, or worse than before fine-tuning."""
    found = report.slices
    if found is None:
        return ()
    below = [
        f"{_model(report, found)} is right on {percent(item.accuracy)} of the {_named(item)} "
        f"({rows_text(item.rows, item.groups)}), and on {percent(item.rest_accuracy)} of the rest: worse by more than "
        f"{points_text(found.margin)}, {p_value(item.adjusted_p_value)} after adjustment for "
        f"{plural(found.comparisons, 'comparison')}."
        for item in found.results
        if item.shown_worse
    ]
    return (*below, *_lost(found))


def rows_needed(min_groups: int) -> str:
    """The smallest slice that is judged, and why."""
    half_width = 100 * float(wilson_half_width(TYPICAL_ACCURACY, min_groups))
    return (
        f"A slice is judged if {min_groups} distinct test rows or more are in it, and as many outside it: on fewer, an "
        f"accuracy of {TYPICAL_ACCURACY:.0%} is known to ±{half_width:.0f} points at best."
    )


def _lost(found: Slices) -> list[str]:
    return [
        f"Fine-tuning made {found.tuned} worse on the {_named(item)}: from "
        f"{percent(change.before)} to {percent(change.after)}, {p_value(change.adjusted_p_value)} after adjustment for "
        f"{plural(found.changes, 'slice')}."
        for item in found.results
        if (change := item.change) is not None and change.verdict == "worse"
    ]


def _named(item: SliceResult) -> str:
    return f"rows with {item.field} = {item.name}"


def _model(report: Report, found: Slices) -> str:
    said = report.kind_of(found.model, found.kind)
    return f"The {'base model' if said == 'base' else said} {found.model}"


def _judgement(report: Report, found: Slices) -> str:
    adjusted = (
        "The difference is slice minus rest; its intervals hold together for all "
        f"{plural(found.comparisons, 'comparison')} with a confidence of 95%"
        if found.comparisons > 1
        else "The difference is slice minus rest, with its 95% interval"
    )
    change = ""
    if found.tuned:
        change = (
            f" “Fine-tuning” is the change from base to fine-tuned {found.tuned}, judged in the same way over "
            f"{plural(found.changes, 'slice')}."
        )
    return f"{_model(report, found)}, by slice. {adjusted}.{change} {rows_needed(found.min_groups)}"


def _row(item: SliceResult, found: Slices) -> tuple[str, ...]:
    what = found.whats.get(item.field)
    by = Quoted(item.field) if what is None else f"{item.field} ({what})"
    cells = (
        by,
        Quoted(item.name) if what is None else item.name,
        count(item.rows) + (f" ({count(item.groups)} distinct)" if item.groups < item.rows else ""),
        f"{percent(item.accuracy)} ({percent_range(item.interval)})",
        percent(item.rest_accuracy),
        f"{points(item.difference)} ({points_range(item.difference_interval)})",
        f"{verdict_text(item.verdict, found.margin)}, {p_value(item.adjusted_p_value)}",
    )
    if found.tuned is None:
        return cells
    change = item.change
    if change is None:
        return (*cells, "", "")
    moved = f"{points(change.difference)} ({points_range(change.interval)})"
    return (*cells, moved, f"{verdict_text(change.verdict, found.margin)}, {p_value(change.adjusted_p_value)}")

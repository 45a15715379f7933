"""Accuracy at each level of the labels' hierarchy, and mistakes within and across parents."""

from __future__ import annotations

from fw_assets.report.formatting import (
    Quoted,
    count,
    interval_text,
    percent,
    plural,
    points,
    points_range,
    short,
    verdict_text,
)
from fw_assets.report.schema.report import Report
from fw_assets.report.sections.baselines import baseline_name
from fw_assets.report.table import Table, columns

NOTE = (
    "An answer is right at a level if it is the true label down to there. Within the parent: a wrong label beside the "
    "true one; across parents: one below another. Intervals are 95% ones."
)


def levels(report: Report) -> Table:
    """One row per model: its accuracy at each level, from the top, and its mistakes."""
    hierarchy = report.hierarchy
    if hierarchy is None:
        return Table((), ())
    rows = []
    for item in hierarchy.results:
        name = baseline_name(item.model) if item.kind == "baseline" else Quoted(short(item.model))
        scores = item.scores
        wrong = scores.within + scores.across
        cells = [f"{count(number)}{f' ({percent(number / wrong, 0)})' if wrong else ''}" for number in (scores.within,)]
        rows.append(
            (
                name,
                report.kind_of(short(item.model), item.kind),
                *map(interval_text, scores.accuracy),
                *cells,
                count(scores.across),
                count(scores.unlabelled) if scores.unlabelled else "",
            )
        )
    names = [f">{_level(level, size, len(hierarchy.sizes))}" for level, size in enumerate(hierarchy.sizes, 1)]
    return Table(columns("Model", "", *names, ">Wrong within the parent", ">Across parents", ">No label"), tuple(rows))


def changes(report: Report) -> Table:
    """Fine-tuned minus base at each level, one row per model and level."""
    hierarchy = report.hierarchy
    if hierarchy is None:
        return Table((), ())
    rows = tuple(
        (
            Quoted(short(item.model)),
            _level(item.level, hierarchy.sizes[item.level - 1], len(hierarchy.sizes)),
            points(item.difference.value),
            points_range((item.difference.low, item.difference.high)),
            verdict_text(item.verdict, report.asked.margin),
        )
        for item in hierarchy.changes
    )
    return Table(columns("Fine-tuned against its base", "Level", ">Points", ">Interval", "Verdict"), rows)


def intro(report: Report) -> str:
    """What the hierarchy is, in a sentence."""
    if report.hierarchy is None:
        return ""
    sizes = report.hierarchy.sizes
    names = ", ".join(plural(size, "name") for size in sizes[:-1])
    separator = report.hierarchy.separator
    what = f"The labels are paths by “{separator}”" if separator else "The session gives the parents of labels"
    return f"{what}: {names} above {plural(sizes[-1], 'label')}."


def _level(level: int, size: int, number: int) -> str:
    return f"Whole label (of {size:,})" if level == number else f"Level {level} (of {size:,})"

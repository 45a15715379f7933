"""Trend over the reports of a dataset: a table, and what it does not say."""

from __future__ import annotations

from fw_assets.report.formatting import Quoted, count, percent, percent_range, plural
from fw_assets.report.schema.report import Report
from fw_assets.report.schema.trend import TrendPoint
from fw_assets.report.table import Table, columns

DECISIONS = {
    "deployed": "deployed",
    "keep-base": "kept as it is",
    "keep-none": "nothing deployed",
    "not-asked": "not deployed, as asked",
}


def has_trend(report: Report) -> bool:
    """Whether there was any report of the dataset before this one."""
    return report.trend is not None and (len(report.trend.points) > 1 or report.trend.unknown > 0)


def is_comparable(report: Report, point: TrendPoint) -> bool:
    """Whether a point is of the same test rows as this report's, counted alike."""
    own = report.trend.points[-1] if report.trend else point
    return (point.test_digest, point.exact_sets) == (own.test_digest, own.exact_sets)


def trend_table(report: Report) -> Table:
    """The reports, this one last."""
    points = report.trend.points if report.trend else ()
    rows = tuple(
        (
            _date(point.at),
            Quoted(point.plan),
            Quoted(point.model),
            report.kind_of(point.model, point.kind),
            DECISIONS.get(point.decision, point.decision),
            f"{percent(point.accuracy)} ({percent_range(point.interval)})",
            count(point.rows),
            "the same" if is_comparable(report, point) else "others",
        )
        for point in points
    )
    return Table(columns("Date (UTC)", "Plan", "Model", "", "Decision", ">Right", ">Test rows", "Which rows"), rows)


def trend_notes(report: Report) -> tuple[str, ...]:
    """What can be compared, and what is not there."""
    trend = report.trend
    if trend is None:
        return ()
    notes = []
    others = sum(not is_comparable(report, point) for point in trend.points)
    if others:
        were = "report is" if others == 1 else "reports are"
        notes.append(
            f"{count(others)} {were} of other test rows, and not joined in the chart: a difference to this one may be "
            "the rows'."
        )
    if len(trend.points) - others > 1:
        notes.append(
            "Intervals that overlap say little: compare models row by row (fw-assets compare). What was changed after "
            "a look at these rows may fit them better than new ones."
        )
    if trend.unknown:
        notes.append(
            f"{plural(trend.unknown, 'plan')} before showed figures that an earlier version did not keep; "
            f"{'it is' if trend.unknown == 1 else 'they are'} passed over."
        )
    return tuple(notes)


def _date(at: str) -> str:
    return at[:16].replace("T", " ")

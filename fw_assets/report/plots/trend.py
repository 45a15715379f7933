"""Line chart of the trend: accuracy by report, joined where the test rows are the same."""

from __future__ import annotations

from html import escape

from fw_assets.report.formatting import percent, percent_range
from fw_assets.report.plots.series_axis import SeriesAxis
from fw_assets.report.plots.svg import svg, text
from fw_assets.report.schema.report import Report
from fw_assets.report.trend.table import is_comparable

_TOP, _HEIGHT = 14.0, 180.0
_MAX_DATES, _MAX_DATES_NARROW = 8, 3


def trend_chart(report: Report, *, narrow: bool = False) -> str:
    """Accuracy with its interval, one mark per report in the order of their dates; empty for a single one.

    Args:
        narrow: for a phone: fewer dates stand below.
    """
    points = report.trend.points if report.trend else ()
    if len(points) < 2:
        return ""
    low = max(0.0, min(point.interval[0] for point in points) - 0.03)
    high = min(1.0, max(point.interval[1] for point in points) + 0.03)

    left, width = (44.0, 296.0) if narrow else (56.0, 620.0)
    axis = SeriesAxis(len(points), low, high, left, width, _TOP, _HEIGHT)
    at, marks = axis.at, axis.grid(0)
    joined = [at(place, point.accuracy) for place, point in enumerate(points) if is_comparable(report, point)]
    line = " ".join(f"{x},{y}" for x, y in joined)
    marks.append(f'<polyline class="l0" fill="none" stroke-width="2.5" points="{line}"/>')
    every = max(1, -(-len(points) // (_MAX_DATES_NARROW if narrow else _MAX_DATES)))
    for place, point in enumerate(points):
        x, y = at(place, point.accuracy)
        ends = [at(place, bound)[1] for bound in point.interval]
        same = is_comparable(report, point)
        kind = report.kind_of(point.model, point.kind)
        hint = (
            f"{point.at[:10]}, plan {point.plan}: {point.model} ({kind}) {percent(point.accuracy)} "
            f"({percent_range(point.interval)}){'' if same else ', on other test rows'}"
        )
        shape = 'class="tuned"' if same else 'class="w" fill="none" stroke-width="1.5"'
        marks.append(
            f"<g><title>{escape(hint)}</title>"
            f'<path class="w" fill="none" d="M{x} {ends[0]}V{ends[1]}"/><circle {shape} cx="{x}" cy="{y}" r="5"/></g>'
        )
        if place % every == 0 or place == len(points) - 1:
            marks.append(text(x, _TOP + _HEIGHT + 20, point.at[:10], "m n", "middle"))
    return svg(left + width + (20 if narrow else 30), _TOP + _HEIGHT + 34, "Accuracy by report", marks)

"""Learning curve: accuracy by number of training rows."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from fw_assets.report.formatting import count, percent, percent_range
from fw_assets.report.plots.axes import LEFT, SIDE, TOP, square_axes
from fw_assets.report.plots.svg import svg, text
from fw_assets.report.schema.tuning import LearningPoint


def learning_curve(points: Sequence[LearningPoint]) -> str:
    """Test accuracy by the number of training rows, with 95% intervals."""
    if len(points) < 2:
        return ""
    max_rows = points[-1].rows
    low = max(0.0, min(point.interval[0] for point in points) - 0.03)
    at, marks = square_axes(low, 1.0, "training rows", "right", ticks=())
    positions = [(point, *at(point.rows / max_rows, point.accuracy)) for point in points]
    line = " ".join(f"{x:.1f},{y:.1f}" for _, x, y in positions)
    marks.append(f'<polyline class="l0" fill="none" stroke-width="2.5" points="{line}"/>')
    for point, x, y in positions:
        ends = (at(0, bound)[1] for bound in point.interval)
        hint = f"{count(point.rows)} rows: {percent(point.accuracy)} ({percent_range(point.interval)})"
        marks.append(
            f"<g><title>{escape(hint)}</title>"
            f'<path class="w" fill="none" d="M{x:.1f} {next(ends):.1f}V{next(ends):.1f}"/>'
            f'<circle class="tuned" cx="{x:.1f}" cy="{y:.1f}" r="5"/></g>'
            + text(x, TOP + SIDE + 18, count(point.rows), "m n", "middle")
        )
    return svg(LEFT + SIDE + 30, TOP + SIDE + 46, "Accuracy by training rows", marks)

"""Charts of confidence: reliability diagram and risk-coverage curve."""

from __future__ import annotations

from html import escape

from fw_assets.report.formatting import percent, percent_range, plural
from fw_assets.report.plots.axes import LEFT, SIDE, TOP, square_axes
from fw_assets.report.plots.svg import svg, text
from fw_assets.report.schema.confidence import ConfidenceResult

_RAW = ' stroke-dasharray="2 3"'


def reliability(result: ConfidenceResult) -> str:
    """Calibrated confidence against the share that is right, with 95% intervals; the diagonal is perfect."""
    if not result.bins:
        return ""
    at, marks = square_axes(0.0, 1.0, "confidence", "right")
    (x1, y1), (x2, y2) = at(0, 0), at(1, 1)
    marks.append(f'<line class="ref" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke-dasharray="4 4"/>')
    raw = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(b.confidence, b.accuracy) for b in result.bins_before))
    marks.append(f'<polyline class="l4" fill="none" stroke-width="1.8"{_RAW} points="{raw}"/>')
    joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(b.confidence, b.accuracy) for b in result.bins))
    marks.append(f'<polyline class="l0" fill="none" stroke-width="1.8" points="{joined}"/>')
    max_rows = max(item.rows for item in result.bins)
    for item in result.bins:
        x, y = at(item.confidence, item.accuracy)
        low, high = at(0, item.interval[0])[1], at(0, item.interval[1])[1]
        hint = (
            f"confidence {percent(item.confidence)}: {percent(item.accuracy)} right ({percent_range(item.interval)}), "
            f"{plural(item.rows, 'row')}"
        )
        radius = 3 + 5 * (item.rows / max_rows) ** 0.5
        marks.append(
            f"<g><title>{escape(hint)}</title>"
            f'<line class="w" x1="{x:.1f}" x2="{x:.1f}" y1="{low:.1f}" y2="{high:.1f}"/>'
            f'<circle class="tuned" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"/></g>'
        )
    marks.append(_legend(LEFT + SIDE - 170, TOP + SIDE - 28, "l0", "", "calibrated"))
    marks.append(_legend(LEFT + SIDE - 170, TOP + SIDE - 10, "l4", _RAW, "as the platform gave it"))
    return svg(LEFT + SIDE + 30, TOP + SIDE + 46, "Reliability of the confidence on the test rows", marks)


def risk_coverage(result: ConfidenceResult) -> str:
    """Accuracy among the rows that are answered, by the share that is; the marked point is the chosen threshold."""
    if len(result.risk) < 2:
        return ""
    low = min(point.accuracy for point in result.risk)
    floor = max(0.0, min(int(10 * low) / 10, round(result.wanted_precision - 0.1, 2)))
    at, marks = square_axes(floor, 1.0, "share of rows answered", "right among them")
    upper = [at(point.coverage, min(1.0, point.interval[1])) for point in result.risk]
    lower = [at(point.coverage, max(floor, point.interval[0])) for point in result.risk]
    band = " ".join(f"{x:.1f},{y:.1f}" for x, y in [*upper, *reversed(lower)])
    marks.append(f'<polygon class="tuned" opacity="0.15" points="{band}"/>')
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(point.coverage, point.accuracy) for point in result.risk))
    marks.append(f'<polyline class="l0" fill="none" stroke-width="2.5" points="{line}"/>')
    y = at(0, max(floor, result.wanted_precision))[1]
    marks.append(
        f'<line class="ref" x1="{LEFT}" x2="{LEFT + SIDE}" y1="{y:.1f}" y2="{y:.1f}" stroke-dasharray="4 4"/>'
        + text(LEFT + 6, y - 5, f"wanted: {percent(result.wanted_precision, 0)}", "reft", "start")
    )
    if result.coverage is not None and result.precision is not None:
        x, y = at(result.coverage, max(floor, result.precision))
        marks.append(f'<circle class="tuned" cx="{x:.1f}" cy="{y:.1f}" r="6"/>')
    return svg(LEFT + SIDE + 30, TOP + SIDE + 46, "Accuracy by share of rows answered", marks)


def _legend(x: float, y: float, kind: str, dash: str, name: str) -> str:
    line = f'<line class="{kind}" x1="{x}" x2="{x + 22}" y1="{y - 4}" y2="{y - 4}" stroke-width="2"{dash}/>'
    return line + text(x + 28, y, name, "m", "start")

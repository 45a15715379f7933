"""The charts of what stands beside the headline, as SVG text: calibration, coverage, cost, training rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

from fw_assets.report.escape import visible
from fw_assets.report.formatting import clip, count, percent, percent_range, plural, short, usd
from fw_assets.report.schema.confidence import ConfidenceResult, CostPoint, LearningPoint
from fw_assets.report.sections.confidence import NAMES

_LEFT, _SIDE, _TOP = 56.0, 250.0, 14.0
_RAW = ' stroke-dasharray="2 3"'
At = Callable[[float, float], tuple[float, float]]


def reliability(result: ConfidenceResult) -> str:
    """Calibrated confidence against the share that is right, with 95% intervals; the diagonal is perfect."""
    if not result.bins:
        return ""
    at, marks = _square(0.0, 1.0, "confidence", "right")
    (x1, y1), (x2, y2) = at(0, 0), at(1, 1)
    marks.append(f'<line class="ref" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke-dasharray="4 4"/>')
    raw = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(b.confidence, b.accuracy) for b in result.bins_before))
    marks.append(f'<polyline class="l4" fill="none" stroke-width="1.8"{_RAW} points="{raw}"/>')
    joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(b.confidence, b.accuracy) for b in result.bins))
    marks.append(f'<polyline class="l0" fill="none" stroke-width="1.8" points="{joined}"/>')
    most = max(item.rows for item in result.bins)
    for item in result.bins:
        x, y = at(item.confidence, item.accuracy)
        low, high = at(0, item.interval[0])[1], at(0, item.interval[1])[1]
        hint = (
            f"confidence {percent(item.confidence)}: {percent(item.accuracy)} right ({percent_range(item.interval)}), "
            f"{plural(item.rows, 'row')}"
        )
        radius = 3 + 5 * (item.rows / most) ** 0.5
        marks.append(
            f"<g><title>{escape(hint)}</title>"
            f'<line class="w" x1="{x:.1f}" x2="{x:.1f}" y1="{low:.1f}" y2="{high:.1f}"/>'
            f'<circle class="tuned" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"/></g>'
        )
    marks.append(_legend(_LEFT + _SIDE - 170, _TOP + _SIDE - 28, "l0", "", "calibrated"))
    marks.append(_legend(_LEFT + _SIDE - 170, _TOP + _SIDE - 10, "l4", _RAW, "as the platform gave it"))
    return _svg(_LEFT + _SIDE + 30, _TOP + _SIDE + 46, "Reliability of the confidence on the test rows", marks)


def risk_coverage(result: ConfidenceResult) -> str:
    """Accuracy among the rows that are answered, by the share that is; the marked point is the chosen threshold."""
    if len(result.risk) < 2:
        return ""
    low = min(point.accuracy for point in result.risk)
    floor = max(0.0, min(int(10 * low) / 10, round(result.wanted_precision - 0.1, 2)))
    at, marks = _square(floor, 1.0, "share of rows answered", "right among them")
    upper = [at(point.coverage, min(1.0, point.interval[1])) for point in result.risk]
    lower = [at(point.coverage, max(floor, point.interval[0])) for point in result.risk]
    band = " ".join(f"{x:.1f},{y:.1f}" for x, y in [*upper, *reversed(lower)])
    marks.append(f'<polygon class="tuned" opacity="0.15" points="{band}"/>')
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(point.coverage, point.accuracy) for point in result.risk))
    marks.append(f'<polyline class="l0" fill="none" stroke-width="2.5" points="{line}"/>')
    y = at(0, max(floor, result.wanted_precision))[1]
    marks.append(
        f'<line class="ref" x1="{_LEFT}" x2="{_LEFT + _SIDE}" y1="{y:.1f}" y2="{y:.1f}" stroke-dasharray="4 4"/>'
        + _text(_LEFT + 6, y - 5, f"wanted: {percent(result.wanted_precision, 0)}", "reft", "start")
    )
    if result.coverage is not None and result.precision is not None:
        x, y = at(result.coverage, max(floor, result.precision))
        marks.append(f'<circle class="tuned" cx="{x:.1f}" cy="{y:.1f}" r="6"/>')
    return _svg(_LEFT + _SIDE + 30, _TOP + _SIDE + 46, "Accuracy by share of rows answered", marks)


def cost_accuracy(points: Sequence[CostPoint]) -> str:
    """What 1,000 answers cost against accuracy; hollow marks are dominated by another."""
    known = [point for point in points if point.usd_per_1000 is not None]
    if len(known) < 2:
        return ""
    dearest = max(point.usd_per_1000 or 0.0 for point in known)
    left, width, top, height = 56.0, 380.0, 14.0, 230.0
    low = max(0.0, min(point.interval[0] for point in known) - 0.05)
    high = min(1.0, max(point.interval[1] for point in known) + 0.02)

    def at(cost: float, accuracy: float) -> tuple[float, float]:
        across = 14 + (width - 28) * (cost / dearest if dearest else 0.0)
        return left + across, top + height * (high - accuracy) / max(high - low, 1e-9)

    marks = [
        f'<line class="g" x1="{left}" x2="{left + width}" y1="{y:.1f}" y2="{y:.1f}"/>'
        + _text(left - 8, y + 4, percent(value, 0), "m n", "end")
        for value in (part / 10 for part in range(11))
        if low <= value <= high
        for y in [at(0, value)[1]]
    ]
    ticks = (0.0, dearest / 2, dearest) if dearest else (0.0,)
    marks += [
        _text(at(tick, low)[0], top + height + 18, usd(tick, 4 if tick else 0), "m n", "middle") for tick in ticks
    ]
    marks.append(_text(left + width / 2, top + height + 38, "US dollars per 1,000 answers", "m", "middle"))
    lower = 0.0
    for point in sorted(known, key=lambda item: -item.accuracy):
        x, y = at(point.usd_per_1000 or 0.0, point.accuracy)
        kind = "tuned" if point.kind == "tuned" else "base"
        name = NAMES.get(point.name, point.name) if point.kind == "baseline" else short(point.name)
        which = {"tuned": ", fine-tuned", "base": ", base"}.get(point.kind, "")
        label = f"{clip(name, 32)}{which}: {percent(point.accuracy)}{' (dominated)' if point.dominated else ''}"
        fill = ' fill-opacity="0.15" stroke="currentColor"' if point.dominated else ""
        hint = f"{name}{which}: {percent_range(point.interval)}, {usd(point.usd_per_1000, 4)}"
        shape = (
            f'<rect class="{kind}" x="{x - 6:.1f}" y="{y - 6:.1f}" width="12" height="12"{fill}/>'
            if point.kind == "baseline"
            else f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="7"{fill}/>'
        )
        # Names stand in a column beside the chart, so that equal costs do not write over each other.
        lower = max(lower + 18, y + 4)
        marks.append(
            f"<g><title>{escape(visible(hint))}</title>{shape}"
            f'<line class="g" x1="{x + 8:.1f}" y1="{y:.1f}" x2="{left + width + 6}" y2="{lower - 4:.1f}"/></g>'
            + _text(left + width + 10, lower, label, "m" if point.dominated else "t", "start")
        )
    return _svg(860, max(top + height + 48, lower + 10), "Cost of 1,000 answers against accuracy", marks)


def learning_curve(points: Sequence[LearningPoint]) -> str:
    """Test accuracy by the number of training rows, with 95% intervals."""
    if len(points) < 2:
        return ""
    most = points[-1].rows
    low = max(0.0, min(point.interval[0] for point in points) - 0.03)
    at, marks = _square(low, 1.0, "training rows", "right", ticks=())
    places = [(point, *at(point.rows / most, point.accuracy)) for point in points]
    line = " ".join(f"{x:.1f},{y:.1f}" for _, x, y in places)
    marks.append(f'<polyline class="l0" fill="none" stroke-width="2.5" points="{line}"/>')
    for point, x, y in places:
        ends = (at(0, bound)[1] for bound in point.interval)
        hint = f"{count(point.rows)} rows: {percent(point.accuracy)} ({percent_range(point.interval)})"
        marks.append(
            f"<g><title>{escape(hint)}</title>"
            f'<path class="w" fill="none" d="M{x:.1f} {next(ends):.1f}V{next(ends):.1f}"/>'
            f'<circle class="tuned" cx="{x:.1f}" cy="{y:.1f}" r="5"/></g>'
            + _text(x, _TOP + _SIDE + 18, count(point.rows), "m n", "middle")
        )
    return _svg(_LEFT + _SIDE + 30, _TOP + _SIDE + 46, "Accuracy by training rows", marks)


def _square(
    low: float, high: float, across: str, upwards: str, ticks: Sequence[float] = (0, 0.25, 0.5, 0.75, 1)
) -> tuple[At, list[str]]:
    def at(x: float, y: float) -> tuple[float, float]:
        return round(_LEFT + _SIDE * x, 1), round(_TOP + _SIDE * (high - y) / max(high - low, 1e-9), 1)

    marks = []
    for part in range(5):
        value = low + (high - low) * part / 4
        y = at(0, value)[1]
        marks.append(f'<line class="g" x1="{_LEFT}" x2="{_LEFT + _SIDE}" y1="{y}" y2="{y}"/>')
        marks.append(_text(_LEFT - 8, y + 4, percent(value, 0), "m n", "end"))
    marks += [_text(at(tick, low)[0], _TOP + _SIDE + 18, percent(tick, 0), "m n", "middle") for tick in ticks]
    marks.append(_text(_LEFT + _SIDE / 2, _TOP + _SIDE + 38, f"{across} → {upwards} ↑", "m", "middle"))
    return at, marks


def _legend(x: float, y: float, kind: str, dash: str, name: str) -> str:
    line = f'<line class="{kind}" x1="{x}" x2="{x + 22}" y1="{y - 4}" y2="{y - 4}" stroke-width="2"{dash}/>'
    return line + _text(x + 28, y, name, "m", "start")


def _text(x: float, y: float, text: str, kind: str, anchor: str) -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(visible(text))}</text>'


def _svg(width: float, height: float, title: str, marks: Sequence[str]) -> str:
    return (
        f'<svg class="plot" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" role="img" '
        f'aria-label="{escape(title)}">{"".join(marks)}</svg>'
    )

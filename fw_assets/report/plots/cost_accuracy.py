"""Scatter chart of cost against accuracy."""

from __future__ import annotations

from html import escape

from fw_assets.classification.visible_text import visible
from fw_assets.report.formatting import clip, latency_text, percent, percent_range, usd
from fw_assets.report.plots.svg import svg, text
from fw_assets.report.schema.report import Report
from fw_assets.report.sections.costs import point_name


def cost_accuracy(report: Report, *, narrow: bool = False) -> str:
    """Cost of 1,000 answers against accuracy; hollow marks are dominated by another.

    Args:
        narrow: for a phone: the marks have numbers, and their names stand below.
    """
    priced = [point for point in report.costs if point.usd_per_1000 is not None]
    if len(priced) < 2:
        return ""
    max_cost = max(point.usd_per_1000 or 0.0 for point in priced)
    left, width, top, height = (44.0, 300.0, 14.0, 200.0) if narrow else (56.0, 380.0, 14.0, 230.0)
    low = max(0.0, min(point.interval[0] for point in priced) - 0.05)
    high = min(1.0, max(point.interval[1] for point in priced) + 0.02)

    def at(cost: float, accuracy: float) -> tuple[float, float]:
        across = 14 + (width - 28) * (cost / max_cost if max_cost else 0.0)
        return left + across, top + height * (high - accuracy) / max(high - low, 1e-9)

    marks = [
        f'<line class="g" x1="{left}" x2="{left + width}" y1="{y:.1f}" y2="{y:.1f}"/>'
        + text(left - 8, y + 4, percent(value, 0), "m n", "end")
        for value in (part / 10 for part in range(11))
        if low <= value <= high
        for y in [at(0, value)[1]]
    ]
    ticks = (0.0, max_cost / 2, max_cost) if max_cost else (0.0,)
    marks += [text(at(tick, low)[0], top + height + 18, usd(tick, 4 if tick else 0), "m n", "middle") for tick in ticks]
    marks.append(text(left + width / 2, top + height + 38, "US dollars per 1,000 answers", "m", "middle"))
    label_y = top + height + 48 if narrow else 0.0
    for number, point in enumerate(sorted(priced, key=lambda item: -item.accuracy), 1):
        x, y = at(point.usd_per_1000 or 0.0, point.accuracy)
        kind = {"tuned": "tuned", "baseline": "free"}.get(point.then or point.kind, "base")
        name, said = point_name(report, point)
        suffix = "" if point.kind in ("baseline", "cascade") else f", {said}"
        share = f"{percent(point.accuracy)}{' (dominated)' if point.dominated else ''}"
        most = 30 if point.kind == "cascade" else 18
        label = f"{clip(name, most if narrow else 48)}{suffix}: {share}"
        fill = ' fill-opacity="0.15" stroke="currentColor"' if point.dominated else ""
        times = f", {latency_text(point.latency)}" if point.latency else ""
        hint = f"{name}{suffix}: {percent_range(point.interval)}, {usd(point.usd_per_1000, 4)}{times}"
        shape = (
            f'<rect class="{kind}" x="{x - 6:.1f}" y="{y - 6:.1f}" width="12" height="12"{fill}/>'
            if point.kind == "baseline"
            else f'<path class="{kind}" d="M{x - 7:.1f} {y + 6:.1f}h14l-7 -13z"{fill}/>'
            if point.kind == "cascade"
            else f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="7"{fill}/>'
        )
        title = f"<title>{escape(visible(hint))}</title>"
        if narrow:
            label_y += 18
            side = ("start", 10) if x < left + width / 2 else ("end", -10)
            marks.append(f"<g>{title}{shape}</g>" + text(x + side[1], y - 6, str(number), "t n", side[0]))
            marks.append(text(4, label_y, f"{number}  {label}", "m" if point.dominated else "t", "start"))
            continue
        # The names are a column beside the chart: points of equal cost would overlap their labels.
        label_y = max(label_y + 18, y + 4)
        marks.append(
            f"<g>{title}{shape}"
            f'<line class="g" x1="{x + 8:.1f}" y1="{y:.1f}" x2="{left + width + 6}" y2="{label_y - 4:.1f}"/></g>'
            + text(left + width + 10, label_y, label, "m" if point.dominated else "t", "start")
        )
    return svg(
        360 if narrow else 860, max(top + height + 48, label_y + 10), "Cost of 1,000 answers against accuracy", marks
    )

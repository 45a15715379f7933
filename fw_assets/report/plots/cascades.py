"""Accuracy of cascades by the share of the rows that the other model is asked."""

from __future__ import annotations

from html import escape

from fw_assets.classification.visible_text import visible
from fw_assets.report.formatting import clip, percent, short
from fw_assets.report.plots.axes import SIDE, TOP, square_axes
from fw_assets.report.plots.svg import svg, text
from fw_assets.report.schema.report import Report
from fw_assets.report.sections.baselines import baseline_name

_MOST = 5
_NAMES = TOP + SIDE + 64
"""Where the names of the lines begin."""


def cascade_curves(report: Report) -> str:
    """Accuracy on the test rows by the share asked, a line for each cascade; a mark is the threshold that was chosen.

    Those of the model in use come first; at most five are drawn.
    """
    drawn = sorted((item for item in report.cascades if item.curve), key=lambda item: not item.in_use)[:_MOST]
    if not drawn:
        return ""
    values = [point.accuracy for item in drawn for point in item.curve]
    low, high = max(0.0, min(values) - 0.02), min(1.0, max(values) + 0.02)
    at, marks = square_axes(low, high, "then asked", "right")
    for index, item in enumerate(drawn):
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(point.asked, point.accuracy) for point in item.curve))
        marks.append(f'<polyline class="l{index}" fill="none" stroke-width="2.5" points="{line}"/>')
        kind = report.kind_of(item.model, item.kind)
        # What tells the lines apart comes first, as a phone cuts the rest.
        name = f"{clip(short(item.model), 24)} ({kind}) after {baseline_name(item.free)}"
        if item.asked is not None and item.accuracy is not None:
            x, y = at(item.asked, item.accuracy)
            hint = f"{name}: {percent(item.asked)} asked, {percent(item.accuracy)} right"
            marks.append(
                f"<g><title>{escape(visible(hint))}</title>"
                f'<circle class="l{index}" cx="{x:.1f}" cy="{y:.1f}" r="6" fill="none" stroke-width="2.5"/></g>'
            )
        # Below the axes, where a phone shows it without scrolling.
        y = _NAMES + 20 * index
        marks.append(f'<line class="l{index}" stroke-width="2.5" x1="2" x2="24" y1="{y - 4}" y2="{y - 4}"/>')
        marks.append(text(32, y, name, "t", "start"))
    height = _NAMES + 20 * len(drawn)
    return svg(700, height, "Accuracy of cascades by the share of rows that the other model is asked", marks)

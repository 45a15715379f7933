"""Nights of a deployment: accuracy by night, with the accepted one and the bounds of the nights together."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from fw_assets.classification.selection.nightly_checks import NightFigures
from fw_assets.report.formatting import percent, percent_range
from fw_assets.report.plots.series_axis import SeriesAxis
from fw_assets.report.plots.svg import svg, text

LEFT, WIDTH, TOP, HEIGHT = 56.0, 460.0, 14.0, 190.0
MAX_SHOWN = 90


def nights_chart(accepted: float, nights: Sequence[NightFigures]) -> str:
    """The right share of the last `MAX_SHOWN` nights as dots, and the band that the sequential test gives to it."""
    shown = nights[-MAX_SHOWN:]
    low = max(0.0, min(accepted, *(min(night.right, night.low) for night in shown)) - 0.01)
    high = min(1.0, max(accepted, *(max(night.right, night.high) for night in shown)) + 0.01)

    axis = SeriesAxis(len(shown), low, high, LEFT, WIDTH, TOP, HEIGHT)
    at, marks = axis.at, axis.grid()
    edges = [
        " ".join(f"{x},{y}" for x, y in (at(index, bound) for index, bound in bounds))
        for bounds in ([(i, n.high) for i, n in enumerate(shown)], [(i, n.low) for i, n in enumerate(shown)][::-1])
    ]
    marks.append(f'<polygon class="tuned" opacity="0.15" points="{" ".join(edges)}"/>')
    pooled = " ".join(f"{x},{y}" for x, y in (at(index, night.pooled) for index, night in enumerate(shown)))
    marks.append(f'<polyline class="l0" fill="none" stroke-width="2" points="{pooled}"/>')
    marks.append(axis.across("ref", accepted, ' stroke-dasharray="4 4"'))
    marks.append(text(LEFT + WIDTH / 2, TOP + HEIGHT + 18, f"accepted: {percent(accepted)}", "reft", "middle"))
    for index, night in enumerate(shown):
        x, y = at(index, night.right)
        hint = (
            f"{night.date}: {percent(night.right)} right; nights together {percent(night.pooled)} "
            f"({percent_range((night.low, night.high))}), e-value {night.e_value:.3g}"
        )
        ring = f'<circle class="down" fill="none" stroke-width="2" cx="{x}" cy="{y}" r="7"/>'
        marks.append(
            f'<g><title>{escape(hint)}</title><circle class="tuned" cx="{x}" cy="{y}" r="3.5"/>'
            f"{ring if 'accuracy' in night.shown else ''}</g>"
        )
    for index, anchor in {0: "start", len(shown) - 1: "end"}.items():
        edge = LEFT if anchor == "start" else LEFT + WIDTH
        marks.append(text(edge, TOP + HEIGHT + 18, shown[index].date, "m n", anchor))
    return svg(LEFT + WIDTH + 30, TOP + HEIGHT + 30, "Accuracy by night", marks)

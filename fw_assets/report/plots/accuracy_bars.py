"""Bar chart of the candidates' accuracy."""

from __future__ import annotations

from html import escape
from typing import NamedTuple

from fw_assets.report.formatting import clip, percent, percent_range, short
from fw_assets.report.plots.svg import svg, text
from fw_assets.report.schema.bounds import Bounds
from fw_assets.report.schema.report import Report
from fw_assets.report.sections.baselines import baseline_name
from fw_assets.report.sections.candidates import ordered


class _Layout(NamedTuple):
    """Where bars begin, the chart's width, the room right of the bars, and that of a model's name above its own."""

    left: int
    width: int
    right: int
    above: int

    @property
    def span(self) -> int:
        return self.width - self.left - self.right


_WIDE, _NARROW = _Layout(215, 760, 130, 0), _Layout(76, 360, 58, 20)
_LABEL = 256
"""Pixels that the label of the constant answer may take."""


def accuracy_bars(report: Report, *, narrow: bool = False) -> str:
    """Accuracy on the test rows with its interval: base above fine-tuned, one pair per candidate; then what is free.

    Always answering the most frequent label is a line through all of them.

    Args:
        narrow: for a phone: names stand above their bars.
    """
    layout = _NARROW if narrow else _WIDE
    candidates = [candidate for candidate in ordered(report) if candidate.base is not None]
    marks: list[str] = []
    y = 8.0
    for candidate in candidates:
        results = [(r, k) for r, k in ((candidate.base, "base"), (candidate.tuned, "tuned")) if r is not None]
        marks.append(_title(layout, y, short(candidate.model), len(results)))
        y += layout.above
        for result, kind in results:
            name = "fine-tuned" if kind == "tuned" else candidate.kind
            marks.append(_bar(layout, y, (result.accuracy, result.interval), kind, name, short(result.model)))
            y += 22
        y += 14
    for free in report.baselines:
        if free.name != "majority":
            title = baseline_name(free.name)
            marks.append(_title(layout, y, title, 1))
            y += layout.above
            marks.append(_bar(layout, y, (free.accuracy, free.interval), "free", "free", title))
            y += 36
    bottom = y - 6
    majority = next((c.base.majority_accuracy for c in candidates if c.base), None)
    grid = [_tick(layout.left + layout.span * part / 4, bottom, f"{25 * part}%") for part in range(5)]
    if majority is not None:
        x = layout.left + layout.span * majority
        grid.append(f'<line class="ref" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{bottom:.1f}" stroke-dasharray="3 3"/>')
        label = f"always the most frequent label: {percent(majority)}"
        anchor = "middle" if narrow else "start" if majority < 0.7 else "end"
        at = min(max(x, _LABEL / 2), layout.width - _LABEL / 2) if narrow else x
        marks.append(text(at, bottom + 34, label, "reft", anchor))
    heading = "Accuracy on the test rows with 95% intervals: base, fine-tuned, and free models"
    return svg(layout.width, bottom + 44, heading, [*grid, *marks])


def _title(layout: _Layout, y: float, name: str, bars: int) -> str:
    """A model's name above its bars, or left of them in the middle."""
    if layout.above:
        return text(0, y + 14, clip(name, 48), "t", "start", name)
    return text(layout.left - 12, y + 11 * bars + 4, clip(name, 31), "t", "end", name)


def _bar(layout: _Layout, y: float, share: tuple[float, Bounds], kind: str, name: str, model: str) -> str:
    accuracy, bounds = share
    low, high = (layout.left + layout.span * bound for bound in bounds)
    middle = y + 9
    place = layout.left - 8 if layout.above else layout.width - 4
    title = f"{model} ({name}): {percent(accuracy)}, 95% interval {percent_range(bounds)}"
    return (
        f"<g><title>{escape(title)}</title>"
        f'<rect class="{kind}" x="{layout.left}" y="{y}" width="{layout.span * accuracy:.1f}" height="18" rx="2"/>'
        f'<path class="w" fill="none" stroke-width="1.5" d="M{low:.1f} {middle}H{high:.1f}'
        f'M{low:.1f} {middle - 4}v8M{high:.1f} {middle - 4}v8"/>'
        f"{text(high + 8, middle + 4.5, percent(accuracy), 't n', 'start')}"
        f"{text(place, middle + 4.5, name, 'm', 'end')}</g>"
    )


def _tick(x: float, bottom: float, label: str) -> str:
    line = f'<line class="g" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{bottom:.1f}"/>'
    return line + text(x, bottom + 16, label, "m n", "middle")

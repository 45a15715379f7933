"""Bar chart of the candidates' accuracy."""

from __future__ import annotations

from html import escape

from fw_assets.report.formatting import clip, percent, percent_range, short
from fw_assets.report.plots.svg import svg, text
from fw_assets.report.schema.bounds import Bounds
from fw_assets.report.schema.report import Report
from fw_assets.report.sections.baselines import baseline_name
from fw_assets.report.sections.candidates import ordered

_LEFT, _WIDTH = 215, 760


def accuracy_bars(report: Report) -> str:
    """Accuracy on the test rows with its interval: base above fine-tuned, one pair per candidate; then what is free.

    Always answering the most frequent label is a line through all of them.
    """
    candidates = [candidate for candidate in ordered(report) if candidate.base is not None]
    span = _WIDTH - _LEFT - 130
    marks: list[str] = []
    y = 8.0
    for candidate in candidates:
        results = [(r, k) for r, k in ((candidate.base, "base"), (candidate.tuned, "tuned")) if r is not None]
        middle = y + 11 * len(results)
        title = short(candidate.model)
        marks.append(text(_LEFT - 12, middle + 4, clip(title, 31), "t", "end", title))
        for result, kind in results:
            name = "fine-tuned" if kind == "tuned" else candidate.kind
            marks.append(_bar(y, span, (result.accuracy, result.interval), kind, name, short(result.model)))
            y += 22
        y += 14
    for free in report.baselines:
        if free.name != "majority":
            title = baseline_name(free.name)
            marks.append(text(_LEFT - 12, y + 15, clip(title, 31), "t", "end", title))
            marks.append(_bar(y, span, (free.accuracy, free.interval), "free", "free", title))
            y += 36
    bottom = y - 6
    majority = next((c.base.majority_accuracy for c in candidates if c.base), None)
    grid = [_tick(_LEFT + span * part / 4, bottom, f"{25 * part}%") for part in range(5)]
    if majority is not None:
        x = _LEFT + span * majority
        grid.append(f'<line class="ref" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{bottom:.1f}" stroke-dasharray="3 3"/>')
        anchor = "start" if majority < 0.7 else "end"
        label = f"always the most frequent label: {percent(majority)}"
        marks.append(text(x, bottom + 34, label, "reft", anchor))
    heading = "Accuracy on the test rows with 95% intervals: base, fine-tuned, and free models"
    return svg(_WIDTH, bottom + 44, heading, [*grid, *marks])


def _bar(y: float, span: float, share: tuple[float, Bounds], kind: str, name: str, model: str) -> str:
    accuracy, bounds = share
    low, high = (_LEFT + span * bound for bound in bounds)
    middle = y + 9
    title = f"{model} ({name}): {percent(accuracy)}, 95% interval {percent_range(bounds)}"
    return (
        f"<g><title>{escape(title)}</title>"
        f'<rect class="{kind}" x="{_LEFT}" y="{y}" width="{span * accuracy:.1f}" height="18" rx="2"/>'
        f'<path class="w" fill="none" stroke-width="1.5" d="M{low:.1f} {middle}H{high:.1f}'
        f'M{low:.1f} {middle - 4}v8M{high:.1f} {middle - 4}v8"/>'
        f"{text(high + 8, middle + 4.5, percent(accuracy), 't n', 'start')}"
        f"{text(_WIDTH - 4, middle + 4.5, name, 'm', 'end')}</g>"
    )


def _tick(x: float, bottom: float, label: str) -> str:
    line = f'<line class="g" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{bottom:.1f}"/>'
    return line + text(x, bottom + 16, label, "m n", "middle")

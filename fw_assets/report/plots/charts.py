"""The charts, as SVG text. Colours come from the classes: the page's style sheet, or the one put in by `standalone`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from fw_assets.report.escape import visible
from fw_assets.report.formatting import clip, learning_rate, percent, percent_range, plural, points, short
from fw_assets.report.schema.report import Candidate, ModelResult, Report, SweepCell
from fw_assets.report.sections.results import label_rows, ordered

_STYLE = """
svg{font:13px system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif;background:#fff}
.t{fill:#1c2128}.m{fill:#5b6470}.g{stroke:#e2e5ea}.w{stroke:#1c2128}.base{fill:#9aa5b5}.tuned{fill:#2b62d9}
.ref{stroke:#b4540a}.reft{fill:#b4540a}.up{stroke:#2b62d9}.down{stroke:#c8372d}.l0{stroke:#2b62d9}.l1{stroke:#b4540a}
.l2{stroke:#18794e}.l3{stroke:#8a3ffc}.l4{stroke:#9aa5b5}.l5{stroke:#0b7285}.n{font-variant-numeric:tabular-nums}
"""
_LEFT, _WIDTH = 190, 760


def standalone(svg: str) -> str:
    """A chart with its own colours, for a viewer without the page's style sheet."""
    head, tail = svg.split(">", 1)
    return f"{head}><style>{_STYLE}</style>{tail}"


def accuracy_bars(report: Report) -> str:
    """Accuracy on the test rows with its interval, base above fine-tuned, one pair per candidate."""
    shown = [candidate for candidate in ordered(report) if candidate.base is not None]
    span = _WIDTH - _LEFT - 130
    marks: list[str] = []
    y = 8.0
    for candidate in shown:
        results = [(r, c) for r, c in ((candidate.base, "base"), (candidate.tuned, "tuned")) if r is not None]
        middle = y + 11 * len(results)
        name = short(candidate.model)
        marks.append(_text(_LEFT - 12, middle + 4, clip(name, 25), "t", "end", name))
        for result, kind in results:
            marks.append(_bar(y, span, result, kind))
            y += 22
        y += 14
    bottom = y - 6
    majority = next((c.base.majority_accuracy for c in shown if c.base), None)
    grid = [_tick(_LEFT + span * part / 4, bottom, f"{25 * part}%") for part in range(5)]
    if majority is not None:
        x = _LEFT + span * majority
        grid.append(f'<line class="ref" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{bottom:.1f}" stroke-dasharray="3 3"/>')
        anchor = "start" if majority < 0.7 else "end"
        label = f"always the most frequent label: {percent(majority)}"
        marks.append(_text(x, bottom + 34, label, "reft", anchor))
    title = "Accuracy on the test rows with 95% intervals, base and fine-tuned"
    return _svg(_WIDTH, bottom + 44, title, [*grid, *marks])


def label_change(candidate: Candidate, most: int = 40) -> str:
    """Per label, accuracy before and after as two joined dots; the `most` largest changes, largest loss first."""
    if candidate.base is None or candidate.tuned is None:
        return ""
    rows = [row for row in label_rows(candidate) if row.change is not None]
    rows.sort(key=lambda row: -abs(row.change or 0.0))
    rows = sorted(rows[:most], key=lambda row: row.change or 0.0)
    span, marks, y = _WIDTH - _LEFT - 130, [], 14.0
    for row in rows:
        x1, x2 = (_LEFT + span * (result.accuracy or 0.0) for result in (row.before, row.final))
        hint = f"{row.label}: {plural(row.before.support, 'test row')}"
        marks.append(_text(_LEFT - 12, y + 4, clip(row.label, 25), "t", "end", hint))
        marks.append(f'<line class="{row.way}" x1="{x1:.1f}" x2="{x2:.1f}" y1="{y}" y2="{y}" stroke-width="3"/>')
        marks.append(f'<circle class="base" cx="{x1:.1f}" cy="{y}" r="5"/>')
        marks.append(f'<circle class="tuned" cx="{x2:.1f}" cy="{y}" r="5"/>')
        marks.append(_text(_WIDTH - 8, y + 4, points(row.change), "t n", "end"))
        y += 20
    grid = [_tick(_LEFT + span * part / 4, y - 4, f"{25 * part}%") for part in range(5)]
    return _svg(_WIDTH, y + 18, "Accuracy per label, base and fine-tuned", [*grid, *marks])


def sweep_curves(cells: Sequence[SweepCell]) -> str:
    """Validation accuracy by epoch, one line per cell of the grid; empty without records."""
    lines = [
        (cell, [(point.epoch, point.accuracy) for point in cell.curve if point.accuracy is not None]) for cell in cells
    ]
    lines = [(cell, known) for cell, known in lines if len(known) > 1]
    if not lines:
        return ""
    values = [value for _, known in lines for _, value in known]
    step = next(step for step in (0.01, 0.02, 0.05, 0.1, 0.2) if max(values) - min(values) <= 6 * step or step == 0.2)
    first, final = math.floor(min(values) / step + 1e-9), math.ceil(max(values) / step - 1e-9)
    low, top = first * step, max(final, first + 1) * step
    last = max(epoch for _, known in lines for epoch, _ in known) or 1.0
    left, width, height = 56, 520, 200

    def at(epoch: float, value: float) -> tuple[float, float]:
        return left + (width - left) * epoch / last, 12 + (height - 12) * (top - value) / max(top - low, 1e-9)

    marks = []
    for part in range(first, max(final, first + 1) + 1):
        value = part * step
        y = at(0, value)[1]
        marks.append(f'<line class="g" x1="{left}" x2="{width}" y1="{y:.1f}" y2="{y:.1f}"/>')
        marks.append(_text(left - 8, y + 4, percent(value, 0), "m n", "end"))
    step = max(1, round(last / 6))
    marks += [_text(at(e, low)[0], height + 20, str(e), "m n", "middle") for e in range(0, int(last) + 1, step)]
    marks.append(_text((left + width) / 2, height + 40, "epochs", "m", "middle"))
    for i, (cell, known) in enumerate(lines):
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(*point) for point in known))
        thick = 3.5 if cell.chosen else 1.8
        dash = "" if cell.chosen else f' stroke-dasharray="{2 + 3 * (i % 3)} {2 + i // 3}"'
        marks.append(f'<polyline class="l{i % 6}" fill="none" stroke-width="{thick}"{dash} points="{path}"/>')
        y = 24 + 20 * i
        marks.append(
            f'<line class="l{i % 6}" x1="540" x2="566" y1="{y - 4}" y2="{y - 4}" stroke-width="{thick}"{dash}/>'
        )
        name = f"rank {cell.lora_rank}, {learning_rate(cell.learning_rate)}{', chosen' if cell.chosen else ''}"
        marks.append(_text(574, y, name, "t", "start"))
    return _svg(_WIDTH, max(height + 48, 24 + 20 * len(lines)), "Validation accuracy by epoch", marks)


def heat_cells(counts: dict[tuple[int, int], float], rows: int, columns: int, title: str) -> str:
    """A matrix of shares (-1 to 1) as squares of unit size; the sign and the diagonal choose the colour class.

    Squares of one shade share one path, so that 150 x 151 cells stay small and quick to draw.
    """
    paths: dict[str, list[str]] = {}
    for (row, column), share in sorted(counts.items()):
        if share:
            kind = "d" if row == column else "o" if share > 0 else "f"
            if row == column and share < 0:
                kind = "b"
            paths.setdefault(f"{kind}{_shade(abs(share))}", []).append(f"M{column} {row}h1v1h-1z")
    marks = [f'<path class="{name}" d="{"".join(squares)}"/>' for name, squares in sorted(paths.items())]
    step = 1 if max(rows, columns) <= 40 else 10
    lines = [f"M0 {y}H{columns}" for y in range(0, rows + 1, step)]
    lines += [f"M{x} 0V{rows}" for x in range(0, columns + 1, step)]
    marks.append(f'<path class="hg" fill="none" vector-effect="non-scaling-stroke" d="{"".join(lines)}"/>')
    return (
        f'<svg class="cells" viewBox="0 0 {columns} {rows}" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(title)}">{"".join(marks)}</svg>'
    )


def confusion_shares(result: ModelResult, labels: Sequence[str]) -> dict[tuple[int, int], float]:
    """(row, column) to the share of the row's label answered with the column's; the last column: no valid label."""
    at = {label: i for i, label in enumerate(labels)}
    totals: dict[int, int] = {}
    for cell in result.confusion:
        totals[at[cell.gold]] = totals.get(at[cell.gold], 0) + cell.count
    return {
        (row := at[cell.gold], len(labels) if cell.predicted is None else at[cell.predicted]): cell.count / totals[row]
        for cell in result.confusion
    }


def _shade(share: float) -> int:
    return next((i for i, edge in enumerate((0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75)) if share <= edge), 7)


def _bar(y: float, span: float, result: ModelResult, kind: str) -> str:
    low, high = (_LEFT + span * bound for bound in result.interval)
    middle = y + 9
    name = "fine-tuned" if kind == "tuned" else "base"
    title = f"{short(result.model)} ({name}): {percent(result.accuracy)}, 95% interval {percent_range(result.interval)}"
    return (
        f"<g><title>{escape(title)}</title>"
        f'<rect class="{kind}" x="{_LEFT}" y="{y}" width="{span * result.accuracy:.1f}" height="18" rx="2"/>'
        f'<path class="w" fill="none" stroke-width="1.5" d="M{low:.1f} {middle}H{high:.1f}'
        f'M{low:.1f} {middle - 4}v8M{high:.1f} {middle - 4}v8"/>'
        f"{_text(high + 8, middle + 4.5, percent(result.accuracy), 't n', 'start')}"
        f"{_text(_WIDTH - 4, middle + 4.5, name, 'm', 'end')}</g>"
    )


def _tick(x: float, bottom: float, label: str) -> str:
    line = f'<line class="g" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{bottom:.1f}"/>'
    return line + _text(x, bottom + 16, label, "m n", "middle")


def _text(x: float, y: float, text: str, kind: str, anchor: str, title: str = "") -> str:
    hint = f"<title>{escape(visible(title))}</title>" if title and title != text else ""
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(visible(text))}{hint}</text>'


def _svg(width: float, height: float, title: str, marks: Sequence[str]) -> str:
    return (
        f'<svg class="plot" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" role="img" '
        f'aria-label="{escape(title)}">{"".join(marks)}</svg>'
    )

"""A confusion matrix as one image with its labels, for a viewer that has no page around it."""

from __future__ import annotations

from html import escape

from fw_assets.report.escape import visible
from fw_assets.report.formatting import clip
from fw_assets.report.plots.charts import confusion_shares, heat_cells
from fw_assets.report.plots.heatmap import NUMBERED, STRONG
from fw_assets.report.schema.report import ModelResult

_ALPHA = (0.15, 0.25, 0.34, 0.42, 0.54, 0.68, 0.82, 0.95)
_COLOURS = {"d": "#2b62d9", "o": "#cc5412"}
_STYLE = ".hg{stroke:#e2e5ea;stroke-width:1px}.strong{fill:#fff}" + "".join(
    f".{kind}{shade}{{fill:{colour};fill-opacity:{alpha}}}"
    for kind, colour in _COLOURS.items()
    for shade, alpha in enumerate(_ALPHA)
)
_LONGEST = 26
"""Characters of a label."""


def heat_picture(result: ModelResult) -> str:
    """The rows of each label by the label that was answered; blue is right, orange wrong, darker is a larger share.

    Empty where there is nothing to draw: several labels a row, or no row at all.
    """
    names = tuple(result.per_label)
    if not names or not result.confusion:
        return ""
    shares = confusion_shares(result, names)
    columns = [*names, *(["(no valid label)"] if any(column == len(names) for _, column in shares) else [])]
    side = next((size for most, size in ((6, 56), (12, 40), (24, 26), (60, 16)) if len(names) <= most), 10)
    font = min(13, side)
    margin = round(0.62 * font * min(_LONGEST, max(len(name) for name in columns))) + 24
    width, height = side * len(columns), side * len(names)
    cells = heat_cells(shares, len(names), len(columns), "Confusion matrix").replace(
        "<svg ", f'<svg x="{margin}" y="{margin}" width="{width}" height="{height}" ', 1
    )
    marks = [f"<style>{_STYLE}</style>", cells, *_axes(names, columns, margin, side, font)]
    if len(names) <= NUMBERED:
        at = {label: i for i, label in enumerate(names)}
        for cell in result.confusion:
            row, column = at[cell.gold], len(names) if cell.predicted is None else at[cell.predicted]
            kind = "strong" if shares[row, column] > STRONG else "t"
            marks.append(
                f'<text class="{kind}" x="{margin + side * (column + 0.5):.1f}" text-anchor="middle" '
                f'y="{margin + side * (row + 0.5) + 4.5:.1f}">{cell.count}</text>'
            )
    return (
        f'<svg class="plot" xmlns="http://www.w3.org/2000/svg" width="{margin + width + 8}" '
        f'height="{margin + height + 8}" viewBox="0 0 {margin + width + 8} {margin + height + 8}" role="img" '
        f'aria-label="Confusion matrix">{"".join(marks)}</svg>'
    )


def _axes(names: tuple[str, ...], columns: list[str], margin: int, side: int, font: int) -> list[str]:
    marks = [
        f'<text class="m" x="{margin - 8}" y="{margin - 22}" text-anchor="end">answered →</text>',
        f'<text class="m" x="{margin - 8}" y="{margin - 6}" text-anchor="end">true label ↓</text>',
    ]
    for row, name in enumerate(names):
        place = f'x="{margin - 6}" y="{margin + side * (row + 0.5) + 0.35 * font:.1f}" text-anchor="end"'
        marks.append(f'<text class="t" style="font-size:{font}px" {place}>{_label(name)}</text>')
    for column, name in enumerate(columns):
        x = margin + side * (column + 0.5) + 0.35 * font
        place = f'transform="translate({x:.1f} {margin - 6}) rotate(-90)"'
        marks.append(f'<text class="t" style="font-size:{font}px" {place}>{_label(name)}</text>')
    return marks


def _label(name: str) -> str:
    return escape(clip(visible(name), _LONGEST))

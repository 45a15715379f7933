"""Confusion matrices as heat maps that stay readable at 150 labels: in the HTML report, and as one image."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, TypeVar

from markupsafe import Markup

from fw_assets.classification.visible_text import visible
from fw_assets.report.confusion.axes import Axes, Position, axes_of, matrix_cells
from fw_assets.report.formatting import clip
from fw_assets.report.schema.model_result import ModelResult
from fw_assets.report.schema.report import CandidateResult

MAX_NUMBERED_LABELS = 12
"""Up to this many labels each square carries its count."""
LIGHT_TEXT_SHARE = 0.35
"""Above this share a square is so dark that its number is drawn light."""
MAX_LABEL_CHARACTERS = 26

_SHADE_EDGES = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75)
_ALPHA = (0.15, 0.25, 0.34, 0.42, 0.54, 0.68, 0.82, 0.95)
_COLOURS = {"d": "#2b62d9", "o": "#cc5412"}
_STYLE = ".hg{stroke:#e2e5ea;stroke-width:1px}.strong{fill:#fff}" + "".join(
    f".{kind}{shade}{{fill:{colour};fill-opacity:{alpha}}}"
    for kind, colour in _COLOURS.items()
    for shade, alpha in enumerate(_ALPHA)
)

Number = TypeVar("Number", int, float)


@dataclass(frozen=True)
class View:
    """One matrix of a candidate: the squares, and (row, column, number, is dark) where there are few labels."""

    name: str
    title: str
    cells: Markup
    numbers: tuple[tuple[int, int, int, bool], ...]


@dataclass(frozen=True)
class HeatMap:
    """A candidate's matrices over the same axes. `size` is the side of a square in CSS pixels."""

    axes: Axes
    size: int
    views: tuple[View, ...]
    data: dict[str, Any]


def heat_map(candidate: CandidateResult, labels: Sequence[str]) -> HeatMap | None:
    """The matrices of base, fine-tuned and their difference; None when there is nothing to draw."""
    base, tuned = candidate.base, candidate.tuned
    if base is None or not matrix_cells(base):
        return None
    results = {"base": base, **({"tuned": tuned} if tuned else {})}
    axes = axes_of(results.values(), labels)
    counts = {name: axes.counts(result) for name, result in results.items()}
    shares = {name: confusion_shares(count) for name, count in counts.items()}
    rows, columns = len(axes.rows), len(axes.columns)

    def view(name: str, title: str, alt: str, cells: Mapping[Position, float], numbers: Mapping[Position, int]) -> View:
        squares = Markup(heat_cells(cells, rows, columns, alt))  # noqa: S704
        few = len(axes.labels) <= MAX_NUMBERED_LABELS
        dark = ((*cell, number, abs(cells[cell]) > LIGHT_TEXT_SHARE) for cell, number in sorted(numbers.items()))
        return View(name, title, squares, tuple(dark) if few else ())

    views = [view("base", "Base", "Confusion matrix, base", shares["base"], counts["base"])]
    if tuned:
        views.append(view("tuned", "Fine-tuned", "Confusion matrix, fine-tuned", shares["tuned"], counts["tuned"]))
        change = _difference(shares["base"], shares["tuned"])
        moved = {cell: rows for cell, rows in _difference(counts["base"], counts["tuned"]).items() if rows}
        views.append(view("change", "Change", "Change of the confusion matrix", change, moved))
    data = {
        "relation": " answered as " if base.confusion else " missed, given in its place: ",
        "support": [base.per_label[name].support if name in base.per_label else 0 for name in axes.rows],
        "cells": [
            [*cell, *(count.get(cell, 0) for count in counts.values())]
            for cell in sorted(set().union(*counts.values()))
        ],
    }
    sizes = ((6, 56), (12, 40), (24, 26), (40, 20), (80, 14))
    return HeatMap(axes, _first_fitting(sizes, len(axes.labels), 11), tuple(views), data)


def heat_picture(result: ModelResult) -> str:
    """One matrix with its labels as one image; blue is right, orange wrong, darker is a larger share of the row.

    Empty where there is nothing to draw.
    """
    if not result.per_label or not matrix_cells(result):
        return ""
    axes = axes_of([result], tuple(result.per_label))
    labels, columns = axes.rows, list(axes.columns)
    counts = axes.counts(result)
    shares = confusion_shares(counts)
    side = _first_fitting(((6, 56), (12, 40), (24, 26), (60, 16)), len(labels), 10)
    font = min(13, side)
    margin = round(0.62 * font * min(MAX_LABEL_CHARACTERS, max(len(name) for name in columns))) + 24
    width, height = side * len(columns), side * len(labels)
    cells = heat_cells(shares, len(labels), len(columns), "Confusion matrix").replace(
        "<svg ", f'<svg x="{margin}" y="{margin}" width="{width}" height="{height}" ', 1
    )
    marks = [f"<style>{_STYLE}</style>", cells, *_axes(labels, columns, margin, side, font)]
    if len(labels) <= MAX_NUMBERED_LABELS:
        for (row, column), rows in counts.items():
            kind = "strong" if shares[row, column] > LIGHT_TEXT_SHARE else "t"
            marks.append(
                f'<text class="{kind}" x="{margin + side * (column + 0.5):.1f}" text-anchor="middle" '
                f'y="{margin + side * (row + 0.5) + 4.5:.1f}">{rows}</text>'
            )
    return (
        f'<svg class="plot" xmlns="http://www.w3.org/2000/svg" width="{margin + width + 8}" '
        f'height="{margin + height + 8}" viewBox="0 0 {margin + width + 8} {margin + height + 8}" role="img" '
        f'aria-label="Confusion matrix">{"".join(marks)}</svg>'
    )


def heat_cells(shares: Mapping[Position, float], rows: int, columns: int, title: str) -> str:
    """A matrix of shares (-1 to 1) as squares of unit size; the sign and the diagonal choose the colour class.

    Squares of one shade share one path, so that 150 x 151 cells stay small and quick to draw.
    """
    paths: dict[str, list[str]] = {}
    for (row, column), share in sorted(shares.items()):
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


def confusion_shares(counts: Mapping[Position, int]) -> dict[Position, float]:
    """Every cell's share of the rows of its true label."""
    totals = Counter[int]()
    for (row, _), rows in counts.items():
        totals[row] += rows
    return {(row, column): rows / totals[row] for (row, column), rows in counts.items()}


def _difference(before: Mapping[Position, Number], after: Mapping[Position, Number]) -> dict[Position, Number]:
    return {cell: after.get(cell, 0) - before.get(cell, 0) for cell in before.keys() | after.keys()}


def _shade(share: float) -> int:
    return bisect_left(_SHADE_EDGES, share)


def _first_fitting(sizes: Sequence[tuple[int, int]], labels: int, smallest: int) -> int:
    return next((size for most, size in sizes if labels <= most), smallest)


def _axes(names: tuple[str, ...], columns: list[str], margin: int, side: int, font: int) -> list[str]:
    marks = [
        f'<text class="m" x="{margin - 8}" y="{margin - 22}" text-anchor="end">answered →</text>',
        f'<text class="m" x="{margin - 8}" y="{margin - 6}" text-anchor="end">true label ↓</text>',
    ]
    for row, name in enumerate(names):
        position = f'x="{margin - 6}" y="{margin + side * (row + 0.5) + 0.35 * font:.1f}" text-anchor="end"'
        marks.append(f'<text class="t" style="font-size:{font}px" {position}>{_label(name)}</text>')
    for column, name in enumerate(columns):
        x = margin + side * (column + 0.5) + 0.35 * font
        position = f'transform="translate({x:.1f} {margin - 6}) rotate(-90)"'
        marks.append(f'<text class="t" style="font-size:{font}px" {position}>{_label(name)}</text>')
    return marks


def _label(name: str) -> str:
    return escape(clip(visible(name), MAX_LABEL_CHARACTERS))

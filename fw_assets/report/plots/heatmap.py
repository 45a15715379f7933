"""Confusion matrices as heat maps that stay readable at 150 labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from fw_assets.report.plots.charts import confusion_shares, heat_cells
from fw_assets.report.schema.report import Candidate

NUMBERED = 12
"""Up to this many labels each square carries its count."""
STRONG = 0.35
"""Above this share a square is so dark that its number is drawn light."""


@dataclass(frozen=True)
class View:
    """One matrix of a candidate: the squares, and (row, column, number, strong) where there are few enough."""

    name: str
    title: str
    cells: Markup
    numbers: tuple[tuple[int, int, int, bool], ...]


@dataclass(frozen=True)
class HeatMap:
    """A candidate's matrices over the same axes. `size` is the side of a square in CSS pixels."""

    labels: tuple[str, ...]
    columns: int
    size: int
    views: tuple[View, ...]
    data: dict[str, Any]


def heat_map(candidate: Candidate, labels: Sequence[str]) -> HeatMap | None:
    """The matrices of base, fine-tuned and their difference; None when there is nothing to draw."""
    base, tuned = candidate.base, candidate.tuned
    if base is None or not base.confusion:
        return None
    names = tuple(labels)
    results = [("base", "Base", base), *([("tuned", "Fine-tuned", tuned)] if tuned else [])]
    at = {label: i for i, label in enumerate(names)}
    counts = {
        name: {
            (at[cell.gold], len(names) if cell.predicted is None else at[cell.predicted]): cell.count
            for cell in result.confusion
        }
        for name, _, result in results
    }
    shares = {name: confusion_shares(result, names) for name, _, result in results}
    unanswered = any(column == len(names) for count in counts.values() for _, column in count)
    columns = len(names) + unanswered
    views = [
        View(
            name,
            title,
            Markup(heat_cells(shares[name], len(names), columns, f"Confusion matrix, {title.lower()}")),  # noqa: S704
            _numbers(counts[name], shares[name], len(names)),
        )
        for name, title, _ in results
    ]
    if tuned:
        pairs = shares["base"].keys() | shares["tuned"].keys()
        change = {pair: shares["tuned"].get(pair, 0.0) - shares["base"].get(pair, 0.0) for pair in pairs}
        moved = {
            pair: counts["tuned"].get(pair, 0) - counts["base"].get(pair, 0)
            for pair in pairs
            if counts["tuned"].get(pair, 0) != counts["base"].get(pair, 0)
        }
        drawn = Markup(heat_cells(change, len(names), columns, "Change of the confusion matrix"))  # noqa: S704
        views.append(View("change", "Change", drawn, _numbers(moved, change, len(names))))
    pairs_counted = sorted(set().union(*counts.values()))
    data = {
        "support": [base.per_label[name].support if name in base.per_label else 0 for name in names],
        "cells": [[*pair, *(counts[name].get(pair, 0) for name, _, _ in results)] for pair in pairs_counted],
    }
    return HeatMap(names, columns, _size(len(names)), tuple(views), data)


def _numbers(
    counts: dict[tuple[int, int], int], shares: dict[tuple[int, int], float], labels: int
) -> tuple[tuple[int, int, int, bool], ...]:
    if labels > NUMBERED:
        return ()
    return tuple((*pair, value, abs(shares[pair]) > STRONG) for pair, value in sorted(counts.items()))


def _size(labels: int) -> int:
    return next((size for most, size in ((6, 56), (12, 40), (24, 26), (40, 20), (80, 14)) if labels <= most), 11)

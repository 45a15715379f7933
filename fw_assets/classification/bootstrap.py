"""The paired bootstrap of F1 differences, with groups of duplicate rows as the units that are drawn."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fw_assets.classification.values import Interval

Codes = NDArray[np.int64]
Figures = NDArray[np.float64]

# Cells of one block of resamples: bounds memory at some tens of megabytes whatever the number of rows.
_BLOCK = 4_000_000
# Drawing one unit costs about a twentieth of drawing one binomial count.
_BINOMIAL_COST = 20


class LabelEvents(NamedTuple):
    """(row, label) pairs as row * labels + label, sorted and distinct: gold, and each model's predictions."""

    gold: Codes
    first: Codes
    second: Codes


class F1Differences(NamedTuple):
    """Second model minus first, with 95 % percentile intervals."""

    macro: Interval
    micro: Interval


def bootstrap_f1(
    events: LabelEvents,
    groups: Codes,
    labels: int,
    *,
    seed: int,
    resamples: int = 10_000,
    confidence: float = 0.95,
) -> F1Differences:
    """Intervals of the macro- and micro-F1 differences by drawing groups with replacement.

    A resample's macro-F1 is the mean over the labels that have rows in it. Groups with equal counts are
    one kind, and a resample is the number of times that each kind was drawn.

    Args:
        groups: the duplicate group of each row, any integers, shape (rows,).
        labels: how many labels there are; seed: of the draws, so that equal input gives an equal result.
    """
    from scipy.sparse import csr_array

    table, sizes = _kinds(events, groups, labels)
    sparse = csr_array(table.T)
    macro, micro = np.empty(resamples), np.empty(resamples)
    generator = np.random.default_rng(seed)
    units = int(sizes.sum())
    step = max(1, _BLOCK // max(units if units < _BINOMIAL_COST * sizes.size else sizes.size, table.shape[1]))
    for start in range(0, resamples, step):
        many = min(step, resamples - start)
        drawn = _draw(generator, sizes, many)
        counts = np.asarray(sparse @ drawn.T).T.reshape(many, 5, labels)
        macro[start : start + many], micro[start : start + many] = _differences(counts)
    whole = _differences((table.T @ sizes).reshape(1, 5, labels))
    return F1Differences(macro=_interval(whole[0], macro, confidence), micro=_interval(whole[1], micro, confidence))


def _kinds(events: LabelEvents, groups: Codes, labels: int) -> tuple[NDArray[np.float64], Codes]:
    """The distinct count vectors of groups, shape (kinds, 5 * labels), and how many groups have each.

    The five counts of a label: rows that have it; given it by the first model, and rightly; by the second.
    """
    _, group = np.unique(groups, return_inverse=True)
    units = int(group.max(initial=-1)) + 1
    width = 5 * labels
    first_right = np.intersect1d(events.gold, events.first, assume_unique=True)
    second_right = np.intersect1d(events.gold, events.second, assume_unique=True)
    parts = (events.gold, events.first, first_right, events.second, second_right)
    cells = np.concatenate(
        [group[part // labels] * width + block * labels + part % labels for block, part in enumerate(parts)]
    )
    cell, count = np.unique(cells, return_counts=True)
    from scipy.sparse import csr_array

    bounds = np.searchsorted(cell // width, np.arange(units + 1))
    column = cell % width
    kinds: dict[bytes, int] = {}
    of_unit = np.empty(units, dtype=np.int64)
    firsts: list[int] = []
    for unit in range(units):
        part = slice(bounds[unit], bounds[unit + 1])
        kind = kinds.setdefault(column[part].tobytes() + count[part].tobytes(), len(kinds))
        if kind == len(firsts):
            firsts.append(unit)
        of_unit[unit] = kind
    whole = csr_array((count.astype(np.float64), column, bounds), shape=(units, width))
    return whole[np.array(firsts, dtype=np.int64)], np.bincount(of_unit, minlength=len(firsts))


def _draw(generator: np.random.Generator, sizes: Codes, many: int) -> NDArray[np.float64]:
    """How often each kind comes up in `many` draws of all units with replacement, shape (many, kinds)."""
    units, kinds = int(sizes.sum()), sizes.size
    if units >= _BINOMIAL_COST * kinds:
        return generator.multinomial(units, sizes / units, size=many).astype(np.float64)
    kind_of = np.repeat(np.arange(kinds, dtype=np.int32), sizes)
    drawn = kind_of[generator.integers(0, units, size=(many, units), dtype=np.int32)]
    drawn += (np.arange(many, dtype=np.int32) * kinds)[:, None]
    return np.bincount(drawn.ravel(), minlength=many * kinds).reshape(many, kinds).astype(np.float64)


def _differences(counts: NDArray[np.float64]) -> tuple[Figures, Figures]:
    """Macro- and micro-F1 differences of count blocks, shape (resamples, 5, labels)."""
    support, given_first, right_first, given_second, right_second = np.moveaxis(counts, 1, 0)
    present = support > 0
    many = np.maximum(present.sum(axis=1), 1)

    def macro(right: Figures, given: Figures) -> Figures:
        each = np.where(present, 2 * right / np.maximum(support + given, 1), 0.0)
        return np.asarray(each.sum(axis=1) / many)

    def micro(right: Figures, given: Figures) -> Figures:
        return np.asarray(2 * right.sum(axis=1) / np.maximum((support + given).sum(axis=1), 1))

    return (
        macro(right_second, given_second) - macro(right_first, given_first),
        micro(right_second, given_second) - micro(right_first, given_first),
    )


def _interval(value: Figures, resampled: Figures, confidence: float) -> Interval:
    tail = (1 - confidence) / 2
    low, high = np.quantile(resampled, [tail, 1 - tail])
    return Interval(value=float(value[0]), low=float(low), high=float(high))

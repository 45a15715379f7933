"""The paired bootstrap of F1 differences, with groups of duplicate rows as the units that are drawn."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fw_assets.classification.selection.bootstrap_units import Codes, UnitCounter
from fw_assets.classification.values import Interval

Figures = NDArray[np.float64]

# Cells of one block of resamples: bounds memory at some tens of megabytes whatever the number of rows.
_BLOCK = 4_000_000
# Drawing one unit costs about a twentieth of drawing one binomial count.
_BINOMIAL_COST = 20


class F1Differences(NamedTuple):
    """Second model minus first, with 95 % percentile intervals."""

    macro: Interval
    micro: Interval


def bootstrap_f1(units: UnitCounter, *, seed: int, resamples: int = 10_000, confidence: float = 0.95) -> F1Differences:
    """Intervals of the macro- and micro-F1 differences by drawing groups with replacement.

    A resample's macro-F1 is the mean over the labels that have rows in it. Groups with equal counts are
    one kind, and a resample is the number of times that each kind was drawn.

    Args:
        seed: of the draws, so that equal input gives an equal result.
    """
    from scipy.sparse import csr_array

    kinds, labels = units.kinds(), units.labels
    sizes = kinds.sizes
    shape = (sizes.size, 5 * labels)
    table = csr_array((kinds.counts.astype(np.float64), kinds.columns, kinds.bounds), shape=shape)
    sparse = csr_array(table.T)
    macro, micro = np.empty(resamples), np.empty(resamples)
    generator = np.random.default_rng(seed)
    total = int(sizes.sum())
    step = max(1, _BLOCK // max(total if total < _BINOMIAL_COST * sizes.size else sizes.size, table.shape[1]))
    for start in range(0, resamples, step):
        many = min(step, resamples - start)
        drawn = _draw(generator, sizes, many)
        counts = np.asarray(sparse @ drawn.T).T.reshape(many, 5, labels)
        macro[start : start + many], micro[start : start + many] = _differences(counts)
    whole = _differences((table.T @ sizes).reshape(1, 5, labels))
    return F1Differences(macro=_interval(whole[0], macro, confidence), micro=_interval(whole[1], micro, confidence))


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

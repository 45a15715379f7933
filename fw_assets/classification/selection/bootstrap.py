"""Paired bootstrap of F1 differences, which resamples groups of duplicate rows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fw_assets.classification.selection.bootstrap_units import Codes, UnitCounter
from fw_assets.classification.values import Interval

F1Values = NDArray[np.float64]

# Array elements per block of resamples: memory stays at some tens of megabytes whatever the number of rows.
_BLOCK_ELEMENTS = 4_000_000
# Drawing one group costs about a twentieth of drawing one binomial count.
_BINOMIAL_COST = 20


class F1Differences(NamedTuple):
    """Second model minus first, with 95 % percentile intervals."""

    macro: Interval
    micro: Interval


def bootstrap_f1(units: UnitCounter, *, seed: int, resamples: int = 10_000, confidence: float = 0.95) -> F1Differences:
    """Intervals of the macro- and micro-F1 differences from resampled groups.

    The macro-F1 of a resample is the mean over the labels that have rows in it. Groups with equal counts are
    one kind, and a resample is the number of times that each kind was drawn.
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
    step = max(1, _BLOCK_ELEMENTS // max(total if total < _BINOMIAL_COST * sizes.size else sizes.size, table.shape[1]))
    for start in range(0, resamples, step):
        block = slice(start, min(start + step, resamples))
        draws = _draw(generator, sizes, block.stop - start)
        counts = np.asarray(sparse @ draws.T).T.reshape(-1, 5, labels)
        macro[block], micro[block] = _differences(counts)
    all_rows = _differences((table.T @ sizes).reshape(1, 5, labels))
    return F1Differences(
        macro=_interval(all_rows[0], macro, confidence), micro=_interval(all_rows[1], micro, confidence)
    )


def randomise_f1(units: UnitCounter, *, seed: int, resamples: int = 2_000) -> float:
    """The p-value of the macro-F1 difference, two-sided: the models of each group change places by the toss of a coin.

    Approximate randomisation (Noreen 1989); the observed assignment counts as one of them, so it is never 0.
    """
    from scipy.sparse import csr_array

    kinds, labels = units.kinds(), units.labels
    sizes = kinds.sizes
    table = csr_array((kinds.counts.astype(np.float64), kinds.columns, kinds.bounds), shape=(sizes.size, 5 * labels))
    totals = (table.T @ sizes).astype(np.float64)
    change = csr_array((table[:, 3 * labels :] - table[:, labels : 3 * labels]).T)
    observed = abs(float(_differences(totals.reshape(1, 5, labels))[0][0]))
    generator, extreme = np.random.default_rng(seed), 0
    step = max(1, _BLOCK_ELEMENTS // max(sizes.size, 5 * labels))
    for start in range(0, resamples, step):
        swapped = generator.binomial(sizes, 0.5, size=(min(step, resamples - start), sizes.size))
        moved = np.asarray(change @ swapped.T.astype(np.float64)).T
        counts = np.repeat(totals[None], moved.shape[0], axis=0)
        counts[:, labels : 3 * labels] += moved
        counts[:, 3 * labels :] -= moved
        differences = np.abs(_differences(counts.reshape(-1, 5, labels))[0])
        extreme += int((differences >= observed - 1e-12).sum())
    return (extreme + 1) / (resamples + 1)


def _draw(generator: np.random.Generator, sizes: Codes, resamples: int) -> NDArray[np.float64]:
    """The number of times that each kind is drawn in each resample, shape (resamples, kinds)."""
    groups, kinds = int(sizes.sum()), sizes.size
    if groups >= _BINOMIAL_COST * kinds:
        return generator.multinomial(groups, sizes / groups, size=resamples).astype(np.float64)
    kind_of = np.repeat(np.arange(kinds, dtype=np.int32), sizes)
    drawn = kind_of[generator.integers(0, groups, size=(resamples, groups), dtype=np.int32)]
    drawn += (np.arange(resamples, dtype=np.int32) * kinds)[:, None]
    return np.bincount(drawn.ravel(), minlength=resamples * kinds).reshape(resamples, kinds).astype(np.float64)


def _differences(counts: NDArray[np.float64]) -> tuple[F1Values, F1Values]:
    """Macro- and micro-F1 differences per resample, from counts of shape (resamples, 5, labels)."""
    support, predicted_first, right_first, predicted_second, right_second = np.moveaxis(counts, 1, 0)
    present = support > 0
    labels = np.maximum(present.sum(axis=1), 1)

    def macro(right: F1Values, predicted: F1Values) -> F1Values:
        by_label = np.where(present, 2 * right / np.maximum(support + predicted, 1), 0.0)
        return np.asarray(by_label.sum(axis=1) / labels)

    def micro(right: F1Values, predicted: F1Values) -> F1Values:
        return np.asarray(2 * right.sum(axis=1) / np.maximum((support + predicted).sum(axis=1), 1))

    return (
        macro(right_second, predicted_second) - macro(right_first, predicted_first),
        micro(right_second, predicted_second) - micro(right_first, predicted_first),
    )


def _interval(value: F1Values, resampled: F1Values, confidence: float) -> Interval:
    tail = (1 - confidence) / 2
    low, high = np.quantile(resampled, [tail, 1 - tail])
    return Interval(value=float(value[0]), low=float(low), high=float(high))

"""Losses of labels between two models: whether any is more than chance, and what loss would have been seen.

The largest loss of all labels is held against those that come about when the models of each group change places by the
toss of a coin: the max-T method of Westfall and Young (1993, single step), which bounds the probability of any false
objection whatever the number of labels, and loses little where most labels hardly change.

Precision and recall are read together: a loss is one of F1. It is seen in the groups' steps of F1 (twice the rows
gained, less the pooled F1 times the answers added, of which the sum is zero where both models have one F1) or in their
steps of recall alone, which are steadier. Either is measured in standard deviations of the label's own steps, and in
those that its rows would have if all labels were equally unsteady. The smallest rank of the four counts, and is held
against its own distribution over the same tosses.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fw_assets.classification.gate_policy import GatePolicy
from fw_assets.classification.intervals import normal_quantile
from fw_assets.classification.selection.bootstrap_units import Kinds

Values = NDArray[np.float64]

TOSSES = 2_000
SEEN = 0.8
"""The probability with which a loss of `LabelLosses.seen` is seen."""

# Array elements per block of tosses: memory stays at some tens of megabytes whatever the number of rows.
_BLOCK_ELEMENTS = 4_000_000
_TINY = 1e-9


class LabelLosses(NamedTuple):
    """Losses of each label, shape (labels,); NaN for labels that are not checked.

    Attributes:
        p_values: adjusted for all labels together; 1 where neither F1 nor recall fell.
        seen: the smallest loss of recall (0 to 1), with no change of the rows of other labels, that would be an
            objection with probability `SEEN`; NaN as well where not even a loss of every right row would be.
    """

    p_values: Values
    seen: Values


class _Steps(NamedTuple):
    """What each kind of group adds to the F1 and to the recall of each checked label.

    Attributes:
        table: sparse, shape (kinds, 2 * checked): steps of F1, then of recall.
        sizes: groups of each kind.
        deviations: standard deviations of the sums of steps, by the label's own steps and by those of all labels, shape
            (2, 2 * checked); infinite where nothing changed.
    """

    table: Any
    sizes: NDArray[np.int64]
    deviations: Values


class _Counts(NamedTuple):
    """Counts of each checked label, shape (checked,).

    Attributes:
        rows: that have it; given, right: rows that the first model gave it to, and rightly.
        pooled: F1 over the answers of both models.
        group_size: mean size of the group of one of its rows.
    """

    rows: Values
    given: Values
    right: Values
    pooled: Values
    group_size: Values


def label_losses(kinds: Kinds, labels: int, policy: GatePolicy, *, seed: int = 0) -> LabelLosses:
    """The losses of the second model against the first; labels in fewer groups than `policy.label_rows` are NaN."""
    from scipy.sparse import csr_array

    losses = LabelLosses(np.full(labels, np.nan), np.full(labels, np.nan))
    shape = (kinds.sizes.size, 5 * labels)
    table = csr_array((kinds.counts.astype(np.float64), kinds.columns, kinds.bounds), shape=shape).tocsc()
    groups = (table[:, :labels] > 0).astype(np.float64).T @ kinds.sizes
    checked = np.flatnonzero(groups >= policy.label_rows)
    if not checked.size:
        return losses
    parts = [table[:, part * labels + checked] for part in range(5)]
    counts, steps = _counts(parts, kinds.sizes), _steps(parts, kinds.sizes)
    observed = -(steps.table.T @ steps.sizes)
    measured = (observed / steps.deviations).reshape(4, -1)
    maxima = np.column_stack([measured.max(axis=1), _tossed_maxima(steps, seed)])
    ranks = np.array([_ranks(row, row) for row in maxima])
    least = np.sort(ranks.min(axis=0))
    rank = np.min([_ranks(row, values) for row, values in zip(maxima, measured, strict=True)], axis=0)
    lost = (observed > _TINY).reshape(2, -1).any(axis=0)
    losses.p_values[checked] = np.where(lost, np.searchsorted(least, rank + _TINY) / least.size, 1.0)
    losses.seen[checked] = _seen(counts, steps, maxima, least, policy)
    return losses


def _counts(parts: Sequence[Any], sizes: NDArray[np.int64]) -> _Counts:
    rows, given, right, given_after, right_after = (part.T @ sizes for part in parts)
    return _Counts(
        rows=rows,
        given=given,
        right=right,
        pooled=2 * (right + right_after) / (2 * rows + given + given_after),
        group_size=parts[0].multiply(parts[0]).T @ sizes / rows,
    )


def _steps(parts: Sequence[Any], sizes: NDArray[np.int64]) -> _Steps:
    from scipy.sparse import csr_array, hstack

    counts = _counts(parts, sizes)
    _, given, right, given_after, right_after = parts
    recall = right_after - right
    f1 = 2 * recall - (given_after - given).multiply(counts.pooled[None])
    table = csr_array(hstack([f1, recall]))
    changed = np.flatnonzero(np.diff(table.indptr))
    table, sizes = table[changed], sizes[changed]
    own = table.multiply(table).T @ sizes
    weights = counts.rows * counts.group_size
    common = np.concatenate([part.sum() * weights / weights.sum() for part in np.split(own, 2)])
    variances = np.stack([own, common])
    return _Steps(table, sizes, np.sqrt(np.where(variances > 0, variances, np.inf)))


def _tossed_maxima(steps: _Steps, seed: int) -> Values:
    """The largest loss of any label in each toss, by measure and deviation: shape (4, TOSSES)."""
    generator, blocks = np.random.default_rng(seed), []
    width = max(1, _BLOCK_ELEMENTS // max(steps.sizes.size, 2 * steps.table.shape[1]))
    for start in range(0, TOSSES, width):
        number = min(width, TOSSES - start)
        upward = 2 * generator.binomial(steps.sizes, 0.5, size=(number, steps.sizes.size)) - steps.sizes
        sums = steps.table.T @ upward.T.astype(np.float64)
        blocks.append(
            np.concatenate(
                [(sums / by[:, None]).reshape(2, -1, number).max(axis=1) for by in steps.deviations],
            )
        )
    return np.concatenate(blocks, axis=1)


def _ranks(maxima: Values, values: Values) -> Values:
    """The share of the maxima that are at least each value."""
    ordered = np.sort(maxima)
    return np.asarray(1 - np.searchsorted(ordered, values - _TINY) / ordered.size)


def _limits(maxima: Values, least: Values, alphas: Values) -> Values:
    """What each of the four statistics has to exceed for a p-value below each alpha, shape (4, alphas)."""
    # The first position of the next larger rank: so many tosses have a rank up to this one.
    ends = np.searchsorted(least, least + _TINY)
    last = np.searchsorted(ends, np.ceil(alphas * least.size) - 1, side="right") - 1
    ranks = np.where(last >= 0, least[np.maximum(last, 0)], 0.0)
    return np.asarray(-np.sort(-maxima, axis=1)[:, np.round(ranks * least.size).astype(np.int64)])


def _seen(counts: _Counts, steps: _Steps, maxima: Values, least: Values, policy: GatePolicy) -> Values:
    """The smallest loss of recall that is seen with probability `SEEN`, by a normal approximation."""
    from scipy.stats import norm

    alphas = np.full(counts.rows.size, policy.alpha)
    lost = _lost_rows(counts, steps, _limits(maxima, least, alphas), policy)
    # The tosses of the lost rows themselves take their part of alpha.
    own = np.where(np.isfinite(steps.deviations[0]), steps.deviations[0], 0.0).reshape(2, -1)[1]
    tail = norm.sf((lost - counts.group_size) / np.sqrt(own**2 + counts.group_size * lost))
    lost = _lost_rows(counts, steps, _limits(maxima, least, np.maximum(alphas - tail, alphas / 10)), policy)
    right = np.maximum(counts.right, 1)
    spread = own**2 + counts.group_size * lost * np.maximum(0.0, 1 - lost / right)
    lost = lost + normal_quantile(2 * SEEN - 1) * np.sqrt(spread)
    return np.where(lost <= counts.right, lost / counts.rows, np.nan)


def _lost_rows(counts: _Counts, steps: _Steps, limits: Values, policy: GatePolicy) -> Values:
    """The rows that a label has to lose for an objection, with nothing gained."""
    own, common = np.where(np.isfinite(steps.deviations), steps.deviations, 0.0).reshape(2, 2, -1)
    each = np.stack([2 - counts.pooled, np.ones_like(counts.pooled)])
    (by_own, by_common), size = limits.reshape(2, 2, -1), counts.group_size
    # Rows lost are steps of the label as well: they add to its own deviation.
    by_own = (by_own**2 * size + np.sqrt(by_own**4 * size**2 + 4 * by_own**2 * (own / each) ** 2)) / 2
    # Half a group, since rows are lost by whole groups and a limit has to be exceeded.
    lost = np.minimum(by_own, by_common * common / each).min(axis=0) + size / 2
    # All tosses of fewer groups are no rarer than alpha.
    lost = np.maximum(lost, size * math.log2(1 / policy.alpha))
    before = 2 * counts.right / (counts.rows + counts.given)
    enough = policy.label_loss * (counts.rows + counts.given) / (2 - before + policy.label_loss)
    return np.asarray(np.maximum(lost, enough))

"""Area under the ROC curve of a confidence, with an interval that holds where rows come in groups."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fw_assets.classification.clusters import distinct
from fw_assets.classification.intervals import normal_quantile, wilson_bounds
from fw_assets.classification.values import Interval

Values = NDArray[np.float64]


def auroc(score: Values, is_out: NDArray[np.bool_], groups: NDArray[np.unsignedinteger]) -> Interval | None:
    """The chance that an in-scope row has the higher score of a pair, ties half; None where one kind is missing.

    The variance is that of the placement values (DeLong, DeLong and Clarke-Pearson 1988), summed by group (Obuchowski
    1997); the interval is Wilson's on as many rows as have it, and on no more than the rarer kind has groups.
    """
    usable = ~np.isnan(score)
    score, is_out, groups = score[usable], is_out[usable], groups[usable]
    out, within = score[is_out], score[~is_out]
    if not out.size or not within.size:
        return None
    placements = np.empty(score.size)
    placements[~is_out] = _below(out, within)
    placements[is_out] = 1 - _below(within, out)
    value = float(placements[~is_out].mean())
    sums = np.where(is_out, (placements - value) / out.size, (placements - value) / within.size)
    _, unit = np.unique(groups, return_inverse=True)
    variance = float((np.bincount(unit, weights=sums) ** 2).sum())
    rows = float(min(distinct(groups[is_out]), distinct(groups[~is_out])))
    if variance > 0:
        rows = min(rows, max(1.0, value * (1 - value) / variance))
    low, high = wilson_bounds(value, rows, normal_quantile(0.95))
    return Interval(value=value, low=min(value, float(low)), high=max(value, float(high)))


def _below(others: Values, values: Values) -> Values:
    """For each value the share of the others below it, equal ones half."""
    ordered = np.sort(others)
    below = np.searchsorted(ordered, values) + np.searchsorted(ordered, values, side="right")
    return np.asarray(below / (2 * others.size), np.float64)

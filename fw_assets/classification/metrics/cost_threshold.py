"""Threshold by cost: the confidence from which the mistakes among a model's answers cost little enough."""

from __future__ import annotations

import numpy as np

from fw_assets.classification.metrics.calibration import Calibration
from fw_assets.classification.metrics.expected_cost import RowCosts, cost_bounds, expected_cost
from fw_assets.classification.values import Frozen, Interval


class CostThreshold(Frozen):
    """The confidence from which the answers given cost at most `limit` for a row, on the validation rows.

    Attributes:
        reached: whether there is one; the other figures are meaningless otherwise.
        coverage: share of the rows that are answered; cost: for one of them.
    """

    limit: float
    reached: bool
    threshold: float
    coverage: float
    cost: Interval


def cost_threshold(rows: RowCosts, calibration: Calibration, limit: float) -> CostThreshold:
    """The lowest calibrated confidence from which the upper bound of the answers' mean cost is at most `limit`."""
    usable = np.isfinite(rows.confidences)
    confidences = calibration.apply(rows.confidences[usable])
    order = np.argsort(-confidences, kind="stable")
    confidences, costs = confidences[order], rows.costs[usable][order]
    usable_rows = rows._replace(costs=costs, groups=rows.groups[usable][order], gold=rows.gold[usable][order])
    # Of equal confidences all are answered or none.
    last = np.flatnonzero(np.append(confidences[1:] < confidences[:-1], True)) if costs.size else np.empty(0, np.int64)
    low, high = cost_bounds(usable_rows, last)
    good = np.flatnonzero(high <= limit)
    if not good.size:
        return CostThreshold(
            limit=limit, reached=False, threshold=1.0, coverage=0.0, cost=Interval(value=0.0, low=0.0, high=rows.most)
        )
    at = int(good[-1])
    end = int(last[at])
    value = float(costs[: end + 1].mean())
    return CostThreshold(
        limit=limit,
        reached=True,
        threshold=float(confidences[end]),
        coverage=(end + 1) / rows.costs.size,
        cost=Interval(value=value, low=float(low[at]), high=float(high[at])),
    )


def cost_at(rows: RowCosts, calibration: Calibration, threshold: float) -> Interval | None:
    """The mean cost of the answers with at least this calibrated confidence."""
    answered = np.isfinite(rows.confidences)
    answered[answered] = calibration.apply(rows.confidences[answered]) >= threshold
    part = rows._replace(costs=rows.costs[answered], groups=rows.groups[answered], gold=rows.gold[answered])
    return expected_cost(part)

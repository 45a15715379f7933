"""Expected cost of a model's mistakes for a row, by groups of rows, with its interval."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fw_assets.classification.clusters import earlier_in_group, unit_bounds
from fw_assets.classification.intervals import normal_quantile, wilson_bounds
from fw_assets.classification.metrics.label_codes import single_codes
from fw_assets.classification.mistake_costs import cost_matrix
from fw_assets.classification.values import Frozen, Interval

Values = NDArray[np.float64]
Costs = Mapping[str, Mapping[str, float]]

COSTED_COLUMNS = ("gold", "predicted", "outcome", "confidence", "group")
"""The columns of predictions that are read."""


class RowCosts(NamedTuple):
    """The rows that a model answered.

    Attributes:
        costs: of the answers; groups: of the rows; confidences: NaN where there is none.
        most: the highest cost of all mistakes; dear: the mean over the rows of the highest cost of each.
        constant: for each label, the mean cost of always giving it.
        gold: code of each row's label; dearest: for each label, the highest cost of a mistake on its rows.
    """

    costs: Values
    groups: NDArray[np.uint64]
    confidences: Values
    most: float
    dear: float
    constant: Values
    gold: NDArray[np.int64]
    dearest: Values


class ConstantAnswer(Frozen):
    """The label that costs least if it is always given, and its cost for a row."""

    label: str
    cost: float


def row_costs(predictions: pl.DataFrame | Iterable[pl.DataFrame], labels: Sequence[str], costs: Costs) -> RowCosts:
    """The costs of a model's answers, whole or in parts."""
    matrix = cost_matrix(costs, labels)
    parts = [predictions] if isinstance(predictions, pl.DataFrame) else predictions
    paid, groups, confidences, golds, counts = [], [], [], [np.empty(0, dtype=np.int64)], np.zeros(len(labels))
    for part in parts:
        answered = part.filter(pl.col("outcome") != "failed")
        gold, given = single_codes(answered, labels)
        paid.append(matrix[gold, given])
        groups.append(answered.get_column("group").to_numpy().astype(np.uint64))
        confidences.append(answered.get_column("confidence").cast(pl.Float64).fill_null(float("nan")).to_numpy())
        golds.append(gold.astype(np.int64))
        counts += np.bincount(gold, minlength=len(labels))
    rows = max(1.0, float(counts.sum()))
    return RowCosts(
        costs=np.concatenate([np.empty(0), *paid]),
        groups=np.concatenate([np.empty(0, dtype=np.uint64), *groups]),
        confidences=np.concatenate([np.empty(0), *confidences]),
        most=float(max(matrix.max(), 1e-9)),
        dear=float(counts @ matrix.max(axis=1)) / rows,
        constant=counts @ matrix[:, :-1] / rows,
        gold=np.concatenate(golds),
        dearest=matrix.max(axis=1),
    )


def best_constant(rows: RowCosts, labels: Sequence[str]) -> ConstantAnswer:
    """The answer that costs least if it is always given."""
    index = int(np.argmin(rows.constant))
    return ConstantAnswer(label=labels[index], cost=float(rows.constant[index]))


def expected_cost(rows: RowCosts) -> Interval | None:
    """The mean cost for a row with its 95 % interval by groups; None without rows."""
    if not rows.costs.size:
        return None
    low, high = cost_bounds(rows, np.array([rows.costs.size - 1]))
    return Interval(value=float(rows.costs.mean()), low=float(low[0]), high=float(high[0]))


def unseen_cost(
    gold: NDArray[np.int64], costs: Values, groups: NDArray[np.uint64], dearest: Values, at: NDArray[np.int64]
) -> Values:
    """How much dearer a mean row may be by mistakes that the rows until each of `at` do not show.

    On the rows of a label no mistake may have been seen, or none of the dearest. Their share is at most Wilson's upper
    bound of none in as many groups; the bounds of the labels are combined in squares (Zou and Donner 2008). Rows of a
    label are counted with one more, since a rare label may be without one.
    """
    quantile = normal_quantile(0.95) ** 2
    order = np.argsort(gold, kind="stable")
    label = gold[order]
    starts, sizes = unit_bounds(label.astype(np.uint64))
    first = (earlier_in_group(groups, costs)[0] == 0)[order]
    distinct = np.cumsum(first) - np.repeat(np.cumsum(first)[starts] - first[starts], sizes)
    number = np.arange(1, gold.size + 1) - np.repeat(starts, sizes)
    # Each label's costs lie above those of all labels before it, so that one running maximum is that of every label.
    floor = label * (dearest.max(initial=0.0) + 1)
    seen = np.maximum.accumulate(np.abs(costs[order]) + floor) - floor
    squares = ((number + 1) * (dearest[label] - seen) / (distinct + quantile)) ** 2
    before = np.concatenate([[0.0], squares[:-1]])
    before[starts] = (dearest[label[starts]] / quantile) ** 2
    change = np.empty(gold.size)
    change[order] = squares - before
    every = np.sum((dearest / quantile) ** 2) + np.cumsum(change)
    return np.asarray(quantile * np.sqrt(np.maximum(every[at], 0.0)) / (at + 1 + dearest.size))


class _Sums(NamedTuple):
    """Sums over groups i of n_i rows that cost c_i: of n_i, c_i, n_i squared, n_i * c_i, c_i squared."""

    rows: Values
    costs: Values
    row_squares: Values
    products: Values
    cost_squares: Values


def _prefix_sums(groups: NDArray[np.uint64], costs: Values) -> _Sums:
    """The sums of the first row, of the first two rows, and so on."""
    rank, earlier = earlier_in_group(groups, costs)
    now = earlier + costs
    steps = (np.ones(groups.size), costs, 2 * rank + 1, (rank + 1) * now - rank * earlier, now**2 - earlier**2)
    return _Sums(*(np.cumsum(step) for step in steps))


def cost_bounds(rows: RowCosts, at: NDArray[np.int64]) -> tuple[Values, Values]:
    """Wilson's bounds of the mean cost over the highest, on as many rows as have its variance by groups, of the rows
    until each of `at`; the upper one with the cost that may not have been seen.

    One more group without a mistake and one with the dearest mistake of a mean row are added for the variance, so that
    few rows without a mistake are not certain to have none.
    """
    if not at.size:
        return np.empty(0), np.empty(0)
    sums = _Sums(*(part[at] for part in _prefix_sums(rows.groups, rows.costs)))
    number, size = sums.rows, sums.row_squares / np.maximum(sums.rows, 1)
    more = size * rows.dear
    all_rows = number + 2 * size
    mean = (sums.costs + more) / all_rows
    squares = sums.cost_squares + more**2 - 2 * mean * (sums.products + more * size)
    variance = np.maximum(squares + mean**2 * (sums.row_squares + 2 * size**2), 1e-18) / all_rows**2
    share = np.minimum(mean / rows.most, 1 - 1e-9)
    worth = share * (1 - share) / (variance / rows.most**2)
    deviate = normal_quantile(0.95)
    pairs = [
        wilson_bounds(min(1.0, value), effective, deviate)
        for value, effective in zip((sums.costs / number / rows.most).tolist(), worth.tolist(), strict=True)
    ]
    bounds = np.array(pairs, dtype=np.float64).reshape(-1, 2) * rows.most
    means = sums.costs / number
    above = np.hypot(bounds[:, 1] - means, unseen_cost(rows.gold, rows.costs, rows.groups, rows.dearest, at))
    return bounds[:, 0], np.minimum(means + above, rows.most)

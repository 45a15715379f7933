"""Comparison of two models by what their mistakes cost: the sign-flip test of whole groups on differences of cost."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fw_assets.classification.metrics.expected_cost import Costs, unseen_cost
from fw_assets.classification.metrics.label_codes import single_codes
from fw_assets.classification.mistake_costs import COST_DIGITS, cost_matrix
from fw_assets.classification.selection.paired_counts import Frames, paired
from fw_assets.classification.selection.sign_flip import GroupDifferences, difference_interval, sign_flip_test
from fw_assets.classification.selection.verdict import Verdict, verdict
from fw_assets.classification.values import Frozen, Interval

# Units of cost over all differing groups, beyond which the exact distribution of their sum takes too long.
_MAX_UNITS = 1_000_000
_MAX_NAMED = 6


class CostComparison(Frozen):
    """The second model against the first on the rows that both answered, by the cost of mistakes for a row.

    Attributes:
        before, after: mean cost of the first, of the second model.
        saved: before minus after, with the interval that inverts the test at `level`, wider by what mistakes cost that
            these rows do not show.
        p_value: sign-flip test by group, two-sided, of the mistakes that they show.
        margin: the loss that would not matter, where a mistake costs 1: the session's.
        verdict: `better` where the second is cheaper.
        unseen: by the mistakes that these rows show alone, which `p_value` tests, the verdict would be another one.
        absent: labels without rows, those with the dearest mistakes first.
    """

    rows: int
    groups: int
    before: float
    after: float
    saved: Interval
    p_value: float
    margin: float
    verdict: Verdict
    level: float = 0.05
    unseen: bool = False
    absent: tuple[str, ...] = ()


def compare_costs(
    first: Frames, second: Frames, *, labels: Sequence[str], costs: Costs, margin: float, alpha: float = 0.05
) -> CostComparison:
    """The comparison of two prediction frames.

    Raises:
        ValueError: the frames are not about the same rows.
    """
    matrix, groups, paid, golds = cost_matrix(costs, labels), [], [], [np.empty(0, dtype=np.int64)]
    for pairs in paired(first, second):
        answered = pairs.filter((pl.col("outcome") != "failed") & (pl.col("outcome_tuned") != "failed"))
        gold, before = single_codes(answered, labels)
        renamed = answered.select("gold", pl.col("predicted_tuned").alias("predicted"))
        after = single_codes(renamed, labels)[1]
        groups.append(answered.get_column("group").to_numpy().astype(np.uint64))
        golds.append(gold.astype(np.int64))
        paid.append(np.stack([matrix[gold, before], matrix[gold, after]]))
    before_costs, after_costs = np.concatenate(paid, axis=1) if paid else np.empty((2, 0))
    of = np.concatenate([np.empty(0, dtype=np.uint64), *groups])
    differences, scale = _differences(of, before_costs - after_costs)
    saved = difference_interval(differences, 1 - alpha)
    rows = int(before_costs.size)
    gold, dearest = np.concatenate(golds), matrix.max(axis=1)
    unseen = 2 * float(matrix.max())
    if rows:
        last = np.array([rows - 1])
        unseen = float(unseen_cost(gold, before_costs - after_costs, of, dearest, last)[0])
    low, high = (math.hypot((bound - saved.value) * scale, unseen) for bound in (saved.low, saved.high))
    scaled = Interval(value=saved.value * scale, low=saved.value * scale - low, high=saved.value * scale + high)
    seen = Interval(value=scaled.value, low=saved.low * scale, high=saved.high * scale)
    absent = np.flatnonzero((np.bincount(gold, minlength=len(labels)) == 0) & (dearest > 0))
    return CostComparison(
        rows=rows,
        groups=differences.groups,
        before=float(before_costs.mean()) if rows else 0.0,
        after=float(after_costs.mean()) if rows else 0.0,
        saved=scaled,
        p_value=sign_flip_test(differences.steps).p_value,
        margin=margin,
        verdict=verdict(scaled, margin),
        level=alpha,
        unseen=verdict(seen, margin) != verdict(scaled, margin),
        absent=tuple(labels[index] for index in absent[np.argsort(-dearest[absent], kind="stable")]),
    )


def unseen_text(absent: Sequence[str]) -> str:
    """Why a comparison is left open whose seen mistakes alone would say more, after its figures."""
    text = "mistakes that these rows do not show leave it open"
    if not absent:
        return text
    names = [*absent[:_MAX_NAMED], *([f"{len(absent) - _MAX_NAMED} more"] if len(absent) > _MAX_NAMED else [])]
    named = " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)
    return f"{text}: {named} {'has' if len(absent) == 1 else 'have'} no test rows"


def _differences(groups: NDArray[np.uint64], saved: NDArray[np.float64]) -> tuple[GroupDifferences, float]:
    """The differences by group in whole units, as shares of the largest one of a row; and that one's cost."""
    cents = np.round(saved * 10**COST_DIGITS).astype(np.int64)
    unit = int(np.gcd.reduce(np.abs(cents))) or 1
    numbers, index, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    steps = np.bincount(index, weights=cents // unit, minlength=numbers.size).astype(np.int64)
    coarse = max(1, math.ceil(int(np.abs(steps).sum()) / _MAX_UNITS))
    if coarse > 1:
        steps = np.sign(steps) * np.maximum(1, np.round(np.abs(steps) / coarse).astype(np.int64)) * (steps != 0)
        unit *= coarse
    largest = max(1, math.ceil(int(np.abs(cents).max(initial=0)) / unit))
    kinds, counts = np.unique(steps[steps != 0], return_counts=True)
    rows = int(saved.size)
    differences = GroupDifferences(
        rows=rows * largest,
        groups=int(numbers.size),
        effective_rows=rows * rows / float((sizes.astype(np.float64) ** 2).sum()) if rows else 0.0,
        steps=tuple(zip(kinds.tolist(), counts.tolist(), strict=True)),
    )
    return differences, largest * unit / 10**COST_DIGITS

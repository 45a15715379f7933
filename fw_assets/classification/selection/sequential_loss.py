"""Sequential test for a loss: the draws of many nights, pooled, against one accepted draw, valid on every night.

Each unit (a group of duplicate rows) has one accepted value, such as how many of its rows were right, and one per
night. Under the hypothesis that nothing was lost the accepted value is a draw as well, as variable as those of the
nights. Let Z be the sum over units of its deviation from its mean, with variance V, and W the mean of the same sum over
t nights. (Z - W) t / (t + 1) then has uncorrelated increments and the variance V t / (t + 1), whatever the
distribution, and in the limit of many units that vary it is a Brownian motion that stops at time V. The probability
that it ever reaches u sqrt(V) is 2 (1 - Phi(u)) by the reflection principle (Lévy 1939). So one bound holds for all
nights together. The test martingale (Ramdas, Grünwald, Vovk and Shafer, Statistical Science 38, 2023) is the chance
that the bound will be reached, over what it was at first: it reaches 1 / level with the bound. V is estimated from the
nights, which leaves the level asymptotic (Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, Annals of Statistics 52,
2024).

A loss that begins late would drown in the nights before it. So a pool also begins on every night whose number is a
power of two, the j-th of them at the level over (j + 1) squared. The pools share the accepted draw, and nights end
where the motion could still go on: together they stay within the level, as `python -m benchmarks.nightly_checks`
simulates.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from fw_assets.classification.values import Frozen

Values = NDArray[np.float64]

_NORMAL = NormalDist()
_FLICKERS = 1.0
"""Squares added to those seen: two units that differ between two nights. Without it, no variation in a few nights would
count as proof that there is none."""


class Evidence(Frozen):
    """What one pool of nights says on a change, in shares of all rows.

    Attributes:
        first, nights: the first night of the pool, from 1, and how many there are.
        difference: pooled share minus the accepted one; negative is a loss.
        low, high: bounds at the level of the test, one-sided each, and valid on all nights together.
        e_value: of the test martingale against a change of at most the margin; a change is shown at 1 / level.
        shown: whether a change of more than the margin is shown.
    """

    first: int
    nights: int
    difference: float
    low: float
    high: float
    e_value: float
    shown: bool


@dataclass
class _Pool:
    first: int
    level: float
    total: Values
    squares: Values
    nights: int = 0

    def add(self, values: Values) -> None:
        self.total += values
        self.squares += values**2
        self.nights += 1

    def variance(self, accepted: Values, unit: float) -> float:
        """V, from the nights alone where there are two, since a row that was lost for good varies no more."""
        if self.nights == 1:
            return float(np.sum((accepted - self.total) ** 2)) / 2 + unit * _FLICKERS
        seen = float(np.sum(self.squares - self.total**2 / self.nights))
        return (seen + unit * _FLICKERS) / (self.nights - 1)


@dataclass
class LossSequence:
    """Pools of the nights of one sequence, which are added in order.

    Args:
        accepted: each unit's accepted value, shape (units,).
        rows: rows in all, the denominator of every share.
        margin: change, in shares of all rows, that is none.
        level: the probability of ever showing a change where there is none.
        unit: squared rows of a typical unit (the sum of squared sizes over the rows).
        two_sided: a gain is a change as well.
    """

    accepted: Values
    rows: int
    margin: float
    level: float
    unit: float = 1.0
    two_sided: bool = False
    nights: int = 0
    _pools: list[_Pool] = field(default_factory=list)

    def add(self, values: Values) -> Evidence:
        """Add a night's values, shape (units,).

        Returns:
            The evidence of the longest pool that shows a change, or else of all nights.
        """
        self.nights += 1
        if self.nights & (self.nights - 1) == 0:
            shape, rank = self.accepted.shape, len(self._pools) + 1
            level = self.level / (2 if self.two_sided else 1) / rank**2
            self._pools.append(_Pool(self.nights, level, np.zeros(shape), np.zeros(shape)))
        for pool in self._pools:
            pool.add(values)
        evidence = [self._evidence(pool) for pool in self._pools]
        return next((item for item in evidence if item.shown), evidence[0])

    def _evidence(self, pool: _Pool) -> Evidence:
        difference = float(np.sum(pool.total)) / pool.nights - float(np.sum(self.accepted))
        change = abs(difference) if self.two_sided else -difference
        spread = math.sqrt(pool.variance(self.accepted, self.unit))
        clock = pool.nights / (pool.nights + 1)
        bound = _quantile(pool.level / 2)
        position = (change - self.margin * self.rows) * clock / spread
        width = bound * spread / clock
        return Evidence(
            first=pool.first,
            nights=pool.nights,
            difference=difference / self.rows,
            low=max(-1.0, (difference - width) / self.rows),
            high=min(1.0, (difference + width) / self.rows),
            e_value=_hitting_chance(bound, position, 1 - clock) / self.level,
            shown=position >= bound,
        )


def _hitting_chance(bound: float, position: float, left: float) -> float:
    """The probability that a Brownian motion at `position` reaches `bound` in the time that is left."""
    return 1.0 if position >= bound else min(1.0, 2 * _tail((bound - position) / math.sqrt(left)))


def _quantile(upper: float) -> float:
    """The standard normal quantile that is exceeded with this probability."""
    return -_NORMAL.inv_cdf(upper)


def _tail(z: float) -> float:
    """The probability that a standard normal variable exceeds z."""
    return math.erfc(z / math.sqrt(2)) / 2

"""Sequential test for a loss: the draws of many nights, pooled, against one accepted draw, valid on every night.

Each unit (a group of duplicate rows) has one accepted value, such as how many of its rows were right, and one per
night. Under the hypothesis that nothing was lost the accepted value is a draw as well, as variable as those of the
nights. Let Z be the sum over units of its deviation from its mean, with variance V, and W the mean of the same sum over
t nights. (Z - W) t / (t + 1) then has uncorrelated increments and the variance V s with s = t / (t + 1), whatever the
distribution, and in the limit of many units that vary it is a Brownian motion, seen from time s = 1/2 on, that stops at
s = 1. The probability that it ever reaches a bound that is linear in s is known (Bachelier and Lévy; Siegmund,
Sequential Analysis, 1985), so one bound holds for all nights together. The test martingale (Ramdas, Grünwald, Vovk and
Shafer, Statistical Science 38, 2023) is the chance that the bound will be reached, over what it was at first: it
reaches 1 / level with the bound. V is estimated from the nights, which leaves the level asymptotic (Waudby-Smith,
Arbour, Sinha, Kennedy and Ramdas, Annals of Statistics 52, 2024).

A loss that begins late would drown in the nights before it. So a pool also begins on every night whose number is a
power of two, the j-th of them at the level over (j + 1) squared. The pools share the accepted draw, and the motion is
seen once a night: together they stay within the level, as `python -m benchmarks.nightly_checks` simulates.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from fw_assets.classification.values import Frozen

Values = NDArray[np.float64]

_NORMAL = NormalDist()
_STEP = 0.02
_FIRST_NIGHT = tuple(-8 + (index + 0.5) * _STEP for index in range(800))
"""Standard normal deviates of the first night, at equal distances."""
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
            The evidence of the pool that shows a change most clearly, or else of all nights.
        """
        self.nights += 1
        if self.nights & (self.nights - 1) == 0:
            shape, rank = self.accepted.shape, len(self._pools) + 1
            level = self.level / (2 if self.two_sided else 1) / rank**2
            self._pools.append(_Pool(self.nights, level, np.zeros(shape), np.zeros(shape)))
        for pool in self._pools:
            pool.add(values)
        evidence = [self._evidence(pool) for pool in self._pools]
        clearest = max(range(len(evidence)), key=lambda index: evidence[index][0])
        return evidence[clearest if evidence[clearest][1].shown else 0][1]

    def _evidence(self, pool: _Pool) -> tuple[float, Evidence]:
        """How far the pool is on its way to the bound, 1 being there, and its evidence."""
        difference = float(np.sum(pool.total)) / pool.nights - float(np.sum(self.accepted))
        change = abs(difference) if self.two_sided else -difference
        spread = math.sqrt(pool.variance(self.accepted, self.unit))
        clock = pool.nights / (pool.nights + 1)
        position = (change - self.margin * self.rows) * clock / spread
        reached = bound(pool.level, pool.nights)
        width = reached * spread / clock
        return position / reached, Evidence(
            first=pool.first,
            nights=pool.nights,
            difference=difference / self.rows,
            low=max(-1.0, (difference - width) / self.rows),
            high=min(1.0, (difference + width) / self.rows),
            e_value=_crossing_chance(_height(pool.level), position, clock) / self.level,
            shown=position >= reached,
        )


def bound(level: float, nights: int) -> float:
    """The bound after so many nights, in standard deviations of Z, which is reached with this probability at most."""
    return _bound(_height(level), nights / (nights + 1))


def _bound(height: float, clock: float) -> float:
    """The bound at time `clock`, from 0 to 1: the tangent at 1 to the height times the standard deviation."""
    return height * (1 + clock) / 2


def _crossing_chance(height: float, position: float, clock: float) -> float:
    """The probability that a Brownian motion at `position` reaches the bound between `clock` and 1."""
    gap, slope, left = _bound(height, clock) - position, height / 2, 1 - clock
    if gap <= 0:
        return 1.0
    spread = math.sqrt(left)
    return _tail((gap + slope * left) / spread) + math.exp(-2 * slope * gap) * _tail((gap - slope * left) / spread)


@lru_cache(maxsize=64)
def _height(level: float) -> float:
    """The height of the bound that the motion reaches with this probability from the first night (time 1/2) on."""
    low, high = 0.0, 10.0
    for _ in range(50):
        height = (low + high) / 2
        # The position on the first night is normal with variance 1/2; the midpoint rule on its quantiles' scale.
        chance = math.fsum(
            _crossing_chance(height, z * math.sqrt(0.5), 0.5) * _NORMAL.pdf(z) * _STEP for z in _FIRST_NIGHT
        )
        low, high = (height, high) if chance > level else (low, height)
    return high


def _tail(z: float) -> float:
    """The probability that a standard normal variable exceeds z."""
    return math.erfc(z / math.sqrt(2)) / 2

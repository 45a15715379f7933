"""Sign-flip test of two models by groups of rows, and the interval of their difference that inverts it.

A group's step is the rows of it that only the second model gets right, less those that only the first does. If both are
equally good, each step is as likely to point one way as the other (Fisher's randomisation test, 1935); with one row in
each group this is the exact McNemar test.

The interval: the exact test of every share of upward steps gives bounds for that share (Clopper and Pearson 1934, where
all steps have one size), and the difference is (2 * share - 1) * discordance. What is not known of the discordance is
added as in Newcombe, "Propagating imprecision" (Communications in Statistics 40, 2011), which leaves the sign of
both bounds as the test has it: the interval excludes zero exactly where the p-value is below 1 - confidence.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fw_assets.classification.intervals import normal_quantile, wilson_bounds
from fw_assets.classification.values import Frozen, Interval

Masses = NDArray[np.float64]

# Ways to divide a normal deviate between share and discordance; the first gives all of it to the share.
_ANGLES = np.linspace(0.0, np.pi / 2, 33)
# Standard deviations beyond which a binomial probability is negligible.
_REACH = 10.0
# Products above which a convolution is done by Fourier transform, whose errors are about 1e-16 whatever the value.
_DIRECT_PRODUCTS = 1_000_000
_NEGLIGIBLE = 1e-17


class GroupDifferences(Frozen):
    """Rows that two models answered, by group.

    Attributes:
        rows, groups: number of each.
        effective_rows: independent rows that they are worth at least: rows squared over the sum of squared group sizes.
        steps: (step, groups) for every step but zero, ascending.
    """

    rows: int
    groups: int
    effective_rows: float
    steps: tuple[tuple[int, int], ...]

    @property
    def discordance(self) -> float:
        """Sum of all steps without their signs, over the rows."""
        return sum(abs(step) * count for step, count in self.steps) / self.rows if self.rows else 0.0

    @property
    def value(self) -> float:
        """The difference of the shares, second minus first."""
        return sum(step * count for step, count in self.steps) / self.rows if self.rows else 0.0


class SignFlip(NamedTuple):
    """Two-sided p-values for the hypothesis that both models are right equally often; mid-p counts the observed case
    half."""

    p_value: float
    mid_p: float


def independent(both: int, gained: int, lost: int, neither: int) -> GroupDifferences:
    """Rows that each are a group of their own: those that both, only the second, only the first, none gets right."""
    rows = both + gained + lost + neither
    steps = tuple((step, count) for step, count in ((-1, lost), (1, gained)) if count)
    return GroupDifferences(rows=rows, groups=rows, effective_rows=float(rows), steps=steps)


def sign_flip_test(steps: Sequence[tuple[int, int]]) -> SignFlip:
    """The exact test over all assignments of signs; no p-value is 0."""
    if any(count < 0 for _, count in steps):
        raise ValueError(f"negative counts: {steps}")
    sums = _SignedSums(steps)
    if not sums.total:
        return SignFlip(1.0, 1.0)
    tail, point = sums.smaller_tail()
    least = sys.float_info.min
    return SignFlip(max(least, min(1.0, 2 * tail)), max(least, min(1.0, 2 * tail - point)))


def difference_interval(differences: GroupDifferences, confidence: float = 0.95) -> Interval:
    """The difference of the shares, second minus first, with the interval that inverts `sign_flip_test`."""
    rows, size = differences.rows, differences.effective_rows
    if not rows:
        return Interval(value=0.0, low=-1.0, high=1.0)
    discordance = differences.discordance
    if not differences.steps:
        most = wilson_bounds(0.0, size, normal_quantile(confidence))[1]
        return Interval(value=0.0, low=-float(most), high=float(most))
    sums = _SignedSums(differences.steps)
    share = sums.upward / sums.total
    low, high = sums.share_bounds(1 - confidence)
    least, most = wilson_bounds(discordance, size, normal_quantile(confidence) * np.sin(_ANGLES))
    least, most = np.minimum(least, discordance), np.maximum(most, discordance)
    below, above = (2 * _towards(bound, share) - 1 for bound in (low, high))
    return Interval(
        value=differences.value,
        low=float(np.min(below * np.where(below > 0, least, most))),
        high=float(np.max(above * np.where(above > 0, most, least))),
    )


def _towards(bound: float, share: float) -> Masses:
    """A bound of a share at less and less of its deviate, which is nearly linear in the arcsine of the root."""
    start, end = math.asin(math.sqrt(share)), math.asin(math.sqrt(bound))
    moved = np.sin(start + np.cos(_ANGLES) * (end - start)) ** 2
    moved[0] = bound
    return np.asarray(moved)


class _SignedSums:
    """The distribution of the sum of upward steps, when each is upward with the same probability."""

    def __init__(self, steps: Sequence[tuple[int, int]]) -> None:
        counts: dict[int, int] = {}
        for step, count in steps:
            if count:
                counts[abs(step)] = counts.get(abs(step), 0) + count
        unit = math.gcd(*counts) or 1
        self._counts = sorted((size // unit, count) for size, count in counts.items())
        self.upward = sum(step * count for step, count in steps if step > 0) // unit
        self.total = sum(size * count for size, count in self._counts)

    def smaller_tail(self) -> tuple[float, float]:
        """Of even chances: the probability of a sum as far out as the observed one, on its side; and of that sum."""
        fewer = min(self.upward, self.total - self.upward)
        if len(self._counts) == 1:
            from scipy.special import bdtr

            number = self.total
            logarithm = math.lgamma(number + 1) - math.lgamma(fewer + 1) - math.lgamma(number - fewer + 1)
            return float(bdtr(fewer, number, 0.5)), math.exp(logarithm - number * math.log(2))
        if not fewer:
            tail = 0.5 ** sum(count for _, count in self._counts)
            return tail, tail
        from scipy.optimize import brentq
        from scipy.special import expit

        # Exponential tilting: chances under which the observed sum is the mean, so that no small number is lost.
        sizes, counts = np.array(self._counts, dtype=np.float64).T
        tilt = brentq(lambda at: float(counts @ (sizes * expit(at * sizes))) - fewer, -800.0, 1e-9)
        start, masses = self._masses(expit(tilt * sizes))
        until = masses[: fewer - start + 1]
        logarithm = float(counts @ (np.logaddexp(0.0, tilt * sizes) - math.log(2))) - tilt * fewer
        weights = np.exp(logarithm - tilt * np.arange(1 - until.size, 1))
        return float(until @ weights), float(until[-1] * weights[-1])

    def share_bounds(self, alpha: float) -> tuple[float, float]:
        """The shares of upward steps that a test at `alpha` does not reject."""
        total, upward = self.total, self.upward
        if len(self._counts) == 1:
            from scipy.special import betaincinv

            low = float(betaincinv(upward, total - upward + 1, alpha / 2)) if upward else 0.0
            high = float(betaincinv(upward + 1, total - upward, 1 - alpha / 2)) if upward < total else 1.0
            return low, high

        from scipy.optimize import brentq

        def at_least(share: float) -> float:
            start, masses = self._masses(np.full(len(self._counts), share))
            return float(masses[max(0, upward - start) :].sum()) - alpha / 2

        def at_most(share: float) -> float:
            start, masses = self._masses(np.full(len(self._counts), share))
            return float(masses[: max(0, upward - start + 1)].sum()) - alpha / 2

        low = brentq(at_least, 0.0, 1.0, xtol=1e-9) if upward else 0.0
        high = brentq(at_most, 0.0, 1.0, xtol=1e-9) if upward < total else 1.0
        # The root of the bound next to one half is not known to the last digit, whether it is rejected is.
        tail, _ = self.smaller_tail()
        if (2 * tail < alpha) != (low > 0.5 or high < 0.5):
            nudge = 1e-8 if 2 * tail < alpha else 0.0
            low, high = (0.5 + nudge, high) if 2 * upward > total else (low, 0.5 - nudge)
        return low, high

    def _masses(self, shares: Masses) -> tuple[int, Masses]:
        """The first sum that has a probability, and the probabilities from there on.

        Args:
            shares: of upward steps, for each size.
        """
        start, masses = 0, np.ones(1)
        for (size, count), share in zip(self._counts, shares.tolist(), strict=True):
            first, binomial = _binomial(count, share)
            spread = np.zeros(size * (binomial.size - 1) + 1)
            spread[::size] = binomial
            start += size * first
            if masses.size * spread.size <= _DIRECT_PRODUCTS:
                masses = np.convolve(masses, spread)
            else:
                from scipy.signal import fftconvolve

                masses = fftconvolve(masses, spread)
                known = np.flatnonzero(masses > _NEGLIGIBLE)
                start, masses = start + int(known[0]), np.maximum(masses[known[0] : known[-1] + 1], 0.0)
        return start, masses


def _binomial(count: int, share: float) -> tuple[int, Masses]:
    """Probabilities of a binomial distribution around its mean, and the first number that has one."""
    from scipy.special import gammaln, xlog1py, xlogy

    reach = _REACH * (math.sqrt(count * share * (1 - share)) + 1)
    first, last = max(0, math.floor(count * share - reach)), min(count, math.ceil(count * share + reach))
    number = np.arange(first, last + 1)
    ways = gammaln(count + 1) - gammaln(number + 1) - gammaln(count - number + 1)
    return first, np.exp(ways + xlogy(number, share) + xlog1py(count - number, -share))

"""Difference of the shares of two sets of rows that have no row in common, each of rows that may come in groups.

The bounds of a share are exact (Clopper and Pearson 1934), on the rows over their design effect (Korn and Graubard,
Survey Methodology 24, 1998): the interval holds for few rows and for shares near 1, where scores are far from normal.
The distances from a share to its bounds add up in squares to those of the difference (Newcombe, Statistics in Medicine
17, 1998, method 10; Zou and Donner, the same 27, 2008). Groups with rows on both sides make the difference more certain
than that; the interval leaves it out.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from fw_assets.classification.clusters import ShareSums
from fw_assets.classification.values import Interval

_LEAST_P = 1e-12
_MOST_LEVEL = 0.999


class Share(NamedTuple):
    """A share, the independent rows that its rows are worth, and the groups less one that tell how many those are.

    `freedom` is infinite where every row is a group of its own.
    """

    value: float
    size: float
    freedom: float


def share_of(sums: ShareSums) -> Share:
    """The share of sums of one code, which have rows."""
    rows, groups = float(sums.rows[0]), float(sums.groups[0])
    size = rows / float(sums.design_effects()[0])
    return Share(float(sums.hits[0]) / rows, size, groups - 1 if rows > groups else math.inf)


def share_difference(first: Share, second: Share, level: float = 0.05) -> Interval:
    """The second share less the first, with its interval of confidence 1 - `level`."""
    (low, high), (other_low, other_high) = _bounds(second, level), _bounds(first, level)
    value = second.value - first.value
    return Interval(
        value=value,
        low=max(-1.0, value - math.hypot(second.value - low, other_high - first.value)),
        high=min(1.0, value + math.hypot(high - second.value, first.value - other_low)),
    )


def share_difference_p(first: Share, second: Share) -> float:
    """The two-sided p-value for equal shares: the level below which the interval of `share_difference` holds 0."""
    from scipy.optimize import brentq

    def beyond(logarithm: float) -> float:
        interval = share_difference(first, second, math.exp(logarithm))
        return interval.high if interval.value < 0 else -interval.low

    if first.value == second.value or beyond(0.0) >= 0:
        return 1.0
    least = math.log(_LEAST_P)
    return _LEAST_P if beyond(least) <= 0 else math.exp(brentq(beyond, least, 0.0, xtol=1e-10))


def _bounds(share: Share, level: float) -> tuple[float, float]:
    from scipy.special import betaincinv, ndtri, stdtrit

    size = share.size
    if math.isfinite(share.freedom):
        # The design effect is itself estimated from so many groups.
        # Towards a level of 1 both quantiles go to 0, and their ratio to a limit.
        half = min(level, _MOST_LEVEL) / 2
        size *= float(ndtri(half) / stdtrit(share.freedom, half)) ** 2
    hits = share.value * size
    low = float(betaincinv(hits, size - hits + 1, level / 2)) if share.value > 0 else 0.0
    high = float(betaincinv(hits + 1, size - hits, 1 - level / 2)) if share.value < 1 else 1.0
    return low, high

"""Confidence intervals of proportions and of the difference of two paired proportions."""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from fw_assets.classification.values import Interval

Counts = NDArray[np.int64]
Shares = NDArray[np.float64]
Number = TypeVar("Number", float, Shares)


@lru_cache(maxsize=64)
def normal_quantile(confidence: float) -> float:
    """The two-sided standard normal quantile: 1.96 for a confidence of 0.95."""
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def wilson(successes: int, rows: int, confidence: float = 0.95) -> Interval:
    """A share of successes with its score interval (Wilson 1927); the bounds are 0 and 1 without rows.

    Raises:
        ValueError: `successes` is negative or above `rows`.
    """
    if not 0 <= successes <= rows:
        raise ValueError(f"{successes} successes out of {rows} rows")
    if rows == 0:
        return Interval(value=0.0, low=0.0, high=1.0)
    share = successes / rows
    centre, half = _wilson_centre(share, rows, confidence), float(wilson_half_width(share, rows, confidence))
    # At the ends rounding would leave bounds such as 1e-17 in place of 0 and 1.
    return Interval(
        value=share,
        low=0.0 if successes == 0 else max(0.0, centre - half),
        high=1.0 if successes == rows else min(1.0, centre + half),
    )


def wilson_low(successes: Counts, rows: Counts, confidence: float = 0.95) -> Shares:
    """The lower Wilson bounds of many shares at once; `rows` must be positive."""
    sizes = rows.astype(np.float64)  # integers would overflow when squared, from 3e9 rows on
    shares = successes / sizes
    return _wilson_centre(shares, sizes, confidence) - wilson_half_width(shares, sizes, confidence)


def wilson_half_width(share: Number, rows: Number, confidence: float = 0.95) -> Number:
    """Half the width of the Wilson interval of a share on `rows` rows, which must be positive."""
    z = normal_quantile(confidence)
    spread: Number = np.sqrt(share * (1 - share) / rows + z * z / (4 * rows * rows))
    return z / (1 + z * z / rows) * spread


def _wilson_centre(share: Number, rows: Number, confidence: float) -> Number:
    z = normal_quantile(confidence)
    return (share + z * z / (2 * rows)) / (1 + z * z / rows)


def paired_difference(both: int, gained: int, lost: int, neither: int, confidence: float = 0.95) -> Interval:
    """The difference (second minus first) of two success shares on the same rows, with its interval.

    Newcombe's square-and-add interval for paired proportions (Statistics in Medicine 17, 1998, method 10):
    the Wilson bounds of both shares, joined with their continuity-corrected correlation.

    Args:
        both: rows that both get right; `gained`: only the second; `lost`: only the first; `neither`: none.
    """
    rows = both + gained + lost + neither
    if rows == 0:
        return Interval(value=0.0, low=-1.0, high=1.0)
    second, first = wilson(both + gained, rows, confidence), wilson(both + lost, rows, confidence)
    correlation = _correlation(both, gained, lost, neither)
    difference = (gained - lost) / rows
    below = _joint_distance(second.value - second.low, first.high - first.value, correlation)
    above = _joint_distance(second.high - second.value, first.value - first.low, correlation)
    return Interval(value=difference, low=max(-1.0, difference - below), high=min(1.0, difference + above))


def _joint_distance(second: float, first: float, correlation: float) -> float:
    return math.sqrt(max(0.0, second * second - 2 * correlation * second * first + first * first))


def _correlation(both: int, gained: int, lost: int, neither: int) -> float:
    margins = (both + gained) * (lost + neither) * (both + lost) * (gained + neither)
    if margins == 0:
        return 0.0
    product: float = both * neither - gained * lost
    if product > 0:
        product = max(0.0, product - (both + gained + lost + neither) / 2)
    return product / math.sqrt(margins)

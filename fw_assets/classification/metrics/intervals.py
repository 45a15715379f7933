"""Confidence intervals of proportions and of the difference of two paired proportions."""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

from fw_assets.classification.values import Interval


@lru_cache(maxsize=64)
def normal_quantile(confidence: float) -> float:
    """The two-sided standard normal quantile: 1.96 for a confidence of 0.95."""
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def wilson(successes: int, rows: int, confidence: float = 0.95) -> Interval:
    """The share of successes with its score interval (Wilson 1927).

    Without rows nothing is known: value 0 with the bounds 0 and 1.
    """
    if not 0 <= successes <= rows:
        raise ValueError(f"{successes} successes out of {rows} rows")
    if rows == 0:
        return Interval(value=0.0, low=0.0, high=1.0)
    z = normal_quantile(confidence)
    share = successes / rows
    scale = 1 + z * z / rows
    centre = (share + z * z / (2 * rows)) / scale
    half = z / scale * math.sqrt(share * (1 - share) / rows + z * z / (4 * rows * rows))
    return Interval(
        value=share,
        low=0.0 if successes == 0 else max(0.0, centre - half),
        high=1.0 if successes == rows else min(1.0, centre + half),
    )


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
    below = _joined(second.value - second.low, first.high - first.value, correlation)
    above = _joined(second.high - second.value, first.value - first.low, correlation)
    return Interval(value=difference, low=max(-1.0, difference - below), high=min(1.0, difference + above))


def _joined(one: float, other: float, correlation: float) -> float:
    return math.sqrt(max(0.0, one * one - 2 * correlation * one * other + other * other))


def _correlation(both: int, gained: int, lost: int, neither: int) -> float:
    margins = (both + gained) * (lost + neither) * (both + lost) * (gained + neither)
    if margins == 0:
        return 0.0
    product = both * neither - gained * lost
    if product > 0:
        product = max(0.0, product - (both + gained + lost + neither) / 2)  # type: ignore[assignment]
    return product / math.sqrt(margins)

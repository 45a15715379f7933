"""Confidence intervals of proportions."""

from __future__ import annotations

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


def wilson(successes: int, rows: int, confidence: float = 0.95, design_effect: float = 1.0) -> Interval:
    """A share of successes with its score interval (Wilson 1927); the bounds are 0 and 1 without rows.

    Args:
        design_effect: rows over the independent rows that they are worth (`clusters.ShareSums.design_effects`).

    Raises:
        ValueError: `successes` is negative or above `rows`.
    """
    if not 0 <= successes <= rows:
        raise ValueError(f"{successes} successes out of {rows} rows")
    if rows == 0:
        return Interval(value=0.0, low=0.0, high=1.0)
    share = successes / rows
    size = rows if design_effect == 1 else rows / design_effect
    centre, half = _wilson_centre(share, size, confidence), float(wilson_half_width(share, size, confidence))
    # At the ends rounding would leave bounds such as 1e-17 in place of 0 and 1.
    return Interval(
        value=share,
        low=0.0 if successes == 0 else max(0.0, centre - half),
        high=1.0 if successes == rows else min(1.0, centre + half),
    )


def wilson_low(
    successes: Counts, rows: Counts, confidence: float = 0.95, design_effects: Shares | float = 1.0
) -> Shares:
    """The lower Wilson bounds of many shares at once; `rows` must be positive."""
    sizes = rows.astype(np.float64)  # integers would overflow when squared, from 3e9 rows on
    shares = successes / sizes
    sizes = sizes / design_effects
    return _wilson_centre(shares, sizes, confidence) - wilson_half_width(shares, sizes, confidence)


def wilson_bounds(share: float, rows: float, deviates: Shares | float) -> tuple[Shares, Shares]:
    """The Wilson bounds of one share for many standard normal deviates; `rows` must be positive."""
    squares = np.square(deviates) / rows
    centre = (share + squares / 2) / (1 + squares)
    half = np.sqrt(share * (1 - share) * squares + squares * squares / 4) / (1 + squares)
    return np.asarray(np.maximum(centre - half, 0.0)), np.asarray(np.minimum(centre + half, 1.0))


def wilson_half_width(share: Number, rows: Number, confidence: float = 0.95) -> Number:
    """Half the width of the Wilson interval of a share on `rows` rows, which must be positive."""
    z = normal_quantile(confidence)
    spread: Number = np.sqrt(share * (1 - share) / rows + z * z / (4 * rows * rows))
    return z / (1 + z * z / rows) * spread


def _wilson_centre(share: Number, rows: Number, confidence: float) -> Number:
    z = normal_quantile(confidence)
    return (share + z * z / (2 * rows)) / (1 + z * z / rows)

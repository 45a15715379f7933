"""Adjustment of paired tests that are made together, and the smallest difference that such a test can detect."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """P-values after Holm's step-down adjustment, which bounds the probability of any false claim by alpha."""
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = highest
    return tuple(adjusted)


def holm_levels(p_values: Sequence[float], alpha: float = 0.05) -> tuple[float, ...]:
    """The level at which Holm's procedure judges each test: it is below its level exactly where `holm` is below alpha.

    Once a test fails, all that follow are judged at its level.
    """
    levels = [alpha] * len(p_values)
    level, failed = alpha, False
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda index: p_values[index])):
        level = level if failed else alpha / (len(p_values) - rank)
        failed = failed or p_values[index] >= level
        levels[index] = level
    return tuple(levels)


def smallest_detectable_difference(
    rows: int, discordant_rate: float = 0.2, alpha: float = 0.05, power: float = 0.8
) -> float:
    """The smallest true difference in accuracy (0 to 1) that a paired test on `rows` rows detects with `power`.

    Connor's sample size formula for McNemar's test (Biometrics 43, 1987) solved for the difference.

    Args:
        discordant_rate: share of rows on which exactly one of the models is right; it is raised to the difference
            where it is smaller than that.
    """
    if rows <= 0:
        return 1.0
    normal = NormalDist()
    z_alpha, z_power = normal.inv_cdf(1 - alpha / 2), normal.inv_cdf(power)

    def rows_needed(difference: float) -> float:
        rate = max(discordant_rate, difference)
        spread = z_alpha * math.sqrt(rate) + z_power * math.sqrt(rate - difference * difference)
        return (spread / difference) ** 2

    if rows_needed(1.0) > rows:
        return 1.0
    low, high = 1e-9, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if rows_needed(middle) <= rows else (middle, high)
    return high

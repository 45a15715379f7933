"""Adjustment of paired tests that are made together."""

from __future__ import annotations

from collections.abc import Sequence


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

"""Confidence of a decision: one number from a distribution, by the formulas of the System One contract."""

from __future__ import annotations

from collections.abc import Sequence


def choice_confidence(distribution: Sequence[float]) -> float:
    """How far the most probable option is above chance, 0 to 1: (max - 1/n) / (1 - 1/n)."""
    chance = 1 / len(distribution)
    return min(1.0, max(0.0, (max(distribution) - chance) / (1 - chance)))


def score_confidence(distribution: Sequence[float]) -> float:
    """1 less the mean distance from the most probable level, by that of a uniform distribution from its middle; not
    below 0."""
    mode = max(range(len(distribution)), key=distribution.__getitem__)
    middle = (len(distribution) - 1) / 2
    distance = sum(p * abs(level - mode) for level, p in enumerate(distribution))
    uniform = sum(abs(level - middle) for level in range(len(distribution))) / len(distribution)
    return min(1.0, max(0.0, 1 - distance / uniform))

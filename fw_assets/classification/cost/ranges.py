"""Ranges: low, expected and high value of a quantity that is not known yet."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterable

from pydantic import model_validator

from fw_assets.classification.values import Frozen


class Range(Frozen):
    """`low <= expected <= high`, all in the same unit."""

    low: float
    expected: float
    high: float

    @model_validator(mode="after")
    def _ordered(self) -> Range:
        if not self.low <= self.expected <= self.high:
            raise ValueError(f"{self.low} <= {self.expected} <= {self.high} does not hold")
        return self

    def __add__(self, other: Range) -> Range:
        return _by_bound(operator.add, self, other)

    def times(self, factor: float) -> Range:
        """The range multiplied by a factor that is not negative."""
        return Range(low=self.low * factor, expected=self.expected * factor, high=self.high * factor)

    def scaled_by(self, factor: Range) -> Range:
        """The range multiplied by a factor that is not known exactly, and not negative."""
        return _by_bound(operator.mul, self, factor)


NOTHING = Range(low=0.0, expected=0.0, high=0.0)


def exactly(value: float) -> Range:
    """The range of a known value."""
    return Range(low=value, expected=value, high=value)


def total(ranges: Iterable[Range]) -> Range:
    """The sum of lows, of expected values and of highs, which is wider than for independent quantities."""
    return sum(ranges, start=NOTHING)


def longest(ranges: Iterable[Range]) -> Range:
    """The duration of things that run in parallel: the maximum of each bound."""
    return functools.reduce(lambda first, second: _by_bound(max, first, second), ranges, NOTHING)


def _by_bound(combine: Callable[[float, float], float], first: Range, second: Range) -> Range:
    return Range(
        low=combine(first.low, second.low),
        expected=combine(first.expected, second.expected),
        high=combine(first.high, second.high),
    )

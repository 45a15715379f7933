"""A figure that is not known yet: what it may come down to, what is expected, what it may rise to."""

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
        """Every bound multiplied by a factor that is not negative."""
        return Range(low=self.low * factor, expected=self.expected * factor, high=self.high * factor)


NOTHING = Range(low=0.0, expected=0.0, high=0.0)


def exactly(value: float) -> Range:
    """A figure that is known."""
    return Range(low=value, expected=value, high=value)


def total(ranges: Iterable[Range]) -> Range:
    """The sum; all bounds move together, so it is wider than independent figures would make it."""
    return sum(ranges, start=NOTHING)


def longest(ranges: Iterable[Range]) -> Range:
    """The duration of things that run side by side: the longest of each bound."""
    return functools.reduce(lambda one, other: _by_bound(max, one, other), ranges, NOTHING)


def _by_bound(combine: Callable[[float, float], float], one: Range, other: Range) -> Range:
    return Range(
        low=combine(one.low, other.low),
        expected=combine(one.expected, other.expected),
        high=combine(one.high, other.high),
    )

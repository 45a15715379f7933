"""Interval bounds as report.json has them."""

from __future__ import annotations

from fw_assets.classification.values import Interval

Bounds = tuple[float, float]
"""The low and the high end of a 95 % interval, on the scale of its figure."""


def bounds(interval: Interval) -> Bounds:
    return (interval.low, interval.high)

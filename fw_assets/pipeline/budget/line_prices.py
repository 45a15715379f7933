"""Arithmetic on an estimate line: its highest price, an item's share of it, and the price of actual quantities."""

from __future__ import annotations

import math

from fw_assets.classification.cost.cost_lines import CostLine, CostPart
from fw_assets.classification.cost.prices import Item

HOURS: Item = "deployment-hour"
TRAINING: Item = "training"


def high_usd(line: CostLine, share: float = 1.0) -> float:
    """The most that a share of a line can cost, in US dollars; parts of unknown price count nothing."""
    return line.known_usd.high * share


def item_share(line: CostLine, item: str) -> float:
    """The share of a line's high figure that one item has; 1 where nothing has a price."""
    high = {part.item: part.usd.high for part in line.parts if part.usd is not None}
    total = sum(high.values())
    return high.get(item, 0.0) / total if total else 1.0


def has_price(line: CostLine | None, item: str) -> bool:
    """Whether what a line holds covers an item: each of its parts has a price."""
    parts = [part for part in line.parts if part.item == item] if line else []
    return bool(parts) and all(part.usd is not None for part in parts)


def quantities_usd(line: CostLine | None, quantities: dict[str, float], hour_usd: float | None = None) -> float | None:
    """US dollars of quantities (by item, in the line's units) at the line's prices; None if a price is unknown.

    Args:
        hour_usd: the price of an hour of the deployment, where it is not the line's.
    """
    if line is None:
        return None
    total = 0.0
    for part in line.parts:
        if part.item not in quantities:
            continue
        price = hour_usd if part.item == HOURS and hour_usd is not None else part.price.per_unit
        if price is None:
            return None
        total += price * quantities[part.item]
    return total


def max_deployment_hours(line: CostLine | None, hour_usd: float | None = None) -> float:
    """The hours of a deployment that a line's high figure pays; infinite where they cost nothing or nobody knows what.

    Args:
        hour_usd: as for `quantities_usd`. At a lower price than the line's there are no more hours than the line has,
            and neither are there where the line has no price.
    """
    hours = _hours(line)
    if hours is None or not (hour_usd or hours.price.usd):
        return math.inf
    if hours.usd is None:
        return hours.quantity.high
    return min(hours.quantity.high, hours.usd.high / hour_usd if hour_usd else math.inf)


def usd_at_hour(line: CostLine, hour_usd: float) -> float:
    """The most that a line can cost, in US dollars, if an hour of its deployment costs so much."""
    hours = _hours(line)
    if hours is None:
        return high_usd(line)
    return high_usd(line) - (hours.usd.high if hours.usd else 0.0) + hour_usd * hours.quantity.high


def _hours(line: CostLine | None) -> CostPart | None:
    return next((part for part in line.parts if part.item == HOURS), None) if line else None

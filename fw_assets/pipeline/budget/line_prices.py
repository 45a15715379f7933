"""Arithmetic on an estimate line: its highest price, an item's share of it, and the price of actual quantities."""

from __future__ import annotations

import math

from fw_assets.classification.cost.cost_lines import CostLine


def high_usd(line: CostLine, share: float = 1.0) -> float:
    """The most that a share of a line can cost, in US dollars; parts of unknown price count nothing."""
    return line.known_usd.high * share


def item_share(line: CostLine, item: str) -> float:
    """The share of a line's high figure that one item has; 1 where nothing has a price."""
    high = {part.item: part.usd.high for part in line.parts if part.usd is not None}
    total = sum(high.values())
    return high.get(item, 0.0) / total if total else 1.0


def quantities_usd(line: CostLine | None, quantities: dict[str, float]) -> float | None:
    """US dollars of quantities (by item, in the line's units) at the line's prices; None if a price is unknown."""
    if line is None:
        return None
    total = 0.0
    for part in line.parts:
        if part.item not in quantities:
            continue
        if part.price.per_unit is None:
            return None
        total += part.price.per_unit * quantities[part.item]
    return total


def max_deployment_hours(line: CostLine | None) -> float:
    """The high figure of a deployment's hours; infinite where they cost nothing or have no known price."""
    parts = [part for part in line.parts if part.item == "deployment-hour"] if line else []
    return parts[0].quantity.high if parts and parts[0].price.usd else math.inf

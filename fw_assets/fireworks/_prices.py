"""The platform's own price list, where it has one."""

from __future__ import annotations

from typing import Any

from ._errors import NotFound
from ._http import Wire


async def price_list(wire: Wire) -> list[dict[str, Any]] | None:
    """Entries with `model`, `item`, `unit` and `usd`; None when the platform publishes no list."""
    try:
        answer = await wire.get("/v1/prices")
    except NotFound:
        return None
    return [entry for entry in answer.get("prices") or [] if isinstance(entry, dict)]

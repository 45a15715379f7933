"""The platform's own price list, where it has one."""

from __future__ import annotations

from typing import Any

from ._errors import NotFound
from ._http import HttpClient


async def price_list(http: HttpClient) -> list[dict[str, Any]] | None:
    """Entries with `model`, `item`, `unit` and `usd`; None when the platform publishes no list."""
    try:
        response = await http.get("/v1/prices")
    except NotFound:
        return None
    return [entry for entry in response.get("prices") or [] if isinstance(entry, dict)]

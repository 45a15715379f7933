"""The platform's own price list, where it has one."""

from __future__ import annotations

from typing import Any

from ._errors import ApiError, RateLimited, ServerError, UnexpectedResponse
from ._http import HttpClient


async def price_list(http: HttpClient) -> list[dict[str, Any]] | None:
    """Entries with `model`, `item`, `unit` and `usd`; None when the platform publishes no list.

    Raises:
        UnexpectedResponse: an answer without a list. Taken for an empty one it would change every price.
    """
    try:
        response = await http.get("/v1/prices")
    except ApiError as error:
        # A service that has no such call says so by 404, 403, 405 or 501; what is wrong with the key, others will tell.
        if 400 <= error.status < 500 and not isinstance(error, RateLimited | ServerError):
            return None
        raise
    entries = response.get("prices")
    if not isinstance(entries, list):
        raise UnexpectedResponse("/v1/prices: the platform's price list is no list; ask again, or tell whoever runs it")
    return [entry for entry in entries if isinstance(entry, dict)]

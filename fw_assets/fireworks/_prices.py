"""The platform's own price list, where it has one."""

from __future__ import annotations

from typing import Any

from ._errors import ApiError, PlatformFault, RateLimited, UnexpectedResponse
from ._http import HttpClient

_NO_SUCH_CALL = (400, 401, 403, 404, 405, 410, 422, 501)
"""What services without such a call answer; what is wrong with the key, other calls tell."""


async def price_list(http: HttpClient) -> list[dict[str, Any]] | None:
    """Entries with `model`, `item`, `unit` and `usd`; None when the platform publishes no list.

    Raises:
        ApiError: it does not say so. Taken for no list, trouble or an unpaid bill would change every price.
        UnexpectedResponse: an answer without a list. Taken for an empty one it would change every price.
    """
    try:
        response = await http.get("/v1/prices")
    except ApiError as error:
        if error.status in _NO_SUCH_CALL and not isinstance(error, RateLimited | PlatformFault):
            return None
        raise
    entries = response.get("prices")
    if not isinstance(entries, list):
        raise UnexpectedResponse("/v1/prices: the platform's price list is no list; ask again, or tell whoever runs it")
    return [entry for entry in entries if isinstance(entry, dict)]

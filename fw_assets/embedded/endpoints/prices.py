"""The price list, an addition of this platform."""

from __future__ import annotations

from typing import Any

from fw_assets.embedded.http.handler import ApiRequest
from fw_assets.embedded.records.price_list import price_list


def get(request: ApiRequest) -> dict[str, Any]:
    """Get the price list."""
    return {"prices": price_list(request.platform)}

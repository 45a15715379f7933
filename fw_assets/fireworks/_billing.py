"""Billing summary: what the account was billed for, by whole days."""

from __future__ import annotations

import datetime as dt

from pydantic import Field

from ._errors import FireworksError
from ._http import HttpClient
from ._logger import log
from ._resources import ApiValue, Money, parse_value


class LineItem(ApiValue):
    """One item of the bill; `grouping_value` is mostly a model, `total_cost` what was billed for it."""

    category: str = ""
    grouping_key: str = ""
    grouping_value: str = ""
    secondary_grouping_key: str = ""
    secondary_grouping_value: str = ""
    quantity: float = Field(0.0, allow_inf_nan=False)
    unit_amount: Money | None = None
    total_cost: Money | None = None


class BillingSummary(ApiValue):
    """The account's bill of some days, whatever caused it."""

    line_items: tuple[LineItem, ...] = ()


async def billing_summary(http: HttpClient, account: str, first: dt.date, last: dt.date) -> BillingSummary | None:
    """The bill of the days (UTC) from `first` to `last`; None where the platform does not answer, asked once."""
    query = {
        "startTime": f"{first.isoformat()}T00:00:00Z",
        "endTime": f"{(last + dt.timedelta(days=1)).isoformat()}T00:00:00Z",
    }
    try:
        return parse_value(BillingSummary, await http.get_once(f"/v1/accounts/{account}/billing/summary", query))
    except FireworksError as error:
        log.info("no billing summary: %s", error)
        return None

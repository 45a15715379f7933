"""The account's own bill of the days of a run, where its platform tells it."""

from __future__ import annotations

import datetime as dt
import math

from fw_assets.classification.errors import InputError
from fw_assets.fireworks import BillingSummary, FireworksError
from fw_assets.pipeline.budget.account import PlanAccount
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.report.schema.cost import BilledItem, Billing

MAX_ITEMS = 30
"""Line items that a report shows, the dearest first; the others are one item."""


def billed_days(platform: Platform, account: PlanAccount) -> Billing | None:
    """The bill from the day of the first payment to today; None where nothing was paid, or nobody answers."""
    entries = account.entries()
    if not entries:
        return None
    first = dt.datetime.fromisoformat(min(entry.at for entry in entries)).astimezone(dt.UTC).date()
    today = dt.datetime.now(dt.UTC).date()
    try:
        summary = platform.call(lambda client: client.billing_summary(first, today))
    except (FireworksError, InputError, OSError):
        return None  # a report needs no platform
    return None if summary is None else _billing(summary, first, today)


def _billing(summary: BillingSummary, first: dt.date, last: dt.date) -> Billing | None:
    items = []
    for item in summary.line_items:
        usd = item.total_cost.usd if item.total_cost else 0.0
        if usd is None:
            return None  # a sum over currencies says nothing
        batch = item.secondary_grouping_key == "is_batch" and item.secondary_grouping_value == "true"
        name = f"{item.grouping_value}{', batch' if batch else ''}"
        items.append(BilledItem(category=item.category, name=name, quantity=item.quantity, usd=round(usd, 6)))
    total = round(math.fsum(item.usd for item in items), 6)
    items.sort(key=lambda item: -item.usd)
    rest = items[MAX_ITEMS:]
    if rest:
        usd = round(math.fsum(item.usd for item in rest), 6)
        items[MAX_ITEMS:] = [BilledItem(category="Others", name=f"{len(rest):,} items", quantity=len(rest), usd=usd)]
    return Billing(first_day=first.isoformat(), last_day=last.isoformat(), usd=total, items=tuple(items))

"""The account's own bill in a report: there where it is told, absent where it is not."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fw_assets.fireworks import BillingSummary, LineItem, Money
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.reporting.billing import billed_days
from fw_assets_tests.embedded.conftest import grammar
from fw_assets_tests.pipeline.budget.fixed_account import FixedAccount, fixed_account
from fw_assets_tests.pipeline.price_changes import USUAL, charge_at
from fw_assets_tests.report.workflow import planned


@pytest.fixture
def account(tmp_path: Path) -> FixedAccount:
    account = fixed_account(tmp_path, planned()[0])
    account.pay("sweep/m", "job", 10, "tokens", 1.0)
    return account


def test_a_bill_is_read_where_the_platform_tells_one(tmp_path: Path, account: FixedAccount) -> None:
    platform = Platform("embedded", tmp_path / "platform")
    assert billed_days(platform, account) is None, "nothing is billed there"
    charge_at(platform.home, USUAL)
    body = {
        "model": "accounts/fireworks/models/char-ngram",
        "messages": [{"role": "user", "content": "hello"}],
        "response_format": grammar("billing", "technical"),
    }
    platform.call(lambda client: client.chat(body))
    today = dt.datetime.now(dt.UTC).date()
    billed = billed_days(platform, account)
    assert billed is not None
    assert billed.first_day == account.entries()[0].at[:10]
    assert billed.last_day in (today.isoformat(), (today + dt.timedelta(days=1)).isoformat()), "midnight may pass"
    assert [item.name for item in billed.items] == ["char-ngram", "char-ngram"]
    assert billed.usd == pytest.approx(sum(item.usd for item in billed.items))
    assert billed.usd > 0
    (platform.home / "faults.json").write_text(json.dumps({"lacks": "billing"}))
    assert billed_days(platform, account) is None


class LongBill:
    """A platform that bills each of many items at its number."""

    def __init__(self, currency: str) -> None:
        self._currency = currency

    def call(self, work: Callable[[Any], Awaitable[BillingSummary | None]]) -> BillingSummary | None:
        async def billing_summary(*_: object) -> BillingSummary:
            costs = (Money(units=number, currency_code=self._currency) for number in range(100))
            return BillingSummary(line_items=tuple(LineItem(total_cost=cost) for cost in costs))

        return asyncio.run(
            cast("Coroutine[Any, Any, BillingSummary]", work(SimpleNamespace(billing_summary=billing_summary)))
        )


def test_a_long_bill_shows_its_dearest_items_and_another_currency_none(account: FixedAccount) -> None:
    billed = billed_days(cast("Platform", LongBill("USD")), account)
    assert billed is not None
    assert billed.usd == sum(range(100))
    assert [item.usd for item in billed.items[:2]] == [99, 98]
    assert (len(billed.items), billed.items[-1].name, billed.items[-1].usd) == (31, "70 items", sum(range(70)))
    assert billed_days(cast("Platform", LongBill("EUR")), account) is None


def test_no_platform_and_no_payment_are_no_bill(tmp_path: Path, account: FixedAccount) -> None:
    unreachable = Platform("fireworks", tmp_path / "platform", account_id="acme")
    assert billed_days(unreachable, account) is None, "no key is set"
    empty = fixed_account(tmp_path / "empty", planned()[0])
    assert billed_days(Platform("embedded", tmp_path / "platform"), empty) is None

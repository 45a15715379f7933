"""What the account was billed for, where the platform tells it."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest

from .fake import answers, client_of, reply

DAYS = (dt.date(2026, 11, 26), dt.date(2026, 11, 27))


def test_the_bill_is_asked_for_whole_days_of_which_the_last_is_not_the_end() -> None:
    item = {
        "category": "Text Completion",
        "groupingKey": "model",
        "groupingValue": "qwen3-8b",
        "quantity": 1234.0,
        "totalCost": {"currencyCode": "USD", "units": "2", "nanos": 500_000_000},
    }
    client, recorder, _ = client_of(answers(reply(200, {"lineItems": [item]})))
    summary = asyncio.run(client.billing_summary(*DAYS))
    assert summary is not None
    assert [(line.grouping_value, line.total_cost and line.total_cost.usd) for line in summary.line_items] == [
        ("qwen3-8b", 2.5)
    ]
    (request,) = recorder.requests
    assert request.url.path == "/v1/accounts/acme/billing/summary"
    assert dict(request.url.params) == {"startTime": "2026-11-26T00:00:00Z", "endTime": "2026-11-28T00:00:00Z"}


@pytest.mark.parametrize("status", [400, 403, 404, 429, 500, 501, 503])
def test_a_platform_that_does_not_answer_is_asked_once(status: int) -> None:
    client, recorder, _ = client_of(answers(reply(status, {"message": "no"})))
    assert asyncio.run(client.billing_summary(*DAYS)) is None
    assert len(recorder.requests) == 1


def test_a_bill_that_cannot_be_read_is_none() -> None:
    client, _, _ = client_of(answers(reply(200, {"lineItems": "much"})))
    assert asyncio.run(client.billing_summary(*DAYS)) is None

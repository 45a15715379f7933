"""The bill at rehearsed prices: jobs, tokens and hours by whole days."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from fw_assets_tests.embedded.conftest import Client, grammar, labelled_rows

MODEL = "accounts/fireworks/models/char-ngram"
PRICES = {"inference-input": 1e6, "inference-output": 2e6, "training": 1e6, "deployment-hour": 3600.0}
PATH = "/v1/accounts/local/billing/summary"


def period(days: int = 1) -> str:
    today = dt.datetime.now(dt.UTC).date()
    return f"?startTime={today}T07:18:29Z&endTime={today + dt.timedelta(days=days)}T00:00:00Z"


def charge(client: Client) -> None:
    units = {"deployment-hour": "hour"}
    prices = [
        {"model": MODEL, "item": item, "unit": units.get(item, "1M tokens"), "usd": usd} for item, usd in PRICES.items()
    ]
    (client.home / "prices.json").write_text(json.dumps({"prices": prices}))


def test_everything_that_has_a_price_is_billed_on_its_day(client: Client) -> None:
    charge(client)
    client.dataset("train", labelled_rows())
    client.job("j")
    job = client.finished("j")
    question = {"model": MODEL, "messages": [{"role": "user", "content": "the app crashed"}]}
    answer = client.post("/inference/v1/chat/completions", question | {"response_format": grammar("a", "b")})
    usage = answer["usage"]
    items = client.get(f"{PATH}{period()}")["lineItems"]
    billed = {(item["category"], item["groupingValue"]): item["totalCost"] for item in items[:1]}
    assert billed == {("Fine-Tuning", "char-ngram"): job["estimatedCost"]}
    tokens = [(item["quantity"], item["totalCost"]["units"]) for item in items[1:]]
    assert tokens == [
        (usage["prompt_tokens"], str(usage["prompt_tokens"])),
        (usage["completion_tokens"], str(2 * usage["completion_tokens"])),
    ]
    assert client.get(f"{PATH}{period(0)}")["lineItems"] == [], "the last day is not part of the period"


@pytest.mark.parametrize("query", ["", "?startTime=yesterday&endTime=2026-11-27", "?startTime=2026-11-27T00:00:00Z"])
def test_a_period_needs_two_days(client: Client, query: str) -> None:
    charge(client)
    assert client.get(f"{PATH}{query}", status=400)["code"] == 3


def test_what_costs_nothing_is_not_billed(client: Client) -> None:
    assert client.get(f"{PATH}{period()}", status=501)["code"] == 12

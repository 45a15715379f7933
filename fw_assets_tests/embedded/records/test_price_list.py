"""Prices: free by default, those of a price file in a rehearsal."""

from __future__ import annotations

import json

import pytest

from fw_assets.embedded import rehearse_prices
from fw_assets.embedded.engine.registry import base_models
from fw_assets_tests.embedded.conftest import Client, labelled_rows


def test_everything_is_free_until_prices_are_rehearsed(client: Client) -> None:
    prices = client.get("/v1/prices")["prices"]
    assert len(prices) == 4 * len(base_models())
    assert {price["usd"] for price in prices} == {0.0}
    model = "accounts/fireworks/models/char-ngram"
    path = client.home / "list.json"
    path.write_text(
        json.dumps({"prices": [{"model": model, "item": "training", "unit": "1M tokens", "usd": 5000000.0}]})
    )
    rehearse_prices(client.home, path)
    client.dataset("train", labelled_rows(1))
    tokens = int(client.get("/v1/accounts/local/datasets/train")["estimatedTokenCount"])
    cost = client.job("j", epochs=3)["estimatedCost"]
    assert (int(cost["units"]), cost["nanos"]) == (5 * tokens * 3, 0)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read: No such file"),
        ("{", "expected JSON"),
        ("\xff", "expected JSON"),
        ("[]", "expected JSON"),
    ],
)
def test_a_file_that_is_none_is_refused_by_name(client: Client, content: str | None, said: str) -> None:
    path = client.home / "list.json"
    if content is not None:
        path.write_text(content, "latin-1")
    with pytest.raises(ValueError, match=rf"list\.json: .*{said}"):
        rehearse_prices(client.home, path)
    with pytest.raises(ValueError, match="cannot be read: Is a directory"):
        rehearse_prices(client.home, client.home)


@pytest.mark.parametrize(
    "price",
    [
        {"model": "m", "item": "lunch", "unit": "hour", "usd": 1},
        {"model": "m", "item": "training", "unit": "hour", "usd": 1},
        {"model": "m", "item": "training", "unit": "1M tokens", "usd": -1},
        {"model": "m"},
    ],
)
def test_a_wrong_price_list_is_refused(client: Client, price: dict[str, object]) -> None:
    path = client.home / "list.json"
    path.write_text(json.dumps({"prices": [price]}))
    with pytest.raises(ValueError, match=r"list\.json"):
        rehearse_prices(client.home, path)

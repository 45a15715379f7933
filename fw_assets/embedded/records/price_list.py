"""Prices: nothing costs anything here, unless a price list is put in the home to rehearse with."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import msgspec

from fw_assets.embedded.engine import REGISTRY
from fw_assets.embedded.http.endpoint import Call
from fw_assets.embedded.store.platform import Platform
from fw_assets.embedded.store.resource_ids import PUBLISHER, resource_name

UNITS = {
    "inference-input": "1M tokens",
    "inference-output": "1M tokens",
    "training": "1M tokens",
    "deployment-hour": "hour",
}
FILE = "prices.json"


class Price(msgspec.Struct, frozen=True):
    """US dollars per unit of one item of one model (full name)."""

    model: str
    item: str
    unit: str
    usd: float


class _PriceList(msgspec.Struct):
    prices: list[Price]


def get(call: Call) -> dict[str, Any]:
    """The price list (an addition of this platform)."""
    return {"prices": price_list(call.platform)}


def price_list(platform: Platform) -> list[Price]:
    """Every base model's prices: those of `prices.json` in the home, zero where it says nothing."""
    path = platform.home / FILE
    given = read_price_file(path) if path.exists() else []
    known = {(price.model, price.item): price for price in given}
    for id in REGISTRY:
        model = resource_name(PUBLISHER, "models", id)
        for item, unit in UNITS.items():
            known.setdefault((model, item), Price(model, item, unit, 0.0))
    return list(known.values())


def read_price_file(path: Path) -> list[Price]:
    """The prices of a file `{"prices": [{"model", "item", "unit", "usd"}]}`.

    Raises:
        ValueError: it is no such file, or has an unknown item, another unit than ours, or a negative price.
    """
    try:
        prices = msgspec.json.decode(path.read_bytes(), type=_PriceList).prices
    except msgspec.DecodeError as error:
        raise ValueError(f"{path}: not a price list: {error}") from None
    for index, price in enumerate(prices):
        if UNITS.get(price.item) != price.unit:
            expected = ", ".join(f"{item} per {unit}" for item, unit in UNITS.items())
            raise ValueError(f"{path}: prices[{index}]: {price.item!r} per {price.unit!r}; expected {expected}")
        if not (price.usd >= 0 and math.isfinite(price.usd)):
            raise ValueError(f"{path}: prices[{index}].usd: {price.usd}; expected 0 or more")
    return prices


def rehearse_prices(home: Path, path: Path) -> None:
    """Make the platform in `home` charge by the price file at `path`.

    Raises:
        ValueError: the file is no price list.
    """
    prices = read_price_file(path)
    home.mkdir(parents=True, exist_ok=True)
    temporary = home / f".{FILE}"
    temporary.write_bytes(msgspec.json.encode({"prices": prices}))
    temporary.replace(home / FILE)


def training_cost(platform: Platform, model: str, tokens: int, epochs: float) -> dict[str, Any]:
    """tokens x epochs at the model's training price, as google.type.Money."""
    price = next(
        (price.usd for price in price_list(platform) if price.model == model and price.item == "training"),
        0.0,
    )
    nanos = round(tokens * epochs / 1e6 * price * 1e9)
    return {"currencyCode": "USD", "units": str(nanos // 10**9), "nanos": nanos % 10**9}

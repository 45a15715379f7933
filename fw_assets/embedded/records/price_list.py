"""Prices: zero on this platform, unless `prices.json` in the home is a price list to rehearse with."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from fw_assets.embedded.engine.registry import base_models
from fw_assets.embedded.records.model_documents import base_id, own_bases
from fw_assets.embedded.store.embedded_platform import EmbeddedPlatform
from fw_assets.embedded.store.resource_names import MODELS, PUBLISHER, resource_name

ACCELERATOR_HOUR = "accelerator-hour"
"""Priced by the type of the accelerators, which deployments have by `Faults.accelerators` alone."""
UNITS = {
    "inference-input": "1M tokens",
    "inference-output": "1M tokens",
    "training": "1M tokens",
    "deployment-hour": "hour",
}
FILE = "prices.json"


class ListedPrice(msgspec.Struct, frozen=True):
    """US dollars per unit of one item of one model (full name), or of one type of accelerators."""

    model: str
    item: str
    unit: str
    usd: float


class _PriceFile(msgspec.Struct):
    prices: list[ListedPrice]


def price_list(platform: EmbeddedPlatform) -> list[ListedPrice]:
    """The prices of the home's price file, and a price of zero for every other item of a base model.

    A base model of the account costs what the one costs whose weights it has.
    """
    path = platform.home / FILE
    prices = {(price.model, price.item): price for price in (read_price_file(path) if path.exists() else [])}
    for id in base_models():
        model = resource_name(PUBLISHER, MODELS, id)
        for item, unit in UNITS.items():
            prices.setdefault((model, item), ListedPrice(model, item, unit, 0.0))
    for own in own_bases(platform):
        for item, unit in UNITS.items():
            engine = prices[resource_name(PUBLISHER, MODELS, base_id(own)), item]
            prices.setdefault((own["name"], item), ListedPrice(own["name"], item, unit, engine.usd))
    return list(prices.values())


def read_price_file(path: Path) -> list[ListedPrice]:
    """The prices of a file `{"prices": [{"model", "item", "unit", "usd"}]}`.

    Raises:
        ValueError: it cannot be read, is not such a file, or has an unknown item, another unit than its item's, or a
            negative price.
    """
    try:
        prices = msgspec.json.decode(path.read_bytes(), type=_PriceFile).prices
    except OSError as error:
        raise ValueError(f"{path}: cannot be read: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        expected = 'expected JSON, {"prices": [{"model": ..., "item": ..., "unit": ..., "usd": ...}]}'
        raise ValueError(f"{path}: not a price list: {error}; {expected}") from None
    for index, price in enumerate(prices):
        units = {**UNITS, ACCELERATOR_HOUR: "hour"}
        if units.get(price.item) != price.unit:
            expected = ", ".join(f"{item} per {unit}" for item, unit in units.items())
            raise ValueError(f"{path}: prices[{index}]: {price.item!r} per {price.unit!r}; expected {expected}")
        if not (price.usd >= 0 and math.isfinite(price.usd)):
            raise ValueError(f"{path}: prices[{index}].usd: {price.usd}; expected 0 or more")
    return prices


def rehearse_prices(home: Path, path: Path) -> None:
    """Make the platform in `home` charge by the price file at `path`.

    Raises:
        ValueError: the file is not a price list.
    """
    prices = read_price_file(path)
    home.mkdir(parents=True, exist_ok=True)
    temporary = home / f".{FILE}"
    temporary.write_bytes(msgspec.json.encode({"prices": prices}))
    temporary.replace(home / FILE)


def training_cost(platform: EmbeddedPlatform, model: str, tokens: int, epochs: float) -> dict[str, Any]:
    """tokens x epochs at the model's training price, as google.type.Money."""
    prices = {price.model: price.usd for price in price_list(platform) if price.item == "training"}
    return money(tokens * epochs / 1e6 * prices.get(model, 0.0))


def usd(amount: Mapping[str, Any]) -> float:
    """google.type.Money as US dollars."""
    return int(amount["units"]) + int(amount["nanos"]) / 1e9


def money(usd: float) -> dict[str, Any]:
    """US dollars as google.type.Money."""
    nanos = round(usd * 1e9)
    return {"currencyCode": "USD", "units": str(nanos // 10**9), "nanos": nanos % 10**9}

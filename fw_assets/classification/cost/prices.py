"""Price book: layers of prices with unit, source and date, in which an unknown price stays unknown."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from fw_assets.classification.errors import InputError, Problem
from fw_assets.classification.values import Frozen
from fw_assets.classification.yaml_file import read_yaml

Item = Literal[
    "inference-input",
    "inference-output",
    "tuned-inference-input",
    "tuned-inference-output",
    "training",
    "deployment-hour",
    "tuned-deployment-hour",
    "accelerator-hour",
]
MAX_ACCELERATORS = 1_000
"""Of one replica. Deployments have 1 to 16."""
UNITS: Mapping[str, str] = {
    "inference-input": "1M tokens",
    "inference-output": "1M tokens",
    "tuned-inference-input": "1M tokens",
    "tuned-inference-output": "1M tokens",
    "training": "1M tokens",
    "deployment-hour": "hour",
    "tuned-deployment-hour": "hour",
    "accelerator-hour": "hour",
}


BROADER: Mapping[str, Item] = {"tuned-deployment-hour": "deployment-hour"}
"""Item whose price holds for another one that a layer has none for: what is fine-tuned costs as its base."""
OF_BASE = "; it is that of the base model, as nothing that was trained from it exists yet to ask for"
"""Ending of the source of a quote for deployments of what is fine-tuned, where the platform cannot quote these."""


def _as_text(value: Any) -> Any:
    """A date or number that a person wrote where text is expected, as that text."""
    if isinstance(value, dt.date):  # YAML reads a bare 2026-11-01 as a date; a datetime is one too
        return value.isoformat()
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Text = Annotated[str, BeforeValidator(_as_text)]


class Price(Frozen):
    """One price in US dollars per unit.

    It applies to `model` (the id without its account); without a model, to every model of at most
    `max_parameters` parameters; without either, to every model. `usd` null: the price is not known.
    A `tuned-deployment-hour` is of the deployments of what is fine-tuned from `model`.
    The `model` of an `accelerator-hour` is the type of the accelerator, such as `NVIDIA_H200_141GB`.
    `source` is where it was read, `date` (ISO) when it held.
    """

    item: Item
    usd: float | None = Field(ge=0, le=1e9, allow_inf_nan=False)
    unit: str = ""
    """The unit that `usd` is for; left out, it is the item's own (`UNITS`)."""
    model: Text | None = None
    max_parameters: float | None = Field(None, gt=0)
    source: Text = ""
    date: Text = ""

    @model_validator(mode="after")
    def _unit_of_item(self) -> Price:
        if self.unit != UNITS[self.item]:
            raise ValueError(f"{self.item} is priced per {UNITS[self.item]}, not per {self.unit}")
        return self

    @model_validator(mode="before")
    @classmethod
    def _default_unit(cls, value: Any) -> Any:
        if isinstance(value, dict) and not value.get("unit"):
            return {**value, "unit": UNITS.get(str(value.get("item")), "")}
        return value

    @property
    def per_unit(self) -> float | None:
        """US dollars per single token, or per hour."""
        if self.usd is None:
            return None
        return self.usd / 1e6 if self.unit == "1M tokens" else self.usd


class PriceBook(Frozen):
    """Layers of prices; the first layer with a price for an item wins.

    Within a layer a price for the model itself wins over one for the model that it was trained from, which wins over
    the smallest size band that holds it, which wins over a price for every model.
    """

    layers: tuple[tuple[Price, ...], ...]

    def price(self, model: str, item: Item, parameters: int | None = None, base_model: str = "") -> Price:
        """The price of an item for a model (full name or id); `usd` is null when no layer knows it.

        Where a layer has a price for the broader item alone (`BROADER`), it is that price.

        Args:
            base_model: of an adapter, what it was trained from.
        """
        short, base = (name.rsplit("/", 1)[-1] for name in (model, base_model))
        broader = BROADER.get(item, item)
        for layer in self.layers:
            for wanted in dict.fromkeys((item, broader)):
                price = _price_in([price for price in layer if price.item == wanted], short, base, parameters)
                if price is not None:
                    return price
        return Price(item=broader, usd=None, unit=UNITS[item], model=short, source="no price is published")

    def with_layer(self, prices: Iterable[Price]) -> PriceBook:
        """The book with a layer that wins over all others."""
        layer = tuple(prices)
        return PriceBook(layers=(layer, *self.layers)) if layer else self


def _price_in(prices: Sequence[Price], model: str, base: str, parameters: int | None) -> Price | None:
    """The price of one item in a layer; None where it has none for the model."""
    named = {price.model.rsplit("/", 1)[-1]: price for price in reversed(prices) if price.model is not None}
    if model in named or base in named:
        return named.get(model) or named[base]
    bands = [
        price
        for price in prices
        if price.model is None
        and price.max_parameters is not None
        and parameters is not None
        and parameters <= price.max_parameters
    ]
    if bands:
        return min(bands, key=lambda price: price.max_parameters or 0.0)
    return next((price for price in prices if price.model is None and price.max_parameters is None), None)


def accelerators_price(book: PriceBook, model: str, type: str, count: int) -> Price | None:
    """The price of an hour of a model's deployment on so many accelerators; None where theirs is not known.

    None as well for a number of them that no replica has.
    """
    one = book.price(type, "accelerator-hour")
    if one.usd is None or not 0 < count <= MAX_ACCELERATORS:
        return None
    return Price(
        item="deployment-hour",
        model=model.rsplit("/", 1)[-1],
        usd=count * one.usd,
        source=f"quoted by the platform: {count} x {type} at ${one.usd:.2f} an hour ({one.source})",
        date=one.date,
    )


def platform_prices(entries: Sequence[Mapping[str, Any]] | None, date: str) -> tuple[Price, ...]:
    """The prices that a platform publishes for itself, as `{"model", "item", "unit", "usd"}` each.

    Items that are not in `UNITS` are left out, since no cost line uses them.

    Raises:
        InputError: a price is no amount of money; names each of them.
    """
    prices, problems = [], []
    for entry in entries or ():
        item = entry.get("item")
        if item not in UNITS:
            continue
        fields = {"item": item, "usd": entry.get("usd"), "model": entry.get("model")}
        try:
            prices.append(Price.model_validate({**fields, "source": "published by the platform", "date": date}))
        except ValidationError as error:
            reasons = "; ".join(f"{'.'.join(map(str, part['loc']))}: {part['msg']}" for part in error.errors())
            message = f"{item} of {entry.get('model')}: {reasons} (found {entry.get('usd')!r})"
            problems.append(Problem(kind="prices", field="the platform's price list", message=message))
    if problems:
        raise InputError(problems, advice="Name a price file by FW_PRICES, or tell whoever runs the platform.")
    return tuple(prices)


@cache
def shipped_prices() -> PriceBook:
    """The prices shipped with this version; `prices.json` has the source and date of each."""
    text = resources.files(__package__).joinpath("prices.json").read_text("utf-8")
    return PriceBook(layers=(tuple(Price.model_validate(entry) for entry in json.loads(text)["prices"]),))


def read_prices(path: Path) -> tuple[Price, ...]:
    """A user's own prices from JSON or YAML: a list of prices, or a mapping with the list under `prices`.

    Raises:
        InputError: the file cannot be read, or some entries are not prices; names each of them.
    """
    content = read_yaml(path, "prices")
    entries = content.get("prices") if isinstance(content, dict) else content
    if not isinstance(entries, list):
        message = "expected a list of prices, e.g. `- {item: training, model: qwen3-8b, usd: 0.5}`"
        raise InputError([Problem(kind="prices", file=str(path), message=message)])
    prices, problems = [], []
    for number, entry in enumerate(entries):
        try:
            price = Price.model_validate(entry)
            prices.append(price if price.source else price.model_copy(update={"source": path.name}))
        except ValidationError as error:
            problems += [
                Problem(
                    kind="prices",
                    file=str(path),
                    field=".".join([f"prices[{number}]", *map(str, item["loc"])]),
                    message=f"{item['msg']} (found {item['input']!r})",
                )
                for item in error.errors(include_url=False)
            ]
    if problems:
        raise InputError(problems, advice=f"The items are {', '.join(UNITS)}; `usd: null` means unknown.")
    return tuple(prices)


def per_1000_answers(usd_per_hour: float | None, rows_per_hour: float) -> float | None:
    """US dollars for 1,000 answers of a deployment that is up all the time, as even traffic keeps it."""
    return None if usd_per_hour is None else 1000 * usd_per_hour / rows_per_hour

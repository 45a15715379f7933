"""Catalogue of the platform: the models that it lists now, and their prices."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from pydantic import ValidationError

from fw_assets.classification.catalogue.models import CatalogueModel, resolve_models
from fw_assets.classification.catalogue.tuning_grid import PublishedCell
from fw_assets.classification.cost.durations import EMBEDDED_TIMING, FIREWORKS_TIMING
from fw_assets.classification.cost.estimate import Pricing
from fw_assets.classification.cost.prices import Price, PriceBook, platform_prices, read_prices, shipped_prices
from fw_assets.classification.cost.token_estimates import BYTE_PAIR, COUNTED
from fw_assets.classification.errors import InputError
from fw_assets.classification.session import Session
from fw_assets.classification.values import digest
from fw_assets.fireworks import Fireworks, Model
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.settings import settings

log = logging.getLogger("fw_assets.workspace")


class PricedCatalogue(NamedTuple):
    """The models that a platform lists, and the price book."""

    models: tuple[CatalogueModel, ...]
    prices: PriceBook

    @property
    def fingerprint(self) -> str:
        """Digest of everything that a plan can state of it."""
        layers = [[(p.item, p.model, p.max_parameters, p.usd) for p in layer] for layer in self.prices.layers]
        return digest([list(self.models), layers])


@dataclass(frozen=True)
class Offer:
    """The session's models, and what turns their text into money and minutes."""

    models: tuple[CatalogueModel, ...]
    pricing: Pricing


async def catalogue(client: Fireworks) -> tuple[CatalogueModel, ...]:
    """Every base model that the platform lists now."""
    return tuple(catalogue_model(model) for model in await client.models())


def catalogue_model(model: Model) -> CatalogueModel:
    """A model of the API as the domain has it."""
    defaults = model.fine_tuning_defaults
    return CatalogueModel(
        name=model.name,
        display_name=model.display_name,
        parameter_count=model.parameter_count,
        context_length=model.context_length,
        tunable=model.can_tune,
        serverless=model.supports_serverless,
        batch=model.can_batch,
        supports_lora=model.supports_lora,
        grid=tuple(_published_cells(model)) or None,
        learning_rate_range=defaults.learning_rate_range if defaults else None,
        lora_ranks=model.lora_ranks,
        batch_size=defaults.batch_size_samples if defaults else None,
        kind=model.kind,
        retired=str(model.deprecation_date),
        unusable="" if model.status.ok else model.status.message or model.status.code,
    )


async def tunable_ids(client: Fireworks) -> list[str]:
    """The ids of the models that can be evaluated and fine-tuned."""
    return [m.slug for m in await catalogue(client) if m.refusal(tunable=True, inference=None) is None]


def _published_cells(model: Model) -> Iterator[PublishedCell]:
    """The points of the model's own grid that a job can have; the others are left out, with a warning."""
    for point in model.fine_tuning_defaults.grid if model.fine_tuning_defaults else ():
        try:
            yield PublishedCell(lora_rank=point.lora_rank, learning_rate=point.learning_rate, epochs=point.epochs)
        except ValidationError as error:
            field, reason = error.errors()[0]["loc"][0], error.errors()[0]["msg"]
            log.warning("%s: a point of its published grid is left out: %s: %s", model.name, field, reason)


async def read_priced_catalogue(client: Fireworks) -> PricedCatalogue:
    """Every base model that the platform lists now, and the price book: the user's prices, the platform's, ours.

    Raises:
        InputError: the price file is wrong.
    """
    own = own_prices()
    models, published = await catalogue(client), await client.price_list()
    prices = shipped_prices().with_layer(platform_prices(published, dt.datetime.now(dt.UTC).date().isoformat()))
    return PricedCatalogue(models, prices.with_layer(own))


def priced_catalogue(platform: Platform) -> PricedCatalogue:
    """As `read_priced_catalogue`, with a client of its own."""
    own_prices()  # a wrong file is an error before any request
    return platform.call(read_priced_catalogue)


def own_prices() -> tuple[Price, ...]:
    """The prices of the user's own file; none without one.

    Raises:
        InputError: the file that `FW_PRICES` names cannot be read, or is no list of prices.
    """
    path = settings().fw_prices
    if path is None:
        return ()
    try:
        return read_prices(path)
    except InputError as error:
        advice = f"{error.advice} FW_PRICES names this file: correct it, or unset the variable.".strip()
        raise InputError(error.problems, advice=advice, counts=error.counts) from None


def offer(platform: Platform, session: Session, priced: PricedCatalogue) -> Offer:
    """The session's models with their prices.

    Raises:
        InputError: a model cannot be used, with the nearest that can.
    """
    pricing = platform_pricing(platform, priced.prices)
    tunable = session.mode == "fine-tune"
    models = resolve_models(session.models, priced.models, tunable=tunable, inference=session.inference)
    return Offer(models, pricing)


def platform_pricing(platform: Platform, prices: PriceBook) -> Pricing:
    """What turns text into money and minutes on this platform."""
    if platform.is_embedded:
        return Pricing(prices=prices, ratio=COUNTED, timing=EMBEDDED_TIMING, base_answers_freely=False)
    return Pricing(prices=prices, ratio=BYTE_PAIR, timing=FIREWORKS_TIMING)

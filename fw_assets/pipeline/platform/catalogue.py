"""Catalogue of the platform: the models that it lists now, and their prices."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple

from fw_assets.classification.catalogue.arm_models import with_arms
from fw_assets.classification.catalogue.model_names import resolve_models
from fw_assets.classification.catalogue.models import CatalogueModel
from fw_assets.classification.catalogue.warm_start import WarmStart, resolve_warm_start
from fw_assets.classification.cost.durations import EMBEDDED_TIMING, FIREWORKS_TIMING
from fw_assets.classification.cost.prices import Price, PriceBook, platform_prices, read_prices, shipped_prices
from fw_assets.classification.cost.pricing import Pricing
from fw_assets.classification.cost.token_estimates import BYTE_PAIR, COUNTED
from fw_assets.classification.cost.vocabularies import VOCABULARIES
from fw_assets.classification.errors import InputError
from fw_assets.classification.session import Session
from fw_assets.classification.values import digest
from fw_assets.fireworks import Fireworks, FireworksError
from fw_assets.pipeline.platform.entries import catalogue_model
from fw_assets.pipeline.platform.named_models import own_entries, with_candidates
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.settings import settings


class PricedCatalogue(NamedTuple):
    """The models that a platform lists, and the price book."""

    models: tuple[CatalogueModel, ...]
    prices: PriceBook

    @property
    def fingerprint(self) -> str:
        """Digest of everything that a plan can state of it."""
        layers = [[(p.item, p.model, p.max_parameters, p.usd) for p in layer] for layer in self.prices.layers]
        models = [model.model_copy(update={"speed": None}) for model in self.models]
        return digest([models, layers])


@dataclass(frozen=True)
class Offer:
    """The session's models, each followed by itself under its arms, and what turns text into money and minutes."""

    models: tuple[CatalogueModel, ...]
    pricing: Pricing
    warm_start: WarmStart | None = None


async def catalogue(client: Fireworks) -> tuple[CatalogueModel, ...]:
    """Every base model that the platform lists now."""
    return tuple(catalogue_model(model) for model in await client.models())


_HOSTED_MODELS = (
    "This is the embedded platform, with models on this machine alone; those of the Fireworks service are there with "
    "FW_PLATFORM=fireworks and its FIREWORKS_API_KEY"
)


async def tunable_models(client: Fireworks) -> list[CatalogueModel]:
    """The models that can be evaluated and fine-tuned."""
    return [model for model in await catalogue(client) if model.refusal(tunable=True, inference=None) is None]


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
        InputError: a model cannot be used, with the nearest that can, or cannot be continued.
    """
    pricing = platform_pricing(platform, priced.prices)
    tunable = session.mode == "fine-tune"
    models = resolve_models(
        session.candidates,
        priced.models,
        tunable=tunable,
        inference=session.inference,
        elsewhere=_HOSTED_MODELS if platform.is_embedded else "",
    )
    return Offer(with_arms(models, session), pricing, resolve_warm_start(session, models, priced.models))


def named_candidates(platform: Platform, session: Session, priced: PricedCatalogue) -> PricedCatalogue:
    """The catalogue with the models outside of it that the session names, by a client of its own."""
    models = platform.call(lambda client: with_candidates(client, priced.models, session))
    return PricedCatalogue(models, priced.prices)


class AccountModels(NamedTuple):
    """The account's own models, the newest first, and why they cannot be listed; empty where they can."""

    models: tuple[CatalogueModel, ...]
    error: str = ""


def account_models(platform: Platform, priced: PricedCatalogue) -> AccountModels:
    """The account's own models, by a client of its own."""
    try:
        return AccountModels(platform.call(lambda client: own_entries(client, priced.models)))
    except FireworksError as error:
        return AccountModels((), str(error))


def platform_pricing(platform: Platform, prices: PriceBook) -> Pricing:
    """What turns text into money and minutes on this platform."""
    if platform.is_embedded:
        return Pricing(prices=prices, ratio=COUNTED, timing=EMBEDDED_TIMING, base_answers_freely=False)
    return Pricing(prices=prices, ratio=BYTE_PAIR, timing=FIREWORKS_TIMING, vocabularies=VOCABULARIES)

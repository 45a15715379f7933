"""What the platform offers now: its models, as the domain reads them, and their prices."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from fw_assets.classification.catalogue.models import CatalogueModel, resolve_models
from fw_assets.classification.catalogue.tuning_grid import PublishedCell
from fw_assets.classification.cost.durations import EMBEDDED_TIMING, FIREWORKS_TIMING
from fw_assets.classification.cost.estimate import Pricing
from fw_assets.classification.cost.prices import PriceBook, platform_prices, read_prices, shipped_prices
from fw_assets.classification.cost.token_estimates import BYTE_PAIR, COUNTED
from fw_assets.classification.session import Session
from fw_assets.fireworks import Fireworks, Model
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.settings import settings


@dataclass(frozen=True)
class Offer:
    """The models that were asked for, and what turns text into money and minutes."""

    models: tuple[CatalogueModel, ...]
    pricing: Pricing


async def catalogue(client: Fireworks) -> tuple[CatalogueModel, ...]:
    """Every base model that the platform lists now."""
    return tuple(entry(model) for model in await client.models())


def entry(model: Model) -> CatalogueModel:
    """A model of the API as the domain reads it."""
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
        grid=tuple(
            PublishedCell(lora_rank=point.lora_rank, learning_rate=point.learning_rate, epochs=point.epochs)
            for point in defaults.grid
        )
        or None
        if defaults
        else None,
        learning_rate_range=defaults.learning_rate_range if defaults else None,
        batch_size=defaults.batch_size_samples if defaults else None,
        unusable="" if model.status.ok else model.status.message or model.status.code,
    )


def priced_catalogue(platform: Platform) -> tuple[tuple[CatalogueModel, ...], PriceBook]:
    """Every base model that the platform lists now, and the price book: `$FW_PRICES`, the platform's, then ours.

    Raises:
        InputError: the price file is wrong.
    """

    async def read(client: Fireworks) -> tuple[tuple[CatalogueModel, ...], list[dict[str, object]] | None]:
        return await catalogue(client), await client.price_list()

    listed, published = platform.call(read)
    prices = shipped_prices().with_layer(platform_prices(published, dt.datetime.now(dt.UTC).date().isoformat()))
    own = settings().fw_prices
    return listed, prices.with_layer(read_prices(own)) if own else prices


def offer(platform: Platform, session: Session) -> Offer:
    """The session's models and the price book: a user's own prices (`$FW_PRICES`), then the platform's, then ours.

    Raises:
        InputError: a model cannot be used, with the nearest that can, or the price file is wrong.
    """

    listed, prices = priced_catalogue(platform)
    pricing = (
        Pricing(prices=prices, ratio=COUNTED, timing=EMBEDDED_TIMING, base_answers_freely=False)
        if platform.is_embedded
        else Pricing(prices=prices, ratio=BYTE_PAIR, timing=FIREWORKS_TIMING)
    )
    models = resolve_models(session.models, listed, tunable=session.mode == "fine-tune", inference=session.inference)
    return Offer(models, pricing)

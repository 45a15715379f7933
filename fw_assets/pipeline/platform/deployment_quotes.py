"""Quotes of deployments: the accelerators on which the platform would run a model, priced by the hour."""

from __future__ import annotations

from fw_assets.classification.catalogue.arm_models import with_arms
from fw_assets.classification.catalogue.model_names import resolve_models
from fw_assets.classification.catalogue.models import CatalogueModel, PlannedModel
from fw_assets.classification.cost.prices import OF_BASE, Price, PriceBook, accelerators_price
from fw_assets.classification.session import Session
from fw_assets.fireworks import Accelerators, DeploymentSpec, Fireworks, Model
from fw_assets.pipeline.platform.catalogue import PricedCatalogue, own_prices, read_priced_catalogue
from fw_assets.pipeline.platform.endpoints import endpoint_prices
from fw_assets.pipeline.platform.named_models import with_candidates
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.platform.serving_paths import own_models, tuned_serving


async def with_quotes(client: Fireworks, priced: PricedCatalogue, session: Session) -> PricedCatalogue:
    """The catalogue with the quoted price of an hour of each model of the session that would be deployed.

    What is fine-tuned has a price of its own, as it may run on other accelerators than its base: by a model of the same
    base that the account has already, else by the base itself. Models outside the catalogue that the session names are
    in it too.

    A quote wins over what anybody lists, and the user's own price over a quote. Without a quote, or without a price of
    the accelerators, the listed price stays.

    Raises:
        InputError: a model cannot be used, or the price file is wrong.
    """
    tunes = session.mode == "fine-tune"
    catalogue = await with_candidates(client, priced.models, session)
    models = resolve_models(session.candidates, catalogue, tunable=tunes, inference=session.inference)
    deployed = [model for model in models if _is_deployed(model, session)]
    tuned = [model for model in models if model.tunable] if deploys_tuned(session) else []
    quotes = [await _quoted(client, priced.prices, model) for model in deployed]
    bases = {model.name: price for model, price in zip(deployed, quotes, strict=True) if price is not None}
    own = await own_models(client) if tuned else []
    quotes += [await _quoted_tuned(client, priced.prices, model, own, bases.get(model.name)) for model in tuned]
    prices = priced.prices.with_layer(price for price in quotes if price is not None)
    own_list = own_prices()
    return PricedCatalogue(catalogue, endpoint_prices(prices.with_layer(own_list), session.endpoints, own_list))


def quoted_catalogue(platform: Platform, session: Session) -> PricedCatalogue:
    """What the platform lists now, with quotes, by a client of its own."""
    own_prices()  # a wrong file is an error before any request

    async def read(client: Fireworks) -> PricedCatalogue:
        return await with_quotes(client, await read_priced_catalogue(client), session)

    return platform.call(read)


def hour_usd(book: PriceBook, accelerators: Accelerators | None, model: PlannedModel, *, tuned: bool) -> float | None:
    """US dollars for an hour of a replica of a model's deployment; None: the plan's price holds.

    By the user's own price of the model, else by that of the accelerators in the book that plans are priced from.

    Args:
        tuned: whether the deployment is of what was fine-tuned from the model.
    """
    price = None if accelerators is None else _price(book, model.asked_name, accelerators)
    if price is None:
        return None
    return (
        PriceBook(layers=((price,),))
        .with_layer(own_prices())
        .price(
            model.asked_name,
            "tuned-deployment-hour" if tuned else "deployment-hour",
            model.parameter_count,
            model.origin,
        )
        .usd
    )


def deploys_tuned(session: Session) -> bool:
    """Whether a session deploys what it fine-tunes: to evaluate it, or for good."""
    return session.mode == "fine-tune" and (session.inference != "batch" or session.deploy != "never")


def _is_deployed(model: CatalogueModel, session: Session) -> bool:
    if any(row.asked_by(session.inference) == "deployment" for row in with_arms([model], session)):
        return True
    return (model.tunable or model.is_adapter) and deploys_tuned(session)


async def _quoted(client: Fireworks, book: PriceBook, model: CatalogueModel) -> Price | None:
    accelerators: Accelerators | None
    if model.deployment:
        accelerators = await client.deployment(model.deployment)
    else:
        accelerators = await client.quote_deployment(DeploymentSpec(base_model=model.name))
    return None if accelerators is None else _price(book, model.name, accelerators)


async def _quoted_tuned(
    client: Fireworks, book: PriceBook, model: CatalogueModel, own: list[Model], base: Price | None
) -> Price | None:
    serving = await tuned_serving(client, model.name, merges=model.supports_lora, own=own)
    price = None if serving.quote is None else _price(book, model.name, serving.quote)
    if price is None and base is not None:
        price = base.model_copy(update={"source": f"{base.source}{OF_BASE}"})
    return None if price is None else price.model_copy(update={"item": "tuned-deployment-hour"})


def _price(book: PriceBook, model: str, accelerators: Accelerators) -> Price | None:
    if not accelerators.known:
        return None
    return accelerators_price(book, model, accelerators.accelerator_type, max(1, accelerators.accelerator_count))

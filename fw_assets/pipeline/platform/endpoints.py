"""Endpoints of a session: their catalogue entries and their prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fw_assets.classification.catalogue.models import CatalogueModel
from fw_assets.classification.cost.prices import Item, Price, PriceBook
from fw_assets.classification.model_endpoint import PREFIX, ModelEndpoint
from fw_assets.classification.session import Session

NO_PRICE = "the session gives no price of this endpoint"


def endpoint_entries(endpoints: Mapping[str, ModelEndpoint] | None) -> tuple[CatalogueModel, ...]:
    """The models at the endpoints of a session as the domain has them."""
    return tuple(
        CatalogueModel(
            name=f"{PREFIX}{name}",
            display_name=f"{endpoint.model} at {endpoint.url}",
            context_length=endpoint.context,
            serverless=True,
            kind="ENDPOINT",
            listed=False,
            endpoint=endpoint,
        )
        for name, endpoint in (endpoints or {}).items()
    )


def with_endpoints(catalogue: Sequence[CatalogueModel], session: Session) -> tuple[CatalogueModel, ...]:
    """The catalogue with the models at the session's endpoints."""
    names = {model.name for model in catalogue}
    return (*catalogue, *(entry for entry in endpoint_entries(session.endpoints) if entry.name not in names))


def endpoint_prices(book: PriceBook, endpoints: Mapping[str, ModelEndpoint] | None, own: Sequence[Price]) -> PriceBook:
    """The prices with those of endpoints: what the session gives wins over all, and without it only `own` counts."""
    known, unknown = list[Price](), list[Price]()
    for name, endpoint in (endpoints or {}).items():
        given: dict[Item, float | None] = {
            "inference-input": endpoint.input_usd,
            "inference-output": endpoint.output_usd,
        }
        for item, usd in given.items():
            source = NO_PRICE if usd is None else "given in the session"
            (unknown if usd is None else known).append(Price(item=item, usd=usd, model=name, source=source))
    return book.with_layer(unknown).with_layer(own if unknown else ()).with_layer(known)

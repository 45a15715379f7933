"""What a session names beyond the catalogue: adapters and base models of the account, deployments, routers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fw_assets.classification.catalogue.models import ADAPTER, ROUTER, CatalogueModel
from fw_assets.classification.catalogue.resource_ids import made_here
from fw_assets.classification.catalogue.served_names import is_router_name, read_deployment_name
from fw_assets.classification.session import Session
from fw_assets.fireworks import CATALOGUE_OWNER, Deployment, Fireworks, Model, NotFound, PermissionDenied
from fw_assets.pipeline.platform.endpoints import with_endpoints
from fw_assets.pipeline.platform.entries import own_entry
from fw_assets.pipeline.platform.named_deployments import deployment_entry

_FULL_NAME = re.compile(r"accounts/([^/#\s]+)/models/[^/#\s]+")
_ID = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
NOT_SHOWN = (
    "the platform shows no model of this name to your key; it does not exist, or is of another account that does not "
    "share it"
)


def named_by(session: Session) -> tuple[str, ...]:
    """What a session calls its models by, and the adapter that it continues."""
    start = session.warm_start_from if session.mode == "fine-tune" else None
    return (*session.models, *([start] if start else []))


async def with_named_models(
    client: Fireworks, catalogue: Sequence[CatalogueModel], names: Sequence[str]
) -> tuple[CatalogueModel, ...]:
    """The catalogue, and behind it the models of accounts, deployments and routers that `names` means beyond it.

    A short id means a model of the account, if it has one of that id and the catalogue none. A full name that cannot be
    read is there too, with the reason for which it cannot be used. Of a router nothing can be read.
    """
    taken = {text for model in catalogue for text in (model.name, model.slug)}
    found = [await _read(client, name, catalogue) for name in dict.fromkeys(names) if name not in taken]
    models = {entry.name: (entry, model) for entry, model in found if entry is not None}
    if all(entry.unusable or model is None for entry, model in models.values()):
        return (*catalogue, *(entry for entry, _ in models.values()))
    # Deployments of this program have names that follow from the model, and are found by them.
    others = [item for item in await client.deployments() if not item.gone and not made_here(item.name)]
    return (
        *catalogue,
        *(
            entry if model is None or entry.unusable else _with_deployment(entry, model, others)
            for entry, model in models.values()
        ),
    )


async def with_candidates(
    client: Fireworks, catalogue: Sequence[CatalogueModel], session: Session
) -> tuple[CatalogueModel, ...]:
    """The catalogue, and behind it whatever else a session means: models of accounts, and those at its endpoints."""
    return with_endpoints(await with_named_models(client, catalogue, named_by(session)), session)


async def _read(
    client: Fireworks, name: str, catalogue: Sequence[CatalogueModel]
) -> tuple[CatalogueModel | None, Model | None]:
    """What a name means beyond the catalogue, and the model of the account that it is the entry of."""
    if is_router_name(name):
        return CatalogueModel(name=name, kind=ROUTER, serverless=True, listed=False), None
    if deployment := read_deployment_name(name):
        return await deployment_entry(client, name, deployment, catalogue), None
    full = _FULL_NAME.fullmatch(name)
    if (full is None and not _ID.fullmatch(name)) or (full is not None and full[1] == CATALOGUE_OWNER):
        return None, None
    try:
        model = await client.own_model(name)
        return await own_entry(client, model, catalogue), model
    except (NotFound, PermissionDenied):
        return CatalogueModel(name=name, listed=False, unusable=NOT_SHOWN) if full else None, None


async def own_entries(client: Fireworks, catalogue: Sequence[CatalogueModel]) -> tuple[CatalogueModel, ...]:
    """Every model of the account, the newest first, as a session could name it; with a deployment that serves it."""
    models = sorted(await client.own_models(), key=lambda model: model.create_time, reverse=True)
    deployments = [item for item in await client.deployments() if not item.gone]
    bases = {model.name: await own_entry(client, model, catalogue) for model in models if model.kind != ADAPTER}
    known = (*catalogue, *bases.values())
    entries = [bases.get(model.name) or await own_entry(client, model, known) for model in models]
    return tuple(_with_deployment(entry, model, deployments) for entry, model in zip(entries, models, strict=True))


def _with_deployment(entry: CatalogueModel, model: Model, deployments: Sequence[Deployment]) -> CatalogueModel:
    """The entry with the deployment that serves it: one of it alone, else one that its adapter is loaded onto."""
    names = [item.name for item in deployments if item.base_model == model.name]
    if not names and entry.is_adapter:
        loaded = {ref.deployment for ref in model.deployed_model_refs if ref.serves}
        names = [item.name for item in deployments if item.name in loaded]
    return entry.model_copy(update={"deployment": min(names, default="")})

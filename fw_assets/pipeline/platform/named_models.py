"""Models outside the platform's catalogue that a session names: adapters and base models of the account."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fw_assets.classification.catalogue.models import ADAPTER, CatalogueModel
from fw_assets.classification.catalogue.resource_ids import made_here
from fw_assets.classification.session import Session
from fw_assets.fireworks import CATALOGUE_OWNER, Deployment, Fireworks, Model, NotFound, PermissionDenied
from fw_assets.pipeline.platform.entries import catalogue_model

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
    """The catalogue, and behind it the models of accounts that `names` means and the catalogue lacks.

    A short id means a model of the account, if it has one of that id and the catalogue none. A full name that cannot be
    read is there too, with the reason for which it cannot be used.
    """
    taken = {text for model in catalogue for text in (model.name, model.slug)}
    models = [await _read(client, name, catalogue) for name in dict.fromkeys(names) if name not in taken]
    found = {model.name: model for model in models if model is not None}
    if not any(model.unusable == "" for model in found.values()):
        return (*catalogue, *found.values())
    deployments = [item for item in await client.deployments() if not item.gone]
    return (*catalogue, *[await _with_deployment(client, model, deployments) for model in found.values()])


async def _read(client: Fireworks, name: str, catalogue: Sequence[CatalogueModel]) -> CatalogueModel | None:
    full = _FULL_NAME.fullmatch(name)
    if full is None and not _ID.fullmatch(name):
        return None
    if full is not None and full[1] == CATALOGUE_OWNER:
        return None
    try:
        return await own_entry(client, await client.own_model(name), catalogue)
    except (NotFound, PermissionDenied):
        if full is None:
            return None
        return CatalogueModel(name=name, listed=False, unusable=NOT_SHOWN)


async def own_entries(client: Fireworks, catalogue: Sequence[CatalogueModel]) -> tuple[CatalogueModel, ...]:
    """Every model of the account, the newest first, as a session could name it; with a deployment that serves it."""
    models = sorted(await client.own_models(), key=lambda model: model.create_time, reverse=True)
    serving = {item.base_model: item.name for item in await client.deployments() if not item.gone}
    bases = [await own_entry(client, model, catalogue) for model in models if model.kind != ADAPTER]
    entries = {entry.name: entry for entry in bases}
    known = (*catalogue, *bases)
    return tuple(
        [
            (entries.get(model.name) or await own_entry(client, model, known)).model_copy(
                update={"deployment": serving.get(model.name, "")}
            )
            for model in models
        ]
    )


async def own_entry(client: Fireworks, model: Model, catalogue: Sequence[CatalogueModel]) -> CatalogueModel:
    """A model of an account as the domain has it; an adapter has the size and the context of its base."""
    entry = catalogue_model(model).model_copy(update={"listed": False})
    if not entry.unusable and model.state != "READY":
        entry = entry.model_copy(update={"unusable": f"it is {model.state.lower()}, and has to be READY"})
    peft = model.peft_details
    if not entry.is_adapter or not peft.base_model:
        return entry
    base = next((item for item in catalogue if item.name == peft.base_model), None)
    try:
        base = base or catalogue_model(await client.own_model(peft.base_model))
    except (NotFound, PermissionDenied):
        base = CatalogueModel(name=peft.base_model, unusable="the platform does not show it to your key")
    broken = f"its base model {base.slug} cannot be used: {base.unusable}" if base.unusable else ""
    return entry.model_copy(
        update={
            "base_model": peft.base_model,
            "rank": peft.r,
            "tunable": False,
            "parameter_count": base.parameter_count,
            "context_length": entry.context_length or base.context_length,
            "retired": entry.retired or base.retired,
            "unusable": entry.unusable or broken,
        }
    )


async def _with_deployment(
    client: Fireworks, model: CatalogueModel, deployments: Sequence[Deployment]
) -> CatalogueModel:
    """The entry with the deployment that serves it already: one of it alone, else one that its adapter is loaded onto.

    Deployments of this program have names that follow from the model, and are found by them.
    """
    if model.unusable:
        return model
    others = [item for item in deployments if not made_here(item.name)]
    names = [item.name for item in others if item.base_model == model.name]
    if not names and model.is_adapter:
        loaded = {ref.deployment for ref in (await client.own_model(model.name)).deployed_model_refs if ref.serves}
        names = [item.name for item in others if item.name in loaded]
    return model.model_copy(update={"deployment": min(names, default="")})

"""Deployments that a session names as candidates: what answers there, read from the platform, and nothing changed."""

from __future__ import annotations

from collections.abc import Sequence

from fw_assets.classification.catalogue.models import DEPLOYMENT, CatalogueModel
from fw_assets.classification.catalogue.served_names import DeploymentName
from fw_assets.fireworks import Deployment, Fireworks, Model, NotFound, PermissionDenied
from fw_assets.pipeline.platform.entries import own_entry

NOT_SHOWN = (
    "the platform shows no deployment of this name to your key; it does not exist any more, or is of another account "
    "that does not share it"
)


async def deployment_entry(
    client: Fireworks, name: str, parts: DeploymentName, catalogue: Sequence[CatalogueModel]
) -> CatalogueModel:
    """A deployment as a candidate under the name that it was given, with size and context of the model that answers.

    One that cannot be asked has the reason for that.
    """
    entry = CatalogueModel(name=name, kind=DEPLOYMENT, listed=False)
    try:
        deployment = await client.deployment(parts.deployment)
    except (NotFound, PermissionDenied):
        return entry.model_copy(update={"unusable": NOT_SHOWN})
    if deployment.gone:
        said = f": {deployment.status.message}" if deployment.status.message else ""
        return entry.model_copy(update={"unusable": f"it is {deployment.state.lower()}{said}"})
    entry = entry.model_copy(update={"deployment": deployment.name, "display_name": deployment.display_name})
    served, model = await _served(client, parts.model or deployment.base_model, catalogue)
    if parts.model and not _is_loaded(parts.model, model, deployment):
        return entry.model_copy(
            update={"unusable": f"{parts.deployment} does not serve that model, it is of {deployment.base_model}"}
        )
    return entry.model_copy(
        update={
            "serves": parts.model or deployment.base_model,
            "serves_base": _base(served),
            **(_figures(served) if served is not None else {}),
        }
    )


async def _served(
    client: Fireworks, name: str, catalogue: Sequence[CatalogueModel]
) -> tuple[CatalogueModel | None, Model | None]:
    """The model of that name, as an entry and, outside the catalogue, as the platform has it; None where not shown."""
    listed = next((item for item in catalogue if item.name == name), None)
    if listed is not None or not name:
        return listed, None
    try:
        model = await client.own_model(name)
    except (NotFound, PermissionDenied):
        return None, None
    return await own_entry(client, model, catalogue), model


def _is_loaded(name: str, model: Model | None, deployment: Deployment) -> bool:
    """Whether a deployment is of the model, or has it loaded; what cannot be read is left to the first request."""
    if name == deployment.base_model or not deployment.base_model:
        return True
    if model is None:
        return deployment.enable_addons
    return any(ref.deployment == deployment.name for ref in model.deployed_model_refs)


def _base(served: CatalogueModel | None) -> str:
    if served is None:
        return ""
    return served.base_model if served.is_adapter else served.name


def _figures(served: CatalogueModel) -> dict[str, object]:
    """What holds of a deployment as of the model that answers there."""
    fields = ("parameter_count", "context_length", "reads_whole_prompt", "speed", "calibration", "weights")
    return {name: getattr(served, name) for name in (*fields, "answered_by", "retired")}

"""Adapters loaded onto a deployment of their base model."""

from __future__ import annotations

from ._errors import NotFound
from ._get_or_create import get_or_create
from ._http import HttpClient
from ._resources import Resource, parse_resource

COLLECTION = "deployedModels"
_GONE = ("FAILED", "UNDEPLOYING")


class DeployedModel(Resource):
    """An adapter on a deployment. DEPLOYED does not mean that it answers."""

    model: str = ""
    deployment: str = ""


async def ensure_loaded(http: HttpClient, account: str, model: str, deployment: str) -> DeployedModel:
    """The adapter `model` on `deployment`, loaded when it is not; both by their full names."""
    path = f"/v1/accounts/{account}/{COLLECTION}"

    async def fetch() -> DeployedModel:
        for item in await http.pages(path, COLLECTION):
            loaded = parse_resource(DeployedModel, item)
            if (loaded.model, loaded.deployment) == (model, deployment) and loaded.state not in _GONE:
                return loaded
        raise NotFound(404, f"{model} is not loaded onto {deployment}")

    async def create() -> DeployedModel:
        return parse_resource(DeployedModel, await http.post(path, {"model": model, "deployment": deployment}))

    return await get_or_create(
        http, f"{model} on {deployment}", fetch=fetch, create=create, differences=lambda loaded: {}
    )

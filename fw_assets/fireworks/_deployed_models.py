"""Adapters loaded onto a deployment of their base model."""

from __future__ import annotations

from ._errors import AlreadyExists, DeploymentFailed, NotFound
from ._get_or_create import get_or_create
from ._http import HttpClient
from ._polling import poll
from ._resources import Resource, parse_resource

COLLECTION = "deployedModels"
TIMEOUT_SECONDS = 1800.0
_GONE = ("FAILED", "UNDEPLOYING")


class DeployedModel(Resource):
    """An adapter on a deployment. DEPLOYED does not mean that it answers."""

    model: str = ""
    deployment: str = ""


async def ensure_loaded(http: HttpClient, account: str, model: str, deployment: str) -> DeployedModel:
    """The adapter `model` on `deployment`, loaded when it is not; both by their full names.

    Raises:
        DeploymentFailed: it failed to load, and the platform loads it no second time.
        WaitTimeout: it did not load in half an hour.
    """
    path, title = f"/v1/accounts/{account}/{COLLECTION}", f"{model} on {deployment}"

    async def on_deployment() -> list[DeployedModel]:
        items = [parse_resource(DeployedModel, item) for item in await http.pages(path, COLLECTION)]
        return [item for item in items if (item.model, item.deployment) == (model, deployment)]

    async def fetch() -> DeployedModel:
        for loaded in await on_deployment():
            if loaded.state not in _GONE:
                return loaded
        raise NotFound(404, f"{model} is not loaded onto {deployment}")

    async def create() -> DeployedModel:
        try:
            return parse_resource(DeployedModel, await http.post(path, {"model": model, "deployment": deployment}))
        except AlreadyExists:
            for loaded in await on_deployment():
                _require_loadable(loaded)
            raise

    async def after_load() -> DeployedModel:
        for loaded in await on_deployment():
            return loaded
        raise NotFound(404, f"{model} is not loaded onto {deployment}")

    loaded = await get_or_create(http, title, fetch=fetch, create=create, differences=lambda loaded: {})
    if loaded.state == "DEPLOYING":
        loaded = await poll(
            title,
            after_load,
            lambda loaded: loaded.state != "DEPLOYING",
            clock=http.clock,
            interval=5.0,
            timeout=TIMEOUT_SECONDS,
            describe=lambda loaded: loaded.state,
        )
    _require_loadable(loaded)
    return loaded


def _require_loadable(loaded: DeployedModel) -> None:
    if loaded.state == "FAILED":
        reason = loaded.status.message or "no reason given"
        raise DeploymentFailed(f"{loaded.model} failed to load onto {loaded.deployment}: {reason}")

"""Adapters loaded onto a deployment that takes several."""

from __future__ import annotations

from typing import Any

from ._ensure import UNREADABLE
from ._errors import AlreadyExists, DeploymentFailed, FailedPrecondition
from ._http import Wire
from ._models import DeployedModelRef, get_model
from ._poll import poll
from ._retry import Backoff, outcome_unknown, retrying
from ._values import Resource, read

COLLECTION = "deployedModels"


class DeployedModel(Resource):
    """A model on a deployment."""

    model: str = ""
    deployment: str = ""
    default: bool = False
    public: bool = False


async def list_deployed_models(wire: Wire, account: str) -> list[DeployedModel]:
    """Every loaded model of the account."""
    found = await wire.pages(f"/v1/accounts/{account}/{COLLECTION}", COLLECTION)
    return [read(DeployedModel, item) for item in found]


async def ensure_deployed_model(
    wire: Wire, account: str, model: str, deployment: str, *, public: bool
) -> DeployedModel:
    """`model` (full name) on `deployment` (full name), loaded when it is not.

    The platform gives these their ids, so the pair is looked for before each attempt to load it.
    """

    async def look_then_load() -> DeployedModel:
        for loaded in await list_deployed_models(wire, account):
            if loaded.model == model and loaded.deployment == deployment:
                return loaded
        body: dict[str, Any] = {"model": model, "deployment": deployment, "default": False}
        if public:
            body["public"] = True
        return read(DeployedModel, await wire.post(f"/v1/accounts/{account}/{COLLECTION}", body))

    def backoff(error: BaseException) -> Backoff | None:
        if isinstance(error, AlreadyExists | FailedPrecondition):
            return UNREADABLE  # another run is loading it, or the deployment is not up yet
        return wire.patience.of(error, cold=False) if outcome_unknown(error) else None

    return await retrying(look_then_load, backoff, wire.clock, f"loading {model} onto {deployment}")


async def wait_loaded(
    wire: Wire, account: str, model: str, deployment: str, *, every: float, ceiling: float
) -> DeployedModelRef:
    """The model's reference on the deployment, once DEPLOYED: loading returns at registration."""

    async def look() -> DeployedModelRef:
        found = await get_model(wire, model, account)
        for ref in found.deployed_model_refs:
            if ref.deployment == deployment:
                return ref
        return DeployedModelRef()

    ref = await poll(
        f"{model} on {deployment}",
        look,
        lambda ref: ref.state in ("DEPLOYED", "UNDEPLOYING"),
        clock=wire.clock,
        every=every,
        ceiling=ceiling,
        show=lambda ref: ref.state,
    )
    if ref.state != "DEPLOYED":
        raise DeploymentFailed(f"{model} is being taken off {deployment}")
    return ref

"""Which address answers for a model: the platform's shared endpoint, or a deployment of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fw_assets.classification.catalogue.resource_ids import deployment_id
from fw_assets.fireworks import DeploymentSpec, Fireworks


@dataclass(frozen=True)
class Served:
    """A model that answers.

    Attributes:
        address: what goes in a request's `model` field.
        deployment: the resource name of its deployment, None on the shared endpoint.
        idle_seconds: how long the deployment stays up after its last request.
    """

    address: str
    deployment: str | None = None
    idle_seconds: float = 0.0


async def shared_address(client: Fireworks, model: str) -> str | None:
    """Where a model answers without a deployment; None where it does so in batch jobs at most."""
    return model if (await client.model(model)).supports_serverless else None


async def serve(client: Fireworks, model: str, *, shared: bool, probe: Mapping[str, Any]) -> Served:
    """`model` on the shared endpoint, or on a deployment named after it, so that asking again finds it.

    A deployment scales to zero when idle and is proven ready by a real answer to `probe`.
    """
    if shared:
        return Served(model)
    name = deployment_id(model)
    spec = DeploymentSpec(base_model=model)
    await client.ensure_deployment(name, spec)
    ready = await client.wait_deployment_ready(name, model, probe=probe)
    return Served(ready.address, ready.deployment.name, spec.scale_to_zero_window)

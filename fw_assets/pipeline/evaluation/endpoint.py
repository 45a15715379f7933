"""Endpoint of a model: the platform's serverless one, or a deployment of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fw_assets.classification.catalogue.resource_ids import deployment_id
from fw_assets.fireworks import DeploymentSpec, Fireworks


@dataclass(frozen=True)
class Endpoint:
    """Where a model answers.

    Attributes:
        address: the `model` field of its requests.
        deployment: the resource name of its deployment, None if it is serverless.
        idle_seconds: how long the deployment stays up after its last request.
    """

    address: str
    deployment: str | None = None
    idle_seconds: float = 0.0


async def serverless_address(client: Fireworks, model: str) -> str | None:
    """Where a model answers without a deployment; None if it does so in batch jobs at most."""
    return model if (await client.model(model)).supports_serverless else None


async def ensure_endpoint(client: Fireworks, model: str, *, serverless: bool, probe: Mapping[str, Any]) -> Endpoint:
    """The serverless endpoint of `model`, or a deployment named after it, which is created if it does not exist.

    A deployment scales to zero when idle, and is ready once it answers `probe`.
    """
    if serverless:
        return Endpoint(model)
    name = deployment_id(model)
    spec = DeploymentSpec(base_model=model)
    await client.ensure_deployment(name, spec)
    ready = await client.wait_deployment_ready(name, model, probe=probe)
    return Endpoint(ready.address, ready.deployment.name, spec.scale_to_zero_window)

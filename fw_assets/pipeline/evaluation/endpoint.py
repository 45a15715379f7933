"""Endpoint of a model: the platform's serverless one, or a deployment of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from fw_assets.classification.catalogue.resource_ids import deployment_id
from fw_assets.fireworks import Accelerators, DeploymentFailed, DeploymentSpec, Fireworks, NotFound
from fw_assets.pipeline.budget.attempts import Attempts
from fw_assets.pipeline.values.attempts import Ending

DELETED = "DELETED"


@dataclass(frozen=True)
class Endpoint:
    """Where a model answers.

    Attributes:
        address: the `model` field of its requests.
        deployment: the resource name of its deployment, None if it is serverless.
        idle_seconds: how long the deployment stays up after its last request.
        accelerators: what the deployment runs on.
    """

    address: str
    deployment: str | None = None
    idle_seconds: float = 0.0
    accelerators: Accelerators | None = None


async def serverless_address(client: Fireworks, model: str) -> str | None:
    """Where a model answers without a deployment; None if it does so in batch jobs at most."""
    return model if (await client.model(model)).supports_serverless else None


async def ensure_endpoint(
    client: Fireworks,
    model: str,
    *,
    serverless: bool,
    probe: Mapping[str, Any],
    attempts: Attempts,
    afford: Callable[[str, Accelerators], None],
) -> Endpoint:
    """The serverless endpoint of `model`, or a deployment named after it, which is created if it does not exist.

    A deployment scales to zero when idle, and is ready once it answers `probe`. One that was removed is succeeded by
    another; one that failed, as `attempts` allow.

    Args:
        afford: is called with the id of a deployment that does not exist yet, and what it would run on. What it raises
            ends the work with nothing created.

    Raises:
        AttemptFailed: it failed; the message says whether approving again allows another attempt.
        DeploymentFailed: it refuses the probe.
    """
    if serverless:
        return Endpoint(model)
    name = await current_deployment(client, model, attempts)
    spec = DeploymentSpec(base_model=model)
    if not await _exists(client, name) and (quote := await client.quote_deployment(spec)) is not None:
        afford(name, quote)
    try:
        await client.ensure_deployment(name, spec)
        ready = await client.wait_deployment_ready(name, model, probe=probe)
    except DeploymentFailed:
        await current_deployment(client, model, attempts)  # says whether there is another attempt
        raise
    return Endpoint(ready.address, ready.deployment.name, spec.scale_to_zero_window, ready.deployment)


async def current_deployment(client: Fireworks, model: str, attempts: Attempts) -> str:
    """The id of the deployment of `model` that serves, or is to be created.

    Raises:
        AttemptFailed: the last one failed, and no other may be tried.
    """
    return await attempts.current(deployment_id(model), "deployment", partial(_deployment_ending, client))


async def _exists(client: Fireworks, deployment: str) -> bool:
    try:
        await client.deployment(deployment)
    except NotFound:
        return False
    return True


async def is_removed(client: Fireworks, deployment: str) -> bool:
    """Whether a deployment that had served is gone."""
    try:
        return (await client.deployment(deployment)).gone
    except NotFound:
        return True


async def _deployment_ending(client: Fireworks, id: str) -> Ending | None:
    try:
        deployment = await client.deployment(id)
    except NotFound:
        return None
    if not deployment.gone:
        return None
    removed = deployment.state != "FAILED"
    state = DELETED if removed else deployment.state
    return Ending(state, deployment.status.code, deployment.status.message, idle=removed)

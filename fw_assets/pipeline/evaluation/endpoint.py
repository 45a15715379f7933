"""Endpoint of a model: the platform's serverless one, or a deployment of its own."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from fw_assets.classification.catalogue.resource_ids import deployment_id
from fw_assets.classification.catalogue.served_names import read_deployment_name
from fw_assets.fireworks import (
    Accelerators,
    AdapterNotLoaded,
    Deployment,
    DeploymentFailed,
    DeploymentSpec,
    Fireworks,
    FireworksError,
    NotFound,
    ReadyDeployment,
)
from fw_assets.pipeline.budget.attempts import Attempts
from fw_assets.pipeline.errors.answers import NotServable
from fw_assets.pipeline.platform.quota import LOOK_SECONDS, when_quota_allows
from fw_assets.pipeline.platform.serving_paths import is_refused, serving_specs
from fw_assets.pipeline.values.attempts import Ending
from fw_assets.pipeline.values.serving_path import ServingPath

DELETED = "DELETED"
IDLE_SECONDS = float(DeploymentSpec(base_model="").scale_to_zero_window)
"""How long a deployment that is created here stays up after its last request."""
WORN_OUT = 2
"""Failures of deployments on one path after which others are tried first; one alone is most often the platform's."""
QUOTA_SECONDS = 900.0
"""How long a deployment waits for others to scale to zero, which they do after five minutes without requests."""
log = logging.getLogger("fw_assets.workspace")


@dataclass(frozen=True)
class Endpoint:
    """Where a model answers.

    Attributes:
        address: the `model` field of its requests.
        deployment: the resource name of its deployment, None if it is serverless.
        idle_seconds: how long the deployment stays up after its last request.
        accelerators: what the deployment runs on.
        path: how the deployment serves the model.
    """

    address: str
    deployment: str | None = None
    idle_seconds: float = 0.0
    accelerators: Accelerators | None = None
    path: ServingPath | None = None


async def serverless_address(client: Fireworks, model: str) -> str | None:
    """Where a model answers without a deployment; None if it does so in batch jobs at most."""
    return model if (await client.model(model)).supports_serverless else None


async def ensure_endpoint(
    client: Fireworks,
    model: str,
    *,
    base: str,
    adopt: str = "",
    serverless: bool,
    probe: Mapping[str, Any],
    attempts: Attempts,
    afford: Callable[[str, Accelerators], None],
    current: CurrentDeployment | None = None,
) -> Endpoint:
    """The serverless endpoint of `model`, or a deployment named after it, which is created if it does not exist.

    A deployment scales to zero when idle, and is ready once it answers `probe`. One that was removed is succeeded by
    another; one that failed, or does not serve the model, as `attempts` allow.

    Args:
        base: the base model of a fine-tuned one; `model` itself for a base model.
        adopt: a deployment of the account's own that serves it already, which is asked and never changed.
        afford: is called with the id of a deployment that does not exist yet, and what it would run on. What it raises
            ends the work with nothing created.
        current: `current_deployment`, where it is known already.

    Raises:
        AttemptFailed: it failed, refuses the probe or cannot load the model; the message says whether approving again
            allows another attempt.
        NotServable: the platform accepts no deployment of it; nothing was created.
    """
    if serverless:
        return Endpoint(model)
    if adopt:
        # What it runs on is in the plan's price already.
        return _endpoint(await client.wait_deployment_ready(adopt, model, probe=probe), model, base)
    name, existing, failed = current or await current_deployment(client, model, attempts)
    try:
        if existing is None:
            deployment = await _create(client, name, model, base, afford, failed)
        else:
            deployment = await client.ensure_deployment(name, _spec(existing, model, base))
        if _path(deployment, model, base).way == "addon":
            # It has to be up before anything is loaded onto it.
            await client.wait_deployment_ready(name, base, probe=probe)
            await client.ensure_loaded(model, deployment.name)
        ready = await client.wait_deployment_ready(name, model, probe=probe)
    except (DeploymentFailed, AdapterNotLoaded) as failure:
        # One that is up is found again by every later run, which it would fail in the same way.
        if await live_deployment(client, name) is not None:
            attempts.give_up(name, str(failure))
        await current_deployment(client, model, attempts)  # says whether there is another attempt
        raise
    return _endpoint(ready, model, base)


def _endpoint(ready: ReadyDeployment, model: str, base: str) -> Endpoint:
    path = _path(ready.deployment, model, base)
    return Endpoint(ready.address, ready.deployment.name, IDLE_SECONDS, ready.deployment, path)


async def _create(
    client: Fireworks,
    name: str,
    model: str,
    base: str,
    afford: Callable[[str, Accelerators], None],
    failed: Sequence[Deployment],
) -> Deployment:
    """The deployment of the first serving path that the platform accepts; those that failed twice come last.

    Raises:
        NotServable: it accepts none.
    """
    refusals: list[str] = []
    async for spec in _worn_out_last(serving_specs(client, model, base), failed):
        if (quote := await client.quote_deployment(spec)) is not None:
            afford(name, quote)
        try:
            return await when_quota_allows(
                partial(client.ensure_deployment, name, spec),
                partial(active_deployments, client),
                what=f"deployment {name}",
                poll=LOOK_SECONDS,
                seconds=QUOTA_SECONDS,
            )
        except FireworksError as error:
            if not is_refused(error):
                raise
            way = "as adapter" if spec.enable_addons else "merged" if base != model else "as it is"
            shape = spec.deployment_shape.rsplit("/", 1)[-1]
            refusals.append(f"{way} on {shape}: {getattr(error, 'detail', error)}")
            log.info("%s is not served %s: %s", model, refusals[-1], error)
    raise NotServable(model, refusals)


async def _worn_out_last(
    specs: AsyncIterator[DeploymentSpec], failed: Sequence[Deployment]
) -> AsyncIterator[DeploymentSpec]:
    """The specifications, first those on which fewer than `WORN_OUT` deployments have failed."""
    last = []
    async for spec in specs:
        shapes = [item.deployment_shape for item in failed if item.base_model == spec.base_model]
        # Which of them were created as `default` is not shown: it is tried first, so all may have been.
        tried = len(shapes) if spec.deployment_shape == "default" else shapes.count(spec.deployment_shape)
        if tried >= WORN_OUT:
            last.append(spec)
        else:
            yield spec
    for spec in last:
        yield spec


def _spec(existing: Deployment, model: str, base: str) -> DeploymentSpec:
    """The specification by which a deployment that exists serves `model`, unless it is of something else."""
    shape = existing.deployment_shape or "default"
    if existing.base_model == base != model and existing.enable_addons:
        return DeploymentSpec(base_model=base, deployment_shape=shape, enable_addons=True)
    return DeploymentSpec(base_model=model, deployment_shape=shape)


def _path(deployment: Deployment, model: str, base: str) -> ServingPath:
    """The path of a deployment that serves `model`."""
    shape = deployment.deployment_shape or "default"
    if named := read_deployment_name(model):
        model = named.model or deployment.base_model
    if deployment.base_model != model:
        return ServingPath(way="addon", shape=shape)
    return ServingPath(way="base" if model == base else "live merge", shape=shape)


class CurrentDeployment(NamedTuple):
    """The id of the deployment of a model that serves or is to be created, that deployment, and those that failed.

    One that was up and did not serve the model counts as often as it takes to have other paths tried first.
    """

    id: str
    existing: Deployment | None
    failed: tuple[Deployment, ...]


async def current_deployment(client: Fireworks, model: str, attempts: Attempts) -> CurrentDeployment:
    """The current deployment of `model`.

    Raises:
        AttemptFailed: the last one failed, and no other may be tried.
    """
    seen: dict[str, Deployment | None] = {}

    async def find_ending(id: str) -> Ending | None:
        seen[id] = deployment = await _find(client, id)
        return _ending(deployment) if deployment is not None and deployment.gone else None

    id, failed_ids = await attempts.current(deployment_id(model), "deployment", find_ending)
    failed = list[Deployment]()
    for other in failed_ids:
        deployment = seen[other] if other in seen else await _find(client, other)
        if deployment is not None:
            failed += [deployment] * (1 if attempts.unusable(other) is None else WORN_OUT)
    return CurrentDeployment(id, seen[id], tuple(failed))


async def _find(client: Fireworks, name: str) -> Deployment | None:
    try:
        return await client.deployment(name)
    except NotFound:
        return None


async def active_deployments(client: Fireworks) -> frozenset[str]:
    """The names of the account's deployments that use hardware now."""
    return frozenset(item.name for item in await client.deployments() if item.replica_count > 0)


async def live_deployment(client: Fireworks, name: str) -> Deployment | None:
    """A deployment that may answer; None where it is gone, or never was."""
    deployment = await _find(client, name)
    return None if deployment is None or deployment.gone else deployment


def _ending(deployment: Deployment) -> Ending:
    """The end of a deployment that is gone."""
    removed = deployment.state != "FAILED"
    state = DELETED if removed else deployment.state
    return Ending(state, deployment.status.code, deployment.status.message, idle=removed)

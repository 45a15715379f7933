"""Serving paths of a model: the deployments that may serve it, in the order in which they are tried.

A fine-tuned model is merged into its base on the platform's own choice of hardware, else on each shape that it matches;
else its adapter is loaded onto its base, which needs a shape in 16 bits. Not every base takes every path, and the
platform says so when the deployment is created, or validated without being created.
"""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator
from typing import NamedTuple

from fw_assets.fireworks import (
    Accelerators,
    AccountError,
    ApiError,
    BadRequest,
    BillingError,
    DeploymentSpec,
    Fireworks,
    FireworksError,
    Model,
    ModelAccessDenied,
    NotFound,
    PermissionDenied,
    PlatformFault,
    PreconditionUnmet,
    ShapeNotEnabled,
)

_SHORTAGE = re.compile(
    r"capacity|shortage|insufficient|exhausted|currently|temporar|right now|at the moment|try again|busy", re.I
)
log = logging.getLogger("fw_assets.workspace")


async def serving_specs(
    client: Fireworks, model: str, base: str, *, adapter: bool | None = None
) -> AsyncIterator[DeploymentSpec]:
    """The deployments that may serve `model`, the first choice first; shapes are asked for when they are due.

    Args:
        base: the base model of a fine-tuned one; `model` itself for a base model.
        adapter: whether deployments that adapters are loaded onto count; by default for a fine-tuned model.
    """
    yield DeploymentSpec(base_model=model)
    for shape in await _shapes(client, model, enable_addons=False):
        yield DeploymentSpec(base_model=model, deployment_shape=shape)
    if base != model if adapter is None else adapter:
        for shape in await _shapes(client, base, enable_addons=True):
            yield DeploymentSpec(base_model=base, deployment_shape=shape, enable_addons=True)


def is_refused(error: FireworksError) -> bool:
    """Whether a deployment is refused in a way that another hardware or another path may not be."""
    if isinstance(error, PermissionDenied | NotFound):
        return not isinstance(error, ModelAccessDenied) and "shape" in error.detail.lower()
    return isinstance(error, BadRequest | PreconditionUnmet)


def _passes(error: FireworksError) -> bool:
    """Whether a refusal is of this moment: a shortage says nothing of what will be served after hours of training."""
    return isinstance(error, PlatformFault) or bool(isinstance(error, ApiError) and _SHORTAGE.search(error.detail))


class TunedServing(NamedTuple):
    """How the platform would serve a model that is fine-tuned from a base.

    Attributes:
        doubt: why nothing would; empty where nothing lasting speaks against it.
        quote: what the deployment would run on that is tried first of those that it accepts; None where it said so of
            none.
    """

    doubt: str = ""
    quote: Accelerators | None = None


async def own_models(client: Fireworks) -> list[Model]:
    """The account's own models; none where the key may not see them."""
    try:
        return await client.own_models()
    except (AccountError, NotFound, PermissionDenied):
        return []


async def tuned_serving(client: Fireworks, base: str, *, merges: bool, own: list[Model]) -> TunedServing:
    """How a model that is fine-tuned from `base` would be served.

    Nothing is created. An adapter of the same base that the account has already is tried on every path; without one,
    all that can be tried is whether the base takes adapters, or, where they are merged, whether it may be deployed.

    Args:
        merges: whether the catalogue says that adapters are merged into it.
        own: the account's own models.
    """
    ready = (model for model in own if model.state == "READY" and model.status.ok)
    adapters = [model.name for model in ready if model.peft_details.base_model == base]
    if merges and not adapters:
        return TunedServing(doubt=await _account_refusals(client, base))
    reasons: list[str] = []
    async for spec in serving_specs(client, adapters[-1] if adapters else base, base, adapter=True):
        if spec.base_model == base and not spec.enable_addons:
            continue
        try:
            return TunedServing(quote=await client.validate_deployment(spec))
        except ApiError as error:
            if not is_refused(error) or _passes(error):
                log.info("whether %s is served once it is fine-tuned is not known: %s", base, error)
                return TunedServing()
            reasons.append(f"{spec.deployment_shape.rsplit('/', 1)[-1]}: {error.detail.rstrip('.')}")
    return TunedServing(doubt="; ".join(dict.fromkeys(reasons)))


async def _account_refusals(client: Fireworks, base: str) -> str:
    """Why the account may deploy nothing of this base, where what it lacks is its own: a payment method, the hardware.

    Other refusals of the base say nothing of what is merged into it.
    """
    reasons: list[str] = []
    async for spec in serving_specs(client, base, base):
        try:
            await client.validate_deployment(spec)
        except ApiError as error:
            if not isinstance(error, BillingError | ShapeNotEnabled) or _passes(error):
                return ""
            reasons.append(f"{spec.deployment_shape.rsplit('/', 1)[-1]}: {error.detail.rstrip('.')}")
        else:
            return ""
    return "; ".join(dict.fromkeys(reasons))


async def _shapes(client: Fireworks, model: str, *, enable_addons: bool) -> list[str]:
    try:
        shapes = await client.match_shapes(model, enable_addons=enable_addons)
    except ApiError as error:
        log.info("no shapes are known for %s: %s", model, error)
        return []
    return [shape.name for shape in shapes if shape.takes_adapters or not enable_addons]

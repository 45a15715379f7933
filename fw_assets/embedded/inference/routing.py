"""Routing: from the `model` field of a request to the model that answers it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fw_assets.embedded.engine.registry import base_models
from fw_assets.embedded.errors import RpcError
from fw_assets.embedded.inference_server.serving import server_of
from fw_assets.embedded.records.deployment_documents import (
    DAY_SECONDS,
    idle_window,
    is_asleep,
    is_expired,
    read_activity,
    ready_time,
    write_activity,
)
from fw_assets.embedded.records.model_documents import base_id, is_adapter
from fw_assets.embedded.store import documents
from fw_assets.embedded.store.embedded_platform import EmbeddedPlatform
from fw_assets.embedded.store.faults import Faults
from fw_assets.embedded.store.resource_names import (
    ACCOUNT,
    DEPLOYED_MODELS,
    DEPLOYMENTS,
    MODELS,
    PUBLISHER,
    short_id,
)

WAKE_SECONDS = 0.5
"""How long a deployment that was scaled to zero takes to start again."""

_CACHE_SECONDS = 1.0
_MAX_CACHED_ROUTES = 1000
_cache: dict[tuple[Path, str, Faults], tuple[float, ServingTarget]] = {}


@dataclass(frozen=True)
class ServingTarget:
    """The model that answers.

    Attributes:
        base: id of the base model.
        folder: the tuned model's files; None for the base model itself.
        deployment: full name of the deployment that serves it; None when serverless.
        batch: whether it answers in a batch job.
    """

    base: str
    folder: Path | None = None
    deployment: str | None = None
    batch: bool = False


def route(platform: EmbeddedPlatform, model: str, faults: Faults) -> ServingTarget:
    """The target of a request; wakes its deployment when that is scaled to zero.

    The four ways to address: a base model (serverless), a deployment, `model#deployment`, and a tuned model that some
    deployment serves.

    Raises:
        RpcError: NOT_FOUND for what is not served, UNAVAILABLE with DEPLOYMENT_SCALING_UP while it wakes.
    """
    now = platform.clock()
    key = (platform.home, model, faults)
    cached = _cache.get(key)
    if cached is not None and 0 <= now - cached[0] < _CACHE_SECONDS:
        return cached[1]
    target = _resolve(platform, model, faults, now)
    if len(_cache) > _MAX_CACHED_ROUTES:
        _cache.clear()
    _cache[key] = now, target
    return target


def known_target(platform: EmbeddedPlatform, model: str, faults: Faults) -> ServingTarget | None:
    """The target that the model's requests had last, which may have changed; None where that is not known."""
    cached = _cache.get((platform.home, model, faults))
    return cached[1] if cached is not None else None


def batch_target(platform: EmbeddedPlatform, model: str) -> ServingTarget:
    """The target of batch inference, which needs no deployment.

    Raises:
        RpcError: NOT_FOUND.
    """
    account, _, id = _split(model)
    with platform.database.read() as connection:
        document = documents.find(connection, MODELS, account, id)
    if document is None:
        return replace(_base_target(model, None), batch=True)
    return replace(_own_target(platform, document), batch=True)


def clear_route_cache() -> None:
    """Forget all routes, after a change to deployments or models."""
    _cache.clear()


def _resolve(platform: EmbeddedPlatform, model: str, faults: Faults, now: float) -> ServingTarget:
    name, _, deployment_name = model.partition("#")
    if _split(name)[1] == DEPLOYMENTS:
        deployment_name, name = name, ""
    if not deployment_name and _is_base(name):
        return _base_target(name, None)
    with platform.database.read() as connection:
        if deployment_name:
            deployment = documents.find(connection, DEPLOYMENTS, ACCOUNT, short_id(deployment_name))
        else:
            deployment = _default_deployment(connection, name)
        is_other = "/" in deployment_name and deployment is not None and deployment["name"] != deployment_name
        if deployment is None or is_other or deployment["state"] == "DELETED":
            raise _not_served(model)
        loaded = documents.list_all(connection, DEPLOYED_MODELS, ACCOUNT)
        served = {item["model"] for item in loaded if item["deployment"] == deployment["name"]}
        name = name or deployment["baseModel"]
        account, _, id = _split(name)
        document = documents.find(connection, MODELS, account, id)
        last_used, waking = read_activity(connection, deployment["name"]) or (0.0, None)
    if name not in served | {deployment["baseModel"]} or now < ready_time(deployment) + faults.late_routing:
        raise _not_served(model)
    if "failure" in deployment or is_expired(deployment, last_used, now + faults.idle_days * DAY_SECONDS):
        raise _not_served(model)
    _wake(platform, deployment, last_used, waking, now)
    if document is None:
        return _base_target(name, deployment["name"])
    target = _own_target(platform, document, deployment["name"])
    return replace(target, folder=None) if faults.serve_base else target


def _own_target(platform: EmbeddedPlatform, model: Mapping[str, Any], deployment: str | None = None) -> ServingTarget:
    """The target of a model of the account."""
    folder = platform.model_folder(short_id(model["name"])) if is_adapter(model) else None
    return ServingTarget(base_id(model), folder, deployment)


def _is_base(name: str) -> bool:
    return name.startswith(f"accounts/{PUBLISHER}/{MODELS}/")


def _base_target(name: str, deployment: str | None) -> ServingTarget:
    model = base_models().get(short_id(name))
    if model is None or not _is_base(name):
        raise _not_served(name)
    advice = None if server_of(model) else model.missing_weights()
    if advice:
        raise RpcError("FAILED_PRECONDITION", f"{name}: the weights are not on this machine; {advice}", status=412)
    return ServingTarget(model.id, None, deployment)


def _default_deployment(connection: sqlite3.Connection, name: str) -> dict[str, Any] | None:
    """The deployment that answers to a model's plain name: one of the model itself, or the default one of a LoRA."""
    for deployment in documents.list_all(connection, DEPLOYMENTS, ACCOUNT):
        if deployment["baseModel"] == name and deployment["state"] != "DELETED" and "failure" not in deployment:
            return deployment
    for loaded in documents.list_all(connection, DEPLOYED_MODELS, ACCOUNT):
        if loaded["model"] == name and loaded["default"]:
            return documents.find(connection, DEPLOYMENTS, ACCOUNT, short_id(loaded["deployment"]))
    return None


def _wake(
    platform: EmbeddedPlatform, deployment: dict[str, Any], last_used: float, waking: float | None, now: float
) -> None:
    """Start a deployment that is scaled to zero, and refuse requests until it has started."""
    if not is_asleep(deployment, last_used, now):
        return
    if waking is None or now - waking > idle_window(deployment):
        # It starts now. A start so long ago was followed by no request, so that it fell asleep again.
        waking = now
    is_awake = now - waking >= WAKE_SECONDS
    with platform.database.write() as connection:
        if is_awake:
            write_activity(connection, deployment["name"], now)
        else:
            write_activity(connection, deployment["name"], last_used, waking)
    if not is_awake:
        raise RpcError(
            "UNAVAILABLE",
            f"{deployment['name']} was scaled to zero and is starting; try again",
            reason="DEPLOYMENT_SCALING_UP",
            headers={"Retry-After": "1"},
        )


def _split(name: str) -> tuple[str, str, str]:
    """(account, collection, id) of the name of a model or a deployment."""
    parts = name.split("/")
    if len(parts) != 4 or parts[0] != "accounts" or parts[2] not in (MODELS, DEPLOYMENTS):
        raise _not_served(name)
    return parts[1], parts[2], parts[3]


def _not_served(model: str) -> RpcError:
    return RpcError(
        "NOT_FOUND",
        f"Model not found, inaccessible, and/or not deployed: {model}",
        reason="NOT_FOUND",
    )

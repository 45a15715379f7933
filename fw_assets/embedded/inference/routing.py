"""From the `model` field of a request to what answers it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fw_assets.embedded.endpoints import deployments
from fw_assets.embedded.engine import REGISTRY, WEIGHTS_ADVICE, weights_available
from fw_assets.embedded.errors import ApiError
from fw_assets.embedded.store import resources
from fw_assets.embedded.store.faults import Faults
from fw_assets.embedded.store.platform import Platform
from fw_assets.embedded.store.resource_ids import ACCOUNT, PUBLISHER
from fw_assets.embedded.store.timestamps import seconds

WAKE_SECONDS = 0.5
"""How long a deployment that was scaled to zero takes to come back."""

_CACHED_SECONDS = 1.0
_cache: dict[tuple[Path, str, Faults], tuple[float, Target]] = {}


@dataclass(frozen=True)
class Target:
    """What answers.

    Attributes:
        base: id of the base model.
        folder: where the tuned model lies; None for the base model itself.
        deployment: full name of the deployment that serves it; None when serverless.
    """

    base: str
    folder: Path | None = None
    deployment: str | None = None


def route(platform: Platform, model: str, faults: Faults) -> Target:
    """The target of a request; wakes its deployment when it sleeps.

    The four ways to address: a base model (serverless), a deployment, `model#deployment`, and a tuned model
    that some deployment serves.

    Raises:
        ApiError: NOT_FOUND for what is not served, UNAVAILABLE with DEPLOYMENT_SCALING_UP while it wakes.
    """
    now = platform.clock()
    key = (platform.home, model, faults)
    known = _cache.get(key)
    if known is not None and 0 <= now - known[0] < _CACHED_SECONDS:
        return known[1]
    target = _resolve(platform, model, faults, now)
    if len(_cache) > 1000:
        _cache.clear()
    _cache[key] = now, target
    return target


def undeployed(platform: Platform, model: str) -> Target:
    """The target of batch inference, which needs no deployment.

    Raises:
        ApiError: NOT_FOUND.
    """
    collection, id = _parts(model)
    with platform.store.read() as connection:
        document = resources.find(connection, collection, *_owner(model))
    if document is None:
        return _target(model, id, None)
    return Target(str(document["peftDetails"]["baseModel"]).rsplit("/", 1)[1], platform.model_folder(id))


def forget_routes() -> None:
    """Drop what was remembered, after a change to deployments or models."""
    _cache.clear()


def _resolve(platform: Platform, model: str, faults: Faults, now: float) -> Target:
    name, _, deployment_name = model.partition("#")
    collection, id = _parts(name)
    if collection == "deployments":
        deployment_name, name = name, ""
    with platform.store.read() as connection:
        if not deployment_name and name.startswith(f"accounts/{PUBLISHER}/models/"):
            return _target(name, id, None)
        if deployment_name:
            deployment = resources.find(connection, "deployments", ACCOUNT, deployment_name.rsplit("/", 1)[-1])
        else:
            deployment = _serving(resources, connection, name)
        loaded = resources.every(connection, "deployedModels", ACCOUNT)
        if deployment is None or deployment["state"] == "DELETED":
            raise _not_served(model)
        served = {deployment["baseModel"]} | {
            item["model"] for item in loaded if item["deployment"] == deployment["name"]
        }
        name = name or deployment["baseModel"]
        document = resources.find(connection, "models", *_owner(name))
        used = connection.execute(
            "SELECT used, waking FROM activity WHERE deployment = ?", (deployment["name"],)
        ).fetchone() or (0.0, None)
    if name not in served or now < deployments.document_start(deployment) + faults.late_routing:
        raise _not_served(model)
    _wake(platform, deployment, used[0], used[1], now)
    if document is None:
        return _target(name, _parts(name)[1], deployment["name"])
    base = str(document["peftDetails"]["baseModel"])
    folder = None if faults.serve_base else platform.model_folder(_parts(name)[1])
    return Target(base.rsplit("/", 1)[1], folder, deployment["name"])


def _target(name: str, id: str, deployment: str | None) -> Target:
    entry = REGISTRY.get(id)
    if entry is None or not name.startswith(f"accounts/{PUBLISHER}/models/"):
        raise _not_served(name)
    if entry.needs_weights and not weights_available():
        raise ApiError(
            "FAILED_PRECONDITION",
            f"{name}: the weights are not on this machine; {WEIGHTS_ADVICE}",
            status=412,
        )
    return Target(id, None, deployment)


def _serving(store: Any, connection: Any, name: str) -> dict[str, Any] | None:
    """The deployment that answers to a model's plain name: a live merge of it, or its default load."""
    live: list[dict[str, Any]] = [
        item
        for item in store.every(connection, "deployments", ACCOUNT)
        if item["baseModel"] == name and item["state"] != "DELETED"
    ]
    if live:
        return live[0]
    for item in store.every(connection, "deployedModels", ACCOUNT):
        if item["model"] == name and item["default"]:
            found: dict[str, Any] | None = store.find(
                connection, "deployments", ACCOUNT, item["deployment"].rsplit("/", 1)[1]
            )
            return found
    return None


def _wake(platform: Platform, deployment: dict[str, Any], used: float, waking: float | None, now: float) -> None:
    if not deployments.is_asleep(deployment, used, now):
        return
    window = seconds(deployment["autoscalingPolicy"]["scaleToZeroWindow"], "scaleToZeroWindow")
    begins = waking is None or now - waking > window
    awake = not begins and waking is not None and now - waking >= WAKE_SECONDS
    with platform.store.write() as connection:
        connection.execute(
            "INSERT INTO activity (deployment, used, waking) VALUES (?, ?, ?) "
            "ON CONFLICT (deployment) DO UPDATE SET used = excluded.used, waking = excluded.waking",
            (deployment["name"], now if awake else used, None if awake else (now if begins else waking)),
        )
    if not awake:
        raise ApiError(
            "UNAVAILABLE",
            f"{deployment['name']} was scaled to zero and is starting; try again",
            reason="DEPLOYMENT_SCALING_UP",
            headers={"Retry-After": "1"},
        )


def _parts(name: str) -> tuple[str, str]:
    parts = name.split("/")
    if len(parts) != 4 or parts[0] != "accounts" or parts[2] not in ("models", "deployments"):
        raise _not_served(name)
    return parts[2], parts[3]


def _owner(name: str) -> tuple[str, str]:
    parts = name.split("/")
    return parts[1], parts[3]


def _not_served(model: str) -> ApiError:
    return ApiError(
        "NOT_FOUND",
        f"Model not found, inaccessible, and/or not deployed: {model}",
        reason="NOT_FOUND",
    )

"""Deployments: what serves a model, awake or scaled to zero."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fw_assets.embedded.endpoints import models
from fw_assets.embedded.endpoints.shapes import check_shape
from fw_assets.embedded.errors import invalid, not_found, precondition
from fw_assets.embedded.http.endpoint import Call
from fw_assets.embedded.http.listing import masked, page
from fw_assets.embedded.store import resources
from fw_assets.embedded.store import usage_counter as counters
from fw_assets.embedded.store.platform import Platform
from fw_assets.embedded.store.resource_ids import check_id, new_id, resource_name
from fw_assets.embedded.store.timestamps import seconds

KIND = "deployments"
START_SECONDS = 0.3
"""How long a new deployment is CREATING."""

_LONGEST = {"scaleUpWindow": 3600.0, "scaleDownWindow": 3600.0}
_WINDOWS = {"scaleUpWindow": "30s", "scaleDownWindow": "600s", "scaleToZeroWindow": "3600s"}
_SHORTEST_TO_ZERO = 300.0
_KNOWN = {
    "baseModel", "deploymentShape", "displayName", "description", "minReplicaCount", "maxReplicaCount",
    "maxWithRevocableReplicaCount", "autoscalingPolicy", "enableAddons", "acceleratorType",
    "acceleratorCount", "precision", "placement", "region", "annotations", "directRouteType",
}  # fmt: skip


def create(call: Call) -> dict[str, Any]:
    """Create a deployment; with `validateOnly=true` only say what it would be."""
    id = check_id(call.query.get("deploymentId") or new_id("dep"), "deploymentId")
    document = _document(call, id)
    if call.query.get("validateOnly") == "true":
        with call.platform.store.read() as connection:
            resources.find(connection, KIND, call.account, id)
        return document
    with call.platform.store.write() as connection:
        resources.insert(connection, KIND, call.account, id, document)
        connection.execute(
            "INSERT OR REPLACE INTO activity (deployment, used) VALUES (?, ?)",
            (document["name"], call.platform.clock() + START_SECONDS),
        )
    return view(call.platform, document)


def get(call: Call) -> dict[str, Any]:
    """Get a deployment."""
    with call.platform.store.read() as connection:
        document = resources.get(connection, KIND, call.account, call.id)
    return masked(view(call.platform, document), call.query.get("readMask", ""))


def list_all(call: Call) -> dict[str, Any]:
    """List deployments; deleted ones only with `showDeleted=true`."""
    with call.platform.store.read() as connection:
        documents = resources.every(connection, KIND, call.account)
    if call.query.get("showDeleted") != "true":
        documents = [document for document in documents if document["state"] != "DELETED"]
    return page(KIND, [view(call.platform, document) for document in documents], call.query, "createTime")


def scale(call: Call) -> dict[str, Any]:
    """Set the number of replicas."""
    count = call.body.get("replicaCount")
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        raise invalid(f"replicaCount: {count!r}; expected 0 or more", "replicaCount")
    now = call.platform.clock()
    with call.platform.store.write() as connection:
        document = resources.get(connection, KIND, call.account, call.id)
        if count > document["maxReplicaCount"]:
            raise invalid(
                f"replicaCount: {count} is over maxReplicaCount {document['maxReplicaCount']}", "replicaCount"
            )
        connection.execute(
            "UPDATE activity SET used = ?, waking = NULL WHERE deployment = ?",
            (now if count else 0.0, document["name"]),
        )
    return {}


def delete(call: Call) -> dict[str, Any]:
    """Delete a deployment (softly: it stays listed under `showDeleted`)."""
    counters.usage_counter(call.platform).flush()
    with call.platform.store.write() as connection:
        document = resources.get(connection, KIND, call.account, call.id)
        row = connection.execute("SELECT used FROM activity WHERE deployment = ?", (document["name"],)).fetchone()
        busy = row is not None and row[0] > call.platform.clock() - 3600 and row[0] > document_start(document)
        if busy and call.query.get("ignoreChecks") != "true":
            raise precondition(f"{document['name']} had traffic in the last hour; pass ignoreChecks=true")
        changes = {"state": "DELETED", "updateTime": call.platform.timestamp()}
        resources.update(connection, KIND, call.account, call.id, changes)
        connection.execute("DELETE FROM activity WHERE deployment = ?", (document["name"],))
        for item in resources.every(connection, "deployedModels", call.account):
            if item["deployment"] == document["name"]:
                resources.delete(connection, "deployedModels", call.account, item["name"].rsplit("/", 1)[1])
    return {}


def document_start(document: Mapping[str, Any]) -> float:
    """When the deployment became READY, in seconds since the epoch."""
    return float(document["startSeconds"]) + START_SECONDS


def is_asleep(document: Mapping[str, Any], used: float, now: float) -> bool:
    """Whether no replica is left: nothing is to stay up, and nobody asked within the window."""
    window = seconds(document["autoscalingPolicy"]["scaleToZeroWindow"], "scaleToZeroWindow")
    return document["minReplicaCount"] == 0 and now - used > window


def view(platform: Platform, document: Mapping[str, Any]) -> dict[str, Any]:
    """The deployment as the API shows it now."""
    shown = {key: value for key, value in document.items() if key != "startSeconds"}
    now = platform.clock()
    if shown["state"] == "DELETED":
        return shown
    shown["state"] = "READY" if now >= document_start(document) else "CREATING"
    with platform.store.read() as connection:
        row = connection.execute("SELECT used FROM activity WHERE deployment = ?", (shown["name"],)).fetchone()
    ready = 0 if shown["state"] == "CREATING" or is_asleep(document, row[0] if row else 0.0, now) else 1
    ready = max(ready, shown["minReplicaCount"]) if shown["state"] == "READY" else 0
    starting = 1 if shown["state"] == "CREATING" else 0
    return shown | {
        "replicaCount": ready,
        "desiredReplicaCount": ready + starting,
        "replicaStats": {
            "pendingSchedulingReplicaCount": 0,
            "downloadingModelReplicaCount": 0,
            "initializingReplicaCount": starting,
            "readyReplicaCount": ready,
        },
    }


def _document(call: Call, id: str) -> dict[str, Any]:
    body = call.body
    for field in body:
        if field not in _KNOWN:
            raise invalid(f"{field}: this field is not known", field)
    name = body.get("baseModel")
    if not name:
        raise invalid("baseModel: missing", "baseModel")
    model = models.find(call.platform, str(name))
    if model is None:
        raise not_found(str(name))
    if model["status"]["code"] != "OK":
        raise precondition(f"{name} cannot be served: {model['status']['message']}")
    addons = bool(body.get("enableAddons", False))
    if addons and model["kind"] == "HF_PEFT_ADDON":
        raise invalid("enableAddons: a LoRA cannot carry further LoRAs; deploy its base model", "enableAddons")
    if addons and str(body.get("precision", "")).startswith(("FP8", "FP4")):
        raise invalid("precision: addons need BF16", "precision")
    now = call.platform.timestamp()
    least, most = replicas(body)
    return {
        "name": resource_name(call.account, KIND, id),
        "displayName": str(body.get("displayName", "")),
        "description": str(body.get("description", "")),
        "baseModel": str(name),
        "deploymentShape": check_shape(call.query, body, model),
        "enableAddons": addons,
        "minReplicaCount": least,
        "maxReplicaCount": most,
        "autoscalingPolicy": autoscaling(body.get("autoscalingPolicy") or {}),
        "precision": body.get("precision", "BF16"),
        "state": "CREATING",
        "status": {"code": "OK", "message": ""},
        "createTime": now,
        "updateTime": now,
        "createdBy": call.account,
        "startSeconds": call.platform.clock(),
    }


def replicas(body: Mapping[str, Any]) -> tuple[int, int]:
    """(fewest, most) replicas that a create call asks for."""
    least = body.get("minReplicaCount", 0)
    most = body.get("maxReplicaCount", max(least, 1) if isinstance(least, int) else 1)
    for field, value in (("minReplicaCount", least), ("maxReplicaCount", most)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise invalid(f"{field}: {value!r}; expected 0 or more", field)
    if most < max(least, 1):
        raise invalid(f"maxReplicaCount: {most}; expected at least {max(least, 1)}", "maxReplicaCount")
    return least, most


def autoscaling(given: object) -> dict[str, Any]:
    """The policy with its defaults filled in and its windows checked."""
    if not isinstance(given, dict):
        raise invalid(f"autoscalingPolicy: {given!r}; expected an object", "autoscalingPolicy")
    policy: dict[str, Any] = dict(_WINDOWS) | {"loadTargets": {"default": 0.8}} | given
    for field in _WINDOWS:
        value = seconds(policy[field], f"autoscalingPolicy.{field}")
        if value > _LONGEST.get(field, float("inf")):
            raise invalid(f"autoscalingPolicy.{field}: {policy[field]}; at most 1h", f"autoscalingPolicy.{field}")
        if field == "scaleToZeroWindow" and value < _SHORTEST_TO_ZERO:
            raise invalid(f"autoscalingPolicy.{field}: {policy[field]}; at least 5m", f"autoscalingPolicy.{field}")
    return policy

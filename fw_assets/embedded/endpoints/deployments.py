"""Deployments: they serve a model, awake or scaled to zero."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fw_assets.embedded.endpoints.lookup import get_document, list_documents
from fw_assets.embedded.endpoints.shapes import DEFAULT, NO_ACCELERATOR, check_shape
from fw_assets.embedded.errors import invalid, precondition
from fw_assets.embedded.http.handler import ApiRequest
from fw_assets.embedded.http.listing import apply_read_mask, page
from fw_assets.embedded.records.deployment_documents import (
    DAY_SECONDS,
    START_SECONDS,
    is_asleep,
    is_expired,
    mark_deleted,
    read_activity,
    ready_time,
    write_activity,
)
from fw_assets.embedded.records.model_documents import ready_model
from fw_assets.embedded.store import documents
from fw_assets.embedded.store.resource_names import (
    DEPLOYMENTS,
    check_id,
    new_id,
    resource_name,
)
from fw_assets.embedded.store.timestamps import parse_duration
from fw_assets.embedded.store.usage_counter import usage_counter

_DEFAULT_WINDOWS = {"scaleUpWindow": "30s", "scaleDownWindow": "600s", "scaleToZeroWindow": "3600s"}
_MAX_WINDOW_SECONDS = {"scaleUpWindow": 3600.0, "scaleDownWindow": 3600.0}
_MIN_IDLE_SECONDS = 300.0
_BUSY_SECONDS = 3600.0
_KNOWN_FIELDS = {
    "baseModel", "deploymentShape", "displayName", "description", "minReplicaCount", "maxReplicaCount",
    "maxWithRevocableReplicaCount", "autoscalingPolicy", "enableAddons", "acceleratorType",
    "acceleratorCount", "precision", "placement", "region", "annotations", "directRouteType",
}  # fmt: skip


def create(request: ApiRequest) -> dict[str, Any]:
    """Create a deployment; with `validateOnly=true` only return what it would be."""
    id = check_id(request.query.get("deploymentId") or new_id("dep"), "deploymentId")
    document = _new_deployment(request, id)
    if request.query.get("validateOnly") == "true" and not request.faults.ignore_validate_only:
        return document
    with request.platform.database.write() as connection:
        documents.insert(connection, DEPLOYMENTS, request.account, id, document)
        write_activity(connection, document["name"], request.platform.clock() + START_SECONDS)
    return _view(request, document)


def get(request: ApiRequest) -> dict[str, Any]:
    """Get a deployment."""
    return apply_read_mask(_view(request, get_document(request, DEPLOYMENTS)), request.query)


def list_all(request: ApiRequest) -> dict[str, Any]:
    """List deployments; deleted ones only with `showDeleted=true`."""
    show_deleted = request.query.get("showDeleted") == "true"
    views = [
        view
        for view in (_view(request, document) for document in list_documents(request, DEPLOYMENTS))
        if show_deleted or view["state"] != "DELETED"
    ]
    return page(DEPLOYMENTS, views, request.query, "createTime")


def scale(request: ApiRequest) -> dict[str, Any]:
    """Set the number of replicas."""
    count = request.body.get("replicaCount")
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        raise invalid(f"replicaCount: {count!r}; expected 0 or more", "replicaCount")
    with request.platform.database.write() as connection:
        document = documents.get(connection, DEPLOYMENTS, request.account, request.id)
        if count > document["maxReplicaCount"]:
            raise invalid(
                f"replicaCount: {count} is over maxReplicaCount {document['maxReplicaCount']}", "replicaCount"
            )
        # Used now, it stays up for its window; never used, it is scaled to zero.
        write_activity(connection, document["name"], request.platform.clock() if count else 0.0)
    return {}


def delete(request: ApiRequest) -> dict[str, Any]:
    """Delete a deployment (softly: it stays listed under `showDeleted`)."""
    usage_counter(request.platform).flush()
    with request.platform.database.write() as connection:
        document = documents.get(connection, DEPLOYMENTS, request.account, request.id)
        last_used, _ = read_activity(connection, document["name"]) or (0.0, None)
        is_busy = last_used > max(request.platform.clock() - _BUSY_SECONDS, ready_time(document))
        if is_busy and request.query.get("ignoreChecks") != "true":
            raise precondition(f"{document['name']} had traffic in the last hour; pass ignoreChecks=true")
        mark_deleted(request.platform, connection, document)
    return {}


def _view(request: ApiRequest, document: Mapping[str, Any]) -> dict[str, Any]:
    """The deployment as the API shows it now: its state and its replicas follow from the time."""
    platform = request.platform
    view = {key: value for key, value in document.items() if key not in ("startSeconds", "failure")}
    if view["state"] == "DELETED":
        return view
    now = platform.clock()
    with platform.database.read() as connection:
        last_used, _ = read_activity(connection, view["name"]) or (0.0, None)
    starting = int(now < ready_time(document))
    if not starting and document.get("failure"):
        status = {"code": document["failure"], "message": "the deployment was made to fail"}
        return view | {"state": "FAILED", "status": status, "replicaCount": 0}
    if not starting and is_expired(document, last_used, now + request.faults.idle_days * DAY_SECONDS):
        with platform.database.write() as connection:
            return view | mark_deleted(platform, connection, document)
    ready = 0 if starting else max(0 if is_asleep(document, last_used, now) else 1, view["minReplicaCount"])
    return view | {
        "state": "CREATING" if starting else "READY",
        "replicaCount": ready,
        "desiredReplicaCount": ready + starting,
        "replicaStats": {
            "pendingSchedulingReplicaCount": 0,
            "downloadingModelReplicaCount": 0,
            "initializingReplicaCount": starting,
            "readyReplicaCount": ready,
        },
    }


def _new_deployment(request: ApiRequest, id: str) -> dict[str, Any]:
    body = request.body
    for field in body:
        if field not in _KNOWN_FIELDS:
            raise invalid(f"{field}: this field is not known", field)
    name = str(body.get("baseModel") or "")
    if not name:
        raise invalid("baseModel: missing", "baseModel")
    model = ready_model(request.platform, name, "baseModel")
    addons = bool(body.get("enableAddons", False))
    if addons and model["kind"] == "HF_PEFT_ADDON":
        raise invalid("enableAddons: a LoRA cannot carry further LoRAs; deploy its base model", "enableAddons")
    if addons and str(body.get("precision", "")).startswith(("FP8", "FP4")):
        raise invalid("precision: addons need BF16", "precision")
    _check_path(request, model, addons=addons)
    now = request.platform.timestamp()
    min_replicas, max_replicas = read_replicas(body)
    return {
        "name": resource_name(request.account, DEPLOYMENTS, id),
        "displayName": str(body.get("displayName", "")),
        "description": str(body.get("description", "")),
        "baseModel": name,
        "deploymentShape": check_shape(body, model),
        "enableAddons": addons,
        "minReplicaCount": min_replicas,
        "maxReplicaCount": max_replicas,
        "autoscalingPolicy": read_autoscaling(body.get("autoscalingPolicy") or {}),
        "precision": body.get("precision", "BF16"),
        **_accelerators(request, model),
        "state": "CREATING",
        "status": {"code": "OK", "message": ""},
        "createTime": now,
        "updateTime": now,
        "createdBy": request.account,
        "startSeconds": request.platform.clock(),
        **({"failure": request.faults.fail_deployments} if request.faults.fail_deployments else {}),
    }


def _check_path(request: ApiRequest, model: Mapping[str, Any], *, addons: bool) -> None:
    """Refuse what the faults rehearse that a base model's hardware does not do, in the service's words.

    Raises:
        RpcError: INVALID_ARGUMENT.
    """
    faults = request.faults
    if addons and not faults.addons:
        raise invalid("invalid deployment: addons are not supported for this model", "enableAddons")
    named = request.body.get("deploymentShape") not in (DEFAULT, None)
    merges = not faults.live_merge or (faults.live_merge == "on shapes" and named)
    if model["kind"] == "HF_PEFT_ADDON" and not merges:
        raise invalid(
            "live merge is not supported for this deployment configuration; choose a deployment shape that supports "
            "live merge, or use multi-lora (enable_addons=true) instead of live merge for LoRA fine-tuning",
            "deploymentShape",
        )


def _accelerators(request: ApiRequest, model: Mapping[str, Any]) -> dict[str, Any]:
    """What the deployment runs on: this machine, unless the faults rehearse accelerators.

    Raises:
        RpcError: INVALID_ARGUMENT.
    """
    faults = request.faults
    text = (model["kind"] == "HF_PEFT_ADDON" and faults.merged_accelerators) or faults.accelerators
    count, _, type = (text or f"0 x {NO_ACCELERATOR}").partition(" x ")
    if not count.isdecimal() or not type:
        raise invalid(f"accelerators: {text!r}; expected for example '4 x NVIDIA_H200_141GB'", "accelerators")
    return {"acceleratorType": type, "acceleratorCount": int(count)}


def read_replicas(body: Mapping[str, Any]) -> tuple[int, int]:
    """(minimum, maximum) of the replicas of a new deployment.

    Raises:
        RpcError: INVALID_ARGUMENT.
    """
    low = body.get("minReplicaCount", 0)
    high = body.get("maxReplicaCount", max(low, 1) if isinstance(low, int) else 1)
    for field, value in (("minReplicaCount", low), ("maxReplicaCount", high)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise invalid(f"{field}: {value!r}; expected 0 or more", field)
    if high < max(low, 1):
        raise invalid(f"maxReplicaCount: {high}; expected at least {max(low, 1)}", "maxReplicaCount")
    return low, high


def read_autoscaling(fields: object) -> dict[str, Any]:
    """The policy with its defaults filled in and its windows checked.

    Raises:
        RpcError: INVALID_ARGUMENT.
    """
    if not isinstance(fields, dict):
        raise invalid(f"autoscalingPolicy: {fields!r}; expected an object", "autoscalingPolicy")
    policy: dict[str, Any] = dict(_DEFAULT_WINDOWS) | {"loadTargets": {"default": 0.8}} | fields
    for window in _DEFAULT_WINDOWS:
        field = f"autoscalingPolicy.{window}"
        seconds = parse_duration(policy[window], field)
        if seconds > _MAX_WINDOW_SECONDS.get(window, float("inf")):
            raise invalid(f"{field}: {policy[window]}; at most 1h", field)
        if window == "scaleToZeroWindow" and seconds < _MIN_IDLE_SECONDS:
            raise invalid(f"{field}: {policy[window]}; at least 5m", field)
    return policy

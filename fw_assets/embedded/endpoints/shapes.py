"""Deployment shapes: this machine is the only one there is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fw_assets.embedded.endpoints import models
from fw_assets.embedded.engine import REGISTRY
from fw_assets.embedded.errors import invalid, not_found
from fw_assets.embedded.http.endpoint import Call
from fw_assets.embedded.http.listing import page
from fw_assets.embedded.store.resource_ids import PUBLISHER, resource_name

KIND = "deploymentShapes"
DEFAULT = "default"
_VERSION = "v1"


def list_all(call: Call) -> dict[str, Any]:
    """List the shapes: one per base model."""
    return page(KIND, [_shape(id) for id in REGISTRY], call.query)


def match(call: Call) -> dict[str, Any]:
    """The shape versions that fit a deployment which is about to be created."""
    request = call.body.get("createDeploymentRequest")
    deployment = request.get("deployment") if isinstance(request, dict) else None
    if not isinstance(deployment, dict) or not deployment.get("baseModel"):
        raise invalid("createDeploymentRequest.deployment.baseModel: missing", "createDeploymentRequest")
    model = models.find(call.platform, str(deployment["baseModel"]))
    if model is None:
        raise not_found(str(deployment["baseModel"]))
    shape = _shape(_base_id(model))
    version = {
        "name": f"{shape['name']}/versions/{_VERSION}",
        "snapshot": shape,
        "validated": True,
        "public": True,
        "createTime": shape["createTime"],
    }
    return {"deploymentShapeVersions": [version], "nextPageToken": "", "totalSize": 1}


def check_shape(query: Mapping[str, str], body: Mapping[str, Any], model: Mapping[str, Any]) -> str:
    """The full name of the shape that a create call asks for.

    Raises:
        ApiError: INVALID_ARGUMENT when it names none that fits, and no accelerator either.
    """
    own: str = _shape(_base_id(model))["name"]
    asked = body.get("deploymentShape")
    if asked in (DEFAULT, own, f"{own}/versions/{_VERSION}"):
        return own
    if asked:
        raise invalid(f"deploymentShape: {asked!r} does not fit; use 'default' or {own!r}", "deploymentShape")
    if body.get("acceleratorType") or query.get("acceptShapelessRisk") == "true":
        return ""
    raise invalid("accelerator_type must be specified when no deployment_shape is given", "deploymentShape")


def _base_id(model: Mapping[str, Any]) -> str:
    name = model["peftDetails"]["baseModel"] if model["kind"] == "HF_PEFT_ADDON" else model["name"]
    return str(name).rsplit("/", 1)[1]


def _shape(id: str) -> dict[str, Any]:
    created = "2026-01-01T00:00:00.000000Z"
    return {
        "name": resource_name(PUBLISHER, KIND, f"{id}-cpu"),
        "displayName": f"{id} on this machine",
        "baseModel": resource_name(PUBLISHER, "models", id),
        "presetType": "MINIMAL",
        "acceleratorType": "ACCELERATOR_TYPE_UNSPECIFIED",
        "acceleratorCount": 0,
        "precision": "BF16",
        "enableAddons": True,
        "createTime": created,
        "updateTime": created,
    }

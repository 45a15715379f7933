"""Deployment shapes: one per base model, this machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fw_assets.embedded.engine.registry import base_models
from fw_assets.embedded.errors import invalid, not_found
from fw_assets.embedded.http.handler import ApiRequest
from fw_assets.embedded.http.listing import page
from fw_assets.embedded.records.model_documents import PUBLISH_TIME, base_id, find_model
from fw_assets.embedded.store.resource_names import DEPLOYMENT_SHAPES, MODELS, PUBLISHER, resource_name

DEFAULT = "default"
NO_ACCELERATOR = "ACCELERATOR_TYPE_UNSPECIFIED"
_VERSION = "v1"


def list_all(request: ApiRequest) -> dict[str, Any]:
    """List the shapes: one per base model."""
    return page(DEPLOYMENT_SHAPES, [_shape(id) for id in base_models()], request.query)


def match(request: ApiRequest) -> dict[str, Any]:
    """The shape versions that fit a deployment which is about to be created."""
    create_request = request.body.get("createDeploymentRequest")
    deployment = create_request.get("deployment") if isinstance(create_request, dict) else None
    if not isinstance(deployment, dict) or not deployment.get("baseModel"):
        raise invalid("createDeploymentRequest.deployment.baseModel: missing", "createDeploymentRequest")
    name = str(deployment["baseModel"])
    model = find_model(request.platform, name)
    if model is None:
        raise not_found(name)
    shape = _shape(base_id(model))
    version = {
        "name": f"{shape['name']}/versions/{_VERSION}",
        "snapshot": shape,
        "validated": True,
        "public": True,
        "createTime": shape["createTime"],
    }
    return {"deploymentShapeVersions": [version], "nextPageToken": "", "totalSize": 1}


def check_shape(body: Mapping[str, Any], model: Mapping[str, Any]) -> str:
    """The full name of the shape of a new deployment; empty when it names an accelerator instead.

    Raises:
        RpcError: INVALID_ARGUMENT for a shape that does not fit, and for neither shape nor accelerator.
    """
    fitting: str = _shape(base_id(model))["name"]
    shape = body.get("deploymentShape")
    if shape in (DEFAULT, fitting, f"{fitting}/versions/{_VERSION}"):
        return fitting
    if shape:
        raise invalid(f"deploymentShape: {shape!r} does not fit; use 'default' or {fitting!r}", "deploymentShape")
    if body.get("acceleratorType"):
        return ""
    raise invalid("accelerator_type must be specified when no deployment_shape is given", "deploymentShape")


def _shape(id: str) -> dict[str, Any]:
    return {
        "name": resource_name(PUBLISHER, DEPLOYMENT_SHAPES, f"{id}-cpu"),
        "displayName": f"{id} on this machine",
        "baseModel": resource_name(PUBLISHER, MODELS, id),
        "presetType": "MINIMAL",
        "acceleratorType": NO_ACCELERATOR,
        "acceleratorCount": 0,
        "precision": "BF16",
        "enableAddons": True,
        "createTime": PUBLISH_TIME,
        "updateTime": PUBLISH_TIME,
    }

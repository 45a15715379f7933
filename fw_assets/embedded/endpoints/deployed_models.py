"""Deployed models: LoRAs that are loaded into a deployment of their base model."""

from __future__ import annotations

from typing import Any

from fw_assets.embedded.endpoints.lookup import get_document, list_documents
from fw_assets.embedded.errors import RpcError, invalid, not_found, precondition
from fw_assets.embedded.http.handler import ApiRequest
from fw_assets.embedded.http.listing import apply_read_mask, page
from fw_assets.embedded.records.model_documents import find_model
from fw_assets.embedded.store import documents
from fw_assets.embedded.store.resource_names import (
    DEPLOYED_MODELS,
    DEPLOYMENTS,
    resource_name,
    short_id,
    split_name,
)

MAX_LOADED = 100


def create(request: ApiRequest) -> dict[str, Any]:
    """Load a LoRA into a deployment of its base model that has addons enabled."""
    name = str(request.body.get("model"))
    model = find_model(request.platform, name)
    if model is None:
        raise not_found(name)
    if model["kind"] != "HF_PEFT_ADDON":
        raise invalid(f"model: {name} is not a LoRA", "model")
    account, deployment_id = split_name(request.body.get("deployment"), DEPLOYMENTS, "deployment")
    # A model is loaded once into a deployment: the id follows from both.
    id = f"{short_id(name)}-{deployment_id}"
    now = request.platform.timestamp()
    with request.platform.database.write() as connection:
        deployment = documents.get(connection, DEPLOYMENTS, account, deployment_id)
        if deployment["state"] == "DELETED":
            raise not_found(deployment["name"])
        if not deployment["enableAddons"]:
            raise precondition(f"{deployment['name']} was created without enableAddons")
        if deployment["baseModel"] != model["peftDetails"]["baseModel"]:
            raise invalid(f"model: {name} was tuned from {model['peftDetails']['baseModel']}", "model")
        loaded = documents.list_all(connection, DEPLOYED_MODELS, request.account)
        if len(loaded) >= MAX_LOADED:
            message = f"the account has {MAX_LOADED} LoRAs loaded already"
            raise RpcError("RESOURCE_EXHAUSTED", message, reason="quota_exceeded")
        has_default = any(item["model"] == name and item["default"] for item in loaded)
        document = {
            "name": resource_name(request.account, DEPLOYED_MODELS, id),
            "displayName": str(request.body.get("displayName", "")),
            "model": name,
            "deployment": deployment["name"],
            "default": bool(request.body.get("default", False)) or not has_default,
            "public": bool(request.body.get("public", False)),
            "serverless": False,
            "state": "DEPLOYED",
            "status": {"code": "OK", "message": ""},
            "createTime": now,
            "updateTime": now,
        }
        documents.insert(connection, DEPLOYED_MODELS, request.account, id, document)
    return document


def get(request: ApiRequest) -> dict[str, Any]:
    """Get a loaded LoRA."""
    return apply_read_mask(get_document(request, DEPLOYED_MODELS), request.query)


def list_all(request: ApiRequest) -> dict[str, Any]:
    """List loaded LoRAs."""
    return page(DEPLOYED_MODELS, list_documents(request, DEPLOYED_MODELS), request.query)


def delete(request: ApiRequest) -> dict[str, Any]:
    """Unload a LoRA."""
    with request.platform.database.write() as connection:
        documents.delete(connection, DEPLOYED_MODELS, request.account, request.id)
    return {}

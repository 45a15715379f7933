"""LoRAs that were loaded into a base deployment."""

from __future__ import annotations

from typing import Any

from fw_assets.embedded.endpoints import models
from fw_assets.embedded.errors import ApiError, invalid, not_found, precondition
from fw_assets.embedded.http.endpoint import Call
from fw_assets.embedded.http.listing import masked, page
from fw_assets.embedded.store import resources
from fw_assets.embedded.store.resource_ids import resource_name, split_name

KIND = "deployedModels"
MOST = 100


def create(call: Call) -> dict[str, Any]:
    """Load a LoRA into a deployment of its base model that has addons enabled."""
    name = call.body.get("model")
    model = models.find(call.platform, str(name))
    if model is None:
        raise not_found(str(name))
    if model["kind"] != "HF_PEFT_ADDON":
        raise invalid(f"model: {name} is not a LoRA", "model")
    account, deployment_id = split_name(call.body.get("deployment"), "deployments", "deployment")
    # One load per model and deployment: the id follows from both.
    id = f"{split_name(name, 'models', 'model')[1]}-{deployment_id}"
    now = call.platform.timestamp()
    with call.platform.store.write() as connection:
        deployment = resources.get(connection, "deployments", account, deployment_id)
        if deployment["state"] == "DELETED":
            raise not_found(deployment["name"])
        if not deployment["enableAddons"]:
            raise precondition(f"{deployment['name']} was created without enableAddons")
        if deployment["baseModel"] != model["peftDetails"]["baseModel"]:
            raise invalid(f"model: {name} was tuned from {model['peftDetails']['baseModel']}", "model")
        loaded = resources.every(connection, KIND, call.account)
        if len(loaded) >= MOST:
            raise ApiError(
                "RESOURCE_EXHAUSTED", f"the account has {MOST} LoRAs loaded already", reason="quota_exceeded"
            )
        first = not any(item["model"] == name and item["default"] for item in loaded)
        document = {
            "name": resource_name(call.account, KIND, id),
            "displayName": str(call.body.get("displayName", "")),
            "model": name,
            "deployment": deployment["name"],
            "default": bool(call.body.get("default", False)) or first,
            "public": bool(call.body.get("public", False)),
            "serverless": False,
            "state": "DEPLOYED",
            "status": {"code": "OK", "message": ""},
            "createTime": now,
            "updateTime": now,
        }
        resources.insert(connection, KIND, call.account, id, document)
    return document


def get(call: Call) -> dict[str, Any]:
    """Get a loaded LoRA."""
    with call.platform.store.read() as connection:
        document = resources.get(connection, KIND, call.account, call.id)
    return masked(document, call.query.get("readMask", ""))


def list_all(call: Call) -> dict[str, Any]:
    """List loaded LoRAs."""
    with call.platform.store.read() as connection:
        documents = resources.every(connection, KIND, call.account)
    return page(KIND, documents, call.query)


def patch(call: Call) -> dict[str, Any]:
    """Change displayName, default or public."""
    if set(call.body) - {"displayName", "default", "public"}:
        raise invalid("only displayName, default and public of a loaded LoRA can be changed")
    with call.platform.store.write() as connection:
        changes = dict(call.body) | {"updateTime": call.platform.timestamp()}
        return resources.update(connection, KIND, call.account, call.id, changes)


def delete(call: Call) -> dict[str, Any]:
    """Unload a LoRA."""
    with call.platform.store.write() as connection:
        resources.delete(connection, KIND, call.account, call.id)
    return {}

"""Models: the base models of the engine under `accounts/fireworks`, the tuned ones under the own account."""

from __future__ import annotations

import shutil
from typing import Any

from fw_assets.embedded.engine import REGISTRY, WEIGHTS_ADVICE, BaseModel, weights_available
from fw_assets.embedded.errors import not_found, precondition
from fw_assets.embedded.http.endpoint import Call
from fw_assets.embedded.http.listing import masked, page
from fw_assets.embedded.http.signing import signed_url
from fw_assets.embedded.store import resources
from fw_assets.embedded.store.platform import Platform
from fw_assets.embedded.store.resource_ids import PUBLISHER, resource_name, split_name

KIND = "models"
_PUBLISHED = "2026-01-01T00:00:00.000000Z"


def get(call: Call) -> dict[str, Any]:
    """Get a model, with the deployments that serve it."""
    name = resource_name(call.account, KIND, call.id)
    document = find(call.platform, name)
    if document is None:
        raise not_found(name)
    with call.platform.store.read() as connection:
        deployed = resources.every(connection, "deployedModels", "local")
    fields = ("name", "deployment", "state", "default", "public")
    references = [{key: item[key] for key in fields} for item in deployed if item["model"] == name]
    return masked(document | {"deployedModelRefs": references}, call.query.get("readMask", ""))


def list_all(call: Call) -> dict[str, Any]:
    """List models."""
    if call.account == PUBLISHER:
        return page(KIND, [base_document(model) for model in REGISTRY.values()], call.query)
    with call.platform.store.read() as connection:
        documents = resources.every(connection, KIND, call.account)
    return page(KIND, documents, call.query)


def delete(call: Call) -> dict[str, Any]:
    """Delete a tuned model that no deployment serves."""
    name = resource_name(call.account, KIND, call.id)
    with call.platform.store.write() as connection:
        for item in resources.every(connection, "deployments", call.account):
            if item["baseModel"] == name and item["state"] != "DELETED":
                raise precondition(f"{name} is served by {item['name']}")
        resources.delete(connection, KIND, call.account, call.id)
    shutil.rmtree(call.platform.model_folder(call.id), ignore_errors=True)
    return {}


def get_download_endpoint(call: Call) -> dict[str, Any]:
    """Signed URLs of the files of a tuned model."""
    with call.platform.store.read() as connection:
        resources.get(connection, KIND, call.account, call.id)
    folder = call.platform.model_folder(call.id)
    return {
        "filenameToSignedUrls": {
            path.name: signed_url(call.platform, call.base_url, path, "GET") for path in sorted(folder.iterdir())
        }
    }


def find(platform: Platform, name: str) -> dict[str, Any] | None:
    """The document of a model by its full name."""
    account, id = split_name(name, KIND, "model")
    if account == PUBLISHER:
        return base_document(REGISTRY[id]) if id in REGISTRY else None
    with platform.store.read() as connection:
        return resources.find(connection, KIND, account, id)


def base_model(name: str) -> BaseModel | None:
    """The engine's entry for a base model's full name."""
    account, id = split_name(name, KIND, "baseModel")
    return REGISTRY.get(id) if account == PUBLISHER else None


def base_document(model: BaseModel) -> dict[str, Any]:
    """A base model as the API shows it.

    `fineTuningDefaults` and `supportsBatchInference` are this platform's own additions.
    """
    usable = weights_available() or not model.needs_weights
    low, high = model.learning_rate_range
    return {
        "name": resource_name(PUBLISHER, KIND, model.id),
        "displayName": model.display_name,
        "description": model.description,
        "kind": "HF_BASE_MODEL",
        "state": "READY",
        "status": {"code": "OK", "message": ""}
        if usable
        else {
            "code": "FAILED_PRECONDITION",
            "message": f"the weights are not on this machine: {WEIGHTS_ADVICE}",
        },
        "public": True,
        "tunable": usable,
        "rlTunable": False,
        "supportsLora": usable,
        "supportsServerless": True,
        "supportsBatchInference": usable,
        "supportsTools": False,
        "supportsImageInput": False,
        "contextLength": model.context_length,
        "trainingContextLength": model.context_length,
        "baseModelDetails": {
            "parameterCount": str(model.parameter_count),
            "moe": False,
            "tunable": usable,
            "modelType": model.id,
            "checkpointFormat": "NATIVE",
        },
        "fineTuningDefaults": {
            "grid": [{"loraRank": rank, "learningRate": rate, "epochs": epochs} for rank, rate, epochs in model.grid],
            "batchSizeSamples": model.batch_size,
            "learningRateRange": [low, high],
        },
        "deployedModelRefs": [],
        "createTime": _PUBLISHED,
        "updateTime": _PUBLISHED,
    }


def tuned_model(platform: Platform, job: dict[str, Any]) -> dict[str, Any]:
    """The model that a finished job leaves behind."""
    base = base_model(job["baseModel"])
    now = platform.timestamp()
    return {
        "name": job["outputModel"],
        "displayName": job.get("displayName", ""),
        "description": f"Fine-tuned by {job['name']}",
        "kind": "HF_PEFT_ADDON",
        "state": "READY",
        "status": {"code": "OK", "message": ""},
        "public": False,
        "tunable": False,
        "supportsLora": False,
        "supportsServerless": False,
        "contextLength": base.context_length if base else 0,
        "fineTuningJob": job["name"],
        "peftDetails": {
            "baseModel": job["baseModel"],
            "r": job["loraRank"],
            "targetModules": [],
            "baseModelType": base.id if base else "",
        },
        "deployedModelRefs": [],
        "createTime": now,
        "updateTime": now,
    }

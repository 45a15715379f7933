"""Documents of models: the engine's base models under `accounts/fireworks`; adapters and bases of the own account."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fw_assets.embedded.engine.errors import DamagedModel
from fw_assets.embedded.engine.label_sets import THRESHOLD_RULES
from fw_assets.embedded.engine.registry import LORA_RANKS, BaseModel, base_models
from fw_assets.embedded.engine.tuned_model import stored_files
from fw_assets.embedded.errors import not_found, precondition
from fw_assets.embedded.file_checksums import is_whole
from fw_assets.embedded.inference_server.serving import server_of
from fw_assets.embedded.store import documents
from fw_assets.embedded.store.embedded_platform import EmbeddedPlatform
from fw_assets.embedded.store.resource_names import ACCOUNT, MODELS, PUBLISHER, resource_name, split_name

PUBLISH_TIME = "2026-01-01T00:00:00.000000Z"


def find_model(platform: EmbeddedPlatform, name: str) -> dict[str, Any] | None:
    """The document of a base or a tuned model by its full name.

    Raises:
        RpcError: INVALID_ARGUMENT when that is not the name of a model.
    """
    account, id = split_name(name, MODELS, "model")
    if account == PUBLISHER:
        model = base_models().get(id)
        return base_document(model) if model is not None else None
    with platform.database.read() as connection:
        return documents.find(connection, MODELS, account, id)


def own_bases(platform: EmbeddedPlatform) -> list[dict[str, Any]]:
    """The documents of the base models of the account."""
    with platform.database.read() as connection:
        return [model for model in documents.list_all(connection, MODELS, ACCOUNT) if not is_adapter(model)]


def model_files(platform: EmbeddedPlatform, id: str) -> list[Path]:
    """The files of a tuned model, whether they are there or not."""
    folder = platform.model_folder(id)
    return [folder / name for name in stored_files(folder)]


def require_whole_model(platform: EmbeddedPlatform, id: str) -> None:
    """Raise where a file of a tuned model is not what was written.

    Raises:
        DamagedModel: naming the file.
    """
    for path in model_files(platform, id):
        if not is_whole(path):
            raise DamagedModel(f"{path}: damaged or missing")


def ready_model(platform: EmbeddedPlatform, name: object, field: str) -> dict[str, Any]:
    """The document of a model that can be used, by its full name in the field of another resource.

    Raises:
        RpcError: INVALID_ARGUMENT for a wrong name, NOT_FOUND, FAILED_PRECONDITION while it is not READY or where its
            weights are not on this machine.
    """
    split_name(name, MODELS, field)
    model = find_model(platform, str(name))
    if model is None:
        raise not_found(str(name))
    if model["state"] != "READY":
        raise precondition(f"{field}: {name} is {model['state']}, it must be READY")
    if model["status"]["code"] != "OK":
        raise precondition(f"{name} cannot be used: {model['status']['message']}")
    return model


def base_id(model: Mapping[str, Any]) -> str:
    """The id of the engine's base model that a document is of, or was tuned from."""
    id: str = model["peftDetails"]["baseModelType"] if is_adapter(model) else model["baseModelDetails"]["modelType"]
    return id


def is_adapter(model: Mapping[str, Any]) -> bool:
    return bool(model["kind"] == "HF_PEFT_ADDON")


def base_document(model: BaseModel) -> dict[str, Any]:
    """A base model as the API shows it.

    `fineTuningDefaults`, `readsWholePrompt`, `supportsBatchInference`, `defaultCalibration`, `thresholdRules`,
    `weightsDigest` and `answeredBy`, the address of the inference server, are additions of this platform.
    """
    advice = model.missing_weights()
    usable, server = advice is None, server_of(model)
    low, high = model.learning_rate_range
    return {
        "name": resource_name(PUBLISHER, MODELS, model.id),
        "displayName": model.display_name,
        "description": model.description,
        "kind": "HF_BASE_MODEL",
        "state": "READY",
        "status": {
            "code": "OK" if usable or server else "FAILED_PRECONDITION",
            "message": "" if usable else f"the weights are not on this machine: {advice}",
        },
        "public": True,
        "tunable": usable and model.first_training_stack,
        "useTrainingV2": True,
        "supervisedLoraTunable": usable,
        "supervisedFullParameterTunable": False,
        "rlTunable": False,
        "supportsLora": usable,
        "supportsServerless": True,
        "supportsBatchInference": usable or bool(server),
        "supportsTools": False,
        "supportsImageInput": False,
        "contextLength": model.context_length,
        "trainingContextLength": model.context_length,
        "readsWholePrompt": not model.encoders,
        "baseModelDetails": {
            "parameterCount": str(model.parameter_count),
            "moe": False,
            "tunable": usable and model.first_training_stack,
            "modelType": model.id,
            "checkpointFormat": "NATIVE",
        },
        "fineTuningDefaults": {
            "grid": [{"loraRank": rank, "learningRate": rate, "epochs": epochs} for rank, rate, epochs in model.grid],
            "batchSizeSamples": model.batch_size,
            "learningRateRange": [low, high],
            "loraRanks": list(LORA_RANKS),
        },
        "deployedModelRefs": [],
        "createTime": PUBLISH_TIME,
        "updateTime": PUBLISH_TIME,
        # Of an encoder there is nothing to divide out.
        "defaultCalibration": "none" if model.encoders else "contextual",
        "thresholdRules": list(THRESHOLD_RULES),
        **({"weightsDigest": model.language_model.digest} if model.language_model else {}),
        **({"answeredBy": server} if server else {}),
    }


def own_base_document(platform: EmbeddedPlatform, name: str, engine: BaseModel, display_name: str) -> dict[str, Any]:
    """The document of a base model of the account, whose upload is not validated yet.

    As on the service it answers on deployments alone.
    """
    now = platform.timestamp()
    document = base_document(engine) | {
        "name": name,
        "displayName": display_name,
        "description": f"A base model of the account, with the weights of {engine.id}",
        "state": "UPLOADING",
        "public": False,
        "supportsServerless": False,
        "createTime": now,
        "updateTime": now,
    }
    del document["supportsBatchInference"]
    return document


def tuned_document(platform: EmbeddedPlatform, job: dict[str, Any]) -> dict[str, Any]:
    """The document of the model that a finished job leaves behind.

    Raises:
        RpcError: NOT_FOUND, when its base model was deleted meanwhile.
    """
    base = find_model(platform, job["baseModel"])
    if base is None:
        raise not_found(job["baseModel"])
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
        "supervisedLoraTunable": False,
        "supportsLora": False,
        "supportsServerless": False,
        "contextLength": base["contextLength"],
        "fineTuningJob": job["name"],
        "peftDetails": {
            "baseModel": job["baseModel"],
            "r": job["loraRank"],
            "targetModules": [],
            "baseModelType": base_id(base),
        },
        "deployedModelRefs": [],
        "createTime": now,
        "updateTime": now,
    }

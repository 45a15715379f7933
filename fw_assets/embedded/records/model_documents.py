"""Documents of models: the engine's base models under `accounts/fireworks`, stored tuned ones under the own account."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fw_assets.embedded.engine.registry import LORA_RANKS, REGISTRY, BaseModel
from fw_assets.embedded.engine.tuned_model import ARRAYS_FILE, MANIFEST_FILE
from fw_assets.embedded.store import documents
from fw_assets.embedded.store.embedded_platform import EmbeddedPlatform
from fw_assets.embedded.store.resource_names import MODELS, PUBLISHER, resource_name, short_id, split_name

PUBLISH_TIME = "2026-01-01T00:00:00.000000Z"


def find_model(platform: EmbeddedPlatform, name: str) -> dict[str, Any] | None:
    """The document of a base or a tuned model by its full name.

    Raises:
        RpcError: INVALID_ARGUMENT when that is not the name of a model.
    """
    account, id = split_name(name, MODELS, "model")
    if account == PUBLISHER:
        return base_document(REGISTRY[id]) if id in REGISTRY else None
    with platform.database.read() as connection:
        return documents.find(connection, MODELS, account, id)


def model_files(platform: EmbeddedPlatform, id: str) -> list[Path]:
    """The files of a tuned model, whether they are there or not."""
    return [platform.model_folder(id) / name for name in (ARRAYS_FILE, MANIFEST_FILE)]


def registry_entry(name: object) -> BaseModel | None:
    """The engine's entry for the full name of a base model.

    Raises:
        RpcError: INVALID_ARGUMENT when that is not the name of a model.
    """
    account, id = split_name(name, MODELS, "baseModel")
    return REGISTRY.get(id) if account == PUBLISHER else None


def base_id(model: Mapping[str, Any]) -> str:
    """The id of the base model that a document is of, or was tuned from."""
    return short_id(model["peftDetails"]["baseModel"] if model["kind"] == "HF_PEFT_ADDON" else model["name"])


def base_document(model: BaseModel) -> dict[str, Any]:
    """A base model as the API shows it.

    `fineTuningDefaults` and `supportsBatchInference` are additions of this platform.
    """
    advice = model.missing_weights()
    usable = advice is None
    low, high = model.learning_rate_range
    return {
        "name": resource_name(PUBLISHER, MODELS, model.id),
        "displayName": model.display_name,
        "description": model.description,
        "kind": "HF_BASE_MODEL",
        "state": "READY",
        "status": {"code": "OK", "message": ""}
        if usable
        else {"code": "FAILED_PRECONDITION", "message": f"the weights are not on this machine: {advice}"},
        "public": True,
        "tunable": usable and model.first_training_stack,
        "useTrainingV2": True,
        "supervisedLoraTunable": usable,
        "supervisedFullParameterTunable": False,
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
    }


def tuned_document(platform: EmbeddedPlatform, job: dict[str, Any]) -> dict[str, Any]:
    """The document of the model that a finished job leaves behind."""
    base = registry_entry(job["baseModel"])
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

"""Validation of the body of a new supervised fine-tuning job, and its defaults."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Mapping
from typing import Any

from fw_assets.embedded.engine.label_sets import DEFAULT_RULE, THRESHOLD_RULES
from fw_assets.embedded.engine.registry import LORA_RANKS, BaseModel, find_base_model
from fw_assets.embedded.errors import RpcError, invalid, not_found, precondition
from fw_assets.embedded.jobs import job_queue
from fw_assets.embedded.records.model_documents import base_id, find_model, is_adapter, ready_model
from fw_assets.embedded.settings import READOUT_RULES, embedded_settings
from fw_assets.embedded.store.embedded_platform import EmbeddedPlatform
from fw_assets.embedded.store.resource_names import (
    DATASETS,
    FINE_TUNING_JOBS,
    MODELS,
    check_id,
    resource_name,
    split_name,
)

MAX_EXAMPLES = 3_000_000
_SCHEDULERS = ("constant", "linear", "cosine")
_DEPRECATED = (
    "batchSize",
    "gradientAccumulationSteps",
    "jinjaTemplate",
    "mtpEnabled",
    "extraValues",
    "earlyStop",
)
_ECHOED = (
    "wandbConfig",
    "samplerCheckpointSaveIntervalSteps",
    "region",
    "nodes",
    "isTurbo",
    "usePurpose",
    "reservationTarget",
    "useReservation",
    "rendererHuggingFaceRepoId",
    "awsS3Config",
    "azureBlobStorageConfig",
    "metricsFileSignedUrl",
)
_KNOWN = {
    "dataset",
    "baseModel",
    "warmStartFrom",
    "outputModel",
    "displayName",
    "epochs",
    "learningRate",
    "lrScheduler",
    "learningRateWarmupSteps",
    "loraRank",
    "maxContextLength",
    "batchSizeSamples",
    "optimizerWeightDecay",
    "evaluationDataset",
    "evalAutoCarveout",
    "readout",
    "thresholds",
    *_DEPRECATED,
    *_ECHOED,
}


def job_fields(platform: EmbeddedPlatform, body: Mapping[str, Any], account: str, job_id: str) -> dict[str, Any]:
    """The fields of the body with every default filled in; whether the datasets exist is not checked.

    Raises:
        RpcError: INVALID_ARGUMENT, NOT_FOUND for the base model or the adapter to continue, FAILED_PRECONDITION when it
            cannot be tuned.
    """
    for field in body:
        if field not in _KNOWN:
            raise invalid(f"{field}: this field is not known; the body is flat, without a wrapping object", field)
    for field in _DEPRECATED:
        if body.get(field):
            raise invalid(f"{field}: no longer supported; leave it out", field)
    split_name(body.get("dataset"), DATASETS, "dataset")
    if body.get("evaluationDataset"):
        split_name(body["evaluationDataset"], DATASETS, "evaluationDataset")
    start = _warm_start(platform, body)
    base = start["peftDetails"]["baseModel"] if start else body.get("baseModel")
    model = _tunable(platform, base)
    output_account, output_id = split_name(
        body.get("outputModel") or resource_name(account, MODELS, job_id), MODELS, "outputModel"
    )
    if output_account != account:
        raise invalid(f"outputModel: must be in accounts/{account}", "outputModel")
    check_id(output_id, "outputModel")
    display_name = body.get("displayName", "")
    if not isinstance(display_name, str) or len(display_name) >= 64:
        raise invalid("displayName: expected a text of less than 64 characters", "displayName")
    return {
        "dataset": body["dataset"],
        "baseModel": base,
        **({"warmStartFrom": start["name"]} if start else {}),
        "outputModel": resource_name(account, MODELS, output_id),
        "displayName": display_name,
        "epochs": _number(body, "epochs", 1),
        "learningRate": float(_number(body, "learningRate", model.grid[0][1])),
        **_schedule(body),
        "loraRank": _kept_rank(body, start) if start else _rank(body),
        "maxContextLength": _whole_number(body, "maxContextLength", model.context_length),
        "batchSizeSamples": _whole_number(body, "batchSizeSamples", model.batch_size),
        "evaluationDataset": body.get("evaluationDataset") or "",
        "evalAutoCarveout": body.get("evalAutoCarveout", True) is not False,
        **_weight_decay(body, model),
        **_readout(body, model),
        "thresholds": _thresholds(body),
    } | {field: body[field] for field in _ECHOED if field in body}


def check_quota(connection: sqlite3.Connection, collection: str, account: str, most: int) -> None:
    """Refuse a job beyond the rehearsed quota, as the service does.

    Raises:
        RpcError: RESOURCE_EXHAUSTED.
    """
    used = len(job_queue.queued_ids(connection, collection)) if most else 0
    if most and used >= most:
        # The service's two forms: of accelerators for training, and of the number of batch jobs.
        name, status = ("training-cpu-count", 429) if collection == FINE_TUNING_JOBS else ("job-submission-count", 400)
        message = f"{name} for account {account}, in use: {used}, quota: {most}"
        raise RpcError("RESOURCE_EXHAUSTED", message, status=status)


def check_size(rows: int, epochs: float) -> None:
    """Refuse more rows times epochs than the platform permits."""
    if rows * epochs > MAX_EXAMPLES:
        raise invalid(f"epochs: {rows} rows x {epochs:g} epochs are over {MAX_EXAMPLES:,} examples", "epochs")


def _tunable(platform: EmbeddedPlatform, name: object) -> BaseModel:
    if not name:
        raise invalid("baseModel: missing; exactly one of baseModel and warmStartFrom must be given", "baseModel")
    split_name(name, MODELS, "baseModel")
    document = find_model(platform, str(name))
    if document is None:
        raise not_found(str(name))
    if is_adapter(document):
        raise precondition(f"{name} is an adapter: name it as warmStartFrom, without a baseModel", "MODEL_NOT_TUNABLE")
    if not document["supervisedLoraTunable"]:
        raise precondition(f"{name} cannot be tuned: {document['status']['message']}", "MODEL_NOT_TUNABLE")
    if document["state"] != "READY":
        raise precondition(f"{name} is {document['state']}, it must be READY", "MODEL_NOT_TUNABLE")
    return find_base_model(base_id(document))


def _warm_start(platform: EmbeddedPlatform, body: Mapping[str, Any]) -> dict[str, Any] | None:
    """The document of the adapter that the job continues."""
    name = body.get("warmStartFrom")
    if not name:
        return None
    if body.get("baseModel"):
        raise invalid("warmStartFrom: exactly one of baseModel and warmStartFrom must be given", "warmStartFrom")
    adapter = ready_model(platform, name, "warmStartFrom")
    if not is_adapter(adapter):
        raise invalid(f"warmStartFrom: {name} is no adapter", "warmStartFrom")
    return adapter


def _kept_rank(body: Mapping[str, Any], start: Mapping[str, Any]) -> int:
    """The rank of the adapter that is continued."""
    rank: int = start["peftDetails"]["r"]
    if body.get("loraRank") and body["loraRank"] != rank:
        raise invalid(f"loraRank: {body['loraRank']!r}; {start['name']} has rank {rank}, and keeps it", "loraRank")
    return rank


def _number(body: Mapping[str, Any], field: str, default: float) -> float:
    value = body.get(field) or default
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
        raise invalid(f"{field}: {value!r}; expected a number above 0", field)
    return value


def _whole_number(body: Mapping[str, Any], field: str, default: int) -> int:
    value = body.get(field) or default
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise invalid(f"{field}: {value!r}; expected a whole number above 0", field)
    return value


def _rank(body: Mapping[str, Any]) -> int:
    rank = _whole_number(body, "loraRank", 8)
    if rank not in LORA_RANKS:
        raise invalid(f"loraRank: {rank}; expected a power of two up to {LORA_RANKS[-1]}", "loraRank")
    return rank


def _weight_decay(body: Mapping[str, Any], model: BaseModel) -> dict[str, float]:
    """The decoupled weight decay of a language model's adapter; the other kind is trained without."""
    decay = body.get("optimizerWeightDecay")
    if decay is None:
        return {}
    if isinstance(decay, bool) or not isinstance(decay, (int, float)) or not 0 <= decay < math.inf:
        raise invalid(f"optimizerWeightDecay: {decay!r}; expected a number from 0 up", "optimizerWeightDecay")
    if decay and model.encoders:
        raise invalid(
            f"optimizerWeightDecay: {decay!r}; {model.id} is trained without weight decay: leave it out",
            "optimizerWeightDecay",
        )
    return {"optimizerWeightDecay": float(decay)}


def _readout(body: Mapping[str, Any], model: BaseModel) -> dict[str, str]:
    """How the labels of a language model are read, which is a field of this platform alone; no other model has it."""
    readout = body.get("readout")
    if model.encoders:
        if readout:
            raise invalid(f"readout: {model.id} is no language model, and has but one", "readout")
        return {}
    if readout and readout not in READOUT_RULES:
        raise invalid(f"readout: {readout!r}; expected one of {', '.join(READOUT_RULES)}", "readout")
    return {"readout": readout or embedded_settings().fw_readout}


def _thresholds(body: Mapping[str, Any]) -> str:
    """How the thresholds of label sets are fitted, which is a field of this platform alone."""
    thresholds = body.get("thresholds") or DEFAULT_RULE
    if thresholds not in THRESHOLD_RULES:
        raise invalid(f"thresholds: {thresholds!r}; expected one of {', '.join(THRESHOLD_RULES)}", "thresholds")
    return str(thresholds)


def _schedule(body: Mapping[str, Any]) -> dict[str, Any]:
    """The schedule of the learning rate: without fields a tenth of warm-up and linear decay to 0, which the models'
    grids were measured with; a scheduler alone has no warm-up, as on the service."""
    schedule: dict[str, Any] = {"lrScheduler": _scheduler(body.get("lrScheduler"))}
    steps = body.get("learningRateWarmupSteps")
    if isinstance(steps, bool) or not (steps is None or (isinstance(steps, int) and steps >= 0)):
        raise invalid(
            f"learningRateWarmupSteps: {steps!r}; expected a whole number from 0 up", "learningRateWarmupSteps"
        )
    if steps is not None or body.get("lrScheduler"):
        schedule["learningRateWarmupSteps"] = steps or 0
    return schedule


def _scheduler(value: object) -> dict[str, Any]:
    if not value:
        return {"linear": {}}
    if not isinstance(value, dict) or len(value) != 1 or next(iter(value)) not in _SCHEDULERS:
        raise invalid(f"lrScheduler: {value!r}; expected one of {', '.join(_SCHEDULERS)} as its key", "lrScheduler")
    settings = next(iter(value.values())) or {}
    if not isinstance(settings, dict):
        raise invalid(f"lrScheduler: {value!r}; expected an object for its key", "lrScheduler")
    for ratio in ("minLrRatio", "decayRatio"):
        share = settings.get(ratio) or 0
        if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 <= share <= 1:
            raise invalid(f"lrScheduler.{ratio}: {share!r}; expected 0 to 1", "lrScheduler")
    return value

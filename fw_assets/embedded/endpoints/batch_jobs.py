"""Batch inference jobs; the work itself is done by worker processes."""

from __future__ import annotations

import shutil
from typing import Any

import msgspec

from fw_assets.embedded.endpoints.job_validation import check_quota
from fw_assets.embedded.endpoints.lookup import get_document, list_documents
from fw_assets.embedded.errors import already_exists, invalid, not_found
from fw_assets.embedded.http.handler import ApiRequest
from fw_assets.embedded.http.listing import apply_read_mask, page
from fw_assets.embedded.jobs import job_queue
from fw_assets.embedded.jobs.worker_processes import ensure_workers
from fw_assets.embedded.records.dataset_documents import ready_dataset
from fw_assets.embedded.records.model_documents import find_model
from fw_assets.embedded.store import documents
from fw_assets.embedded.store.faults import rename_state, store_job_faults
from fw_assets.embedded.store.resource_names import (
    BATCH_JOBS,
    DATASETS,
    check_id,
    new_id,
    resource_name,
    split_name,
)

_PARAMETERS = {"maxTokens", "temperature", "topP", "topK", "n", "extraBody"}


def create(request: ApiRequest) -> dict[str, Any]:
    """Create a job that answers every row of a dataset."""
    platform, account, body = request.platform, request.account, request.body
    id = check_id(request.query.get("batchInferenceJobId") or new_id("batch"), "batchInferenceJobId")
    model = str(body.get("model", ""))
    if find_model(platform, model) is None:
        raise not_found(model)
    parameters = body.get("inferenceParameters") or {}
    _check_parameters(parameters)
    dataset, _ = ready_dataset(platform, body.get("inputDatasetId"), "inputDatasetId")
    output = body.get("outputDatasetId") or resource_name(account, DATASETS, f"{id}-output")
    output_account, output_id = split_name(output, DATASETS, "outputDatasetId")
    check_id(output_id, "outputDatasetId")
    now = platform.timestamp()
    document = {
        "name": resource_name(account, BATCH_JOBS, id),
        "displayName": str(body.get("displayName", "")),
        "model": model,
        "inputDatasetId": dataset["name"],
        "outputDatasetId": output,
        "inferenceParameters": parameters,
        "state": "JOB_STATE_CREATING",
        "status": {"code": "OK", "message": ""},
        "jobProgress": {"percent": 0, "totalInputRequests": int(dataset["exampleCount"])},
        "createTime": now,
        "updateTime": now,
        "createdBy": account,
    }
    with platform.database.write() as connection:
        if documents.find(connection, DATASETS, output_account, output_id) is not None:
            raise already_exists(output)
        check_quota(connection, BATCH_JOBS, account, request.faults.max_jobs)
        store_job_faults(platform, request.faults, BATCH_JOBS, id)
        documents.insert(connection, BATCH_JOBS, account, id, document)
        job_queue.enqueue(connection, BATCH_JOBS, account, id, platform.clock())
    ensure_workers(platform)
    return document


def get(request: ApiRequest) -> dict[str, Any]:
    """Get a job."""
    ensure_workers(request.platform)
    return apply_read_mask(rename_state(request.faults, get_document(request, BATCH_JOBS)), request.query)


def list_all(request: ApiRequest) -> dict[str, Any]:
    """List jobs."""
    ensure_workers(request.platform)
    views = [rename_state(request.faults, document) for document in list_documents(request, BATCH_JOBS)]
    return page(BATCH_JOBS, views, request.query)


def delete(request: ApiRequest) -> dict[str, Any]:
    """Delete a job; its output dataset stays."""
    with request.platform.database.write() as connection:
        job_queue.dequeue(connection, BATCH_JOBS, request.account, request.id)
        documents.delete(connection, BATCH_JOBS, request.account, request.id)
    shutil.rmtree(request.platform.job_folder(BATCH_JOBS, request.id), ignore_errors=True)
    return {}


def _check_parameters(parameters: object) -> None:
    if not isinstance(parameters, dict) or set(parameters) - _PARAMETERS:
        raise invalid(f"inferenceParameters: expected an object with {', '.join(sorted(_PARAMETERS))}")
    try:
        msgspec.json.decode(parameters.get("extraBody") or "{}", type=dict[str, Any])
    except (msgspec.DecodeError, TypeError):
        raise invalid("inferenceParameters.extraBody: expected the text of a JSON object") from None

"""Batch inference jobs, as the API shows them."""

from __future__ import annotations

import shutil
from typing import Any

import msgspec

from fw_assets.embedded.endpoints import models
from fw_assets.embedded.endpoints.datasets import KIND as DATASETS
from fw_assets.embedded.endpoints.datasets import ready_dataset
from fw_assets.embedded.errors import already_exists, invalid, not_found
from fw_assets.embedded.http.endpoint import Call
from fw_assets.embedded.http.listing import masked, page
from fw_assets.embedded.jobs import job_queue
from fw_assets.embedded.jobs.batch_run import KIND
from fw_assets.embedded.store import faults, resources
from fw_assets.embedded.store.resource_ids import check_id, new_id, resource_name, split_name

_PARAMETERS = {"maxTokens", "temperature", "topP", "topK", "n", "extraBody"}


def create(call: Call) -> dict[str, Any]:
    """Create a job that answers every row of a dataset."""
    id = check_id(call.query.get("batchInferenceJobId") or new_id("batch"), "batchInferenceJobId")
    model = str(call.body.get("model", ""))
    if models.find(call.platform, model) is None:
        raise not_found(model)
    parameters = call.body.get("inferenceParameters") or {}
    _check_parameters(parameters)
    dataset, _ = ready_dataset(call.platform, call.body.get("inputDatasetId"), "inputDatasetId")
    output = call.body.get("outputDatasetId") or resource_name(call.account, DATASETS, f"{id}-output")
    owner, output_id = split_name(output, DATASETS, "outputDatasetId")
    check_id(output_id, "outputDatasetId")
    now = call.platform.timestamp()
    document = {
        "name": resource_name(call.account, KIND, id),
        "displayName": str(call.body.get("displayName", "")),
        "model": model,
        "inputDatasetId": dataset["name"],
        "outputDatasetId": output,
        "inferenceParameters": parameters,
        "state": "JOB_STATE_CREATING",
        "status": {"code": "OK", "message": ""},
        "jobProgress": {"percent": 0, "totalInputRequests": int(dataset["exampleCount"])},
        "createTime": now,
        "updateTime": now,
        "createdBy": call.account,
    }
    with call.platform.store.write() as connection:
        if resources.find(connection, DATASETS, owner, output_id) is not None:
            raise already_exists(output)
        faults.keep_stall(call.platform, call.faults, KIND, id)
        resources.insert(connection, KIND, call.account, id, document)
        job_queue.enqueue(connection, KIND, call.account, id, call.platform.clock())
    job_queue.ensure_workers(call.platform)
    return document


def get(call: Call) -> dict[str, Any]:
    """Get a job."""
    job_queue.ensure_workers(call.platform)
    with call.platform.store.read() as connection:
        document = resources.get(connection, KIND, call.account, call.id)
    return masked(faults.rename_state(call.faults, document), call.query.get("readMask", ""))


def list_all(call: Call) -> dict[str, Any]:
    """List jobs."""
    job_queue.ensure_workers(call.platform)
    with call.platform.store.read() as connection:
        documents = resources.every(connection, KIND, call.account)
    return page(KIND, [faults.rename_state(call.faults, document) for document in documents], call.query)


def delete(call: Call) -> dict[str, Any]:
    """Delete a job; its output dataset stays."""
    with call.platform.store.write() as connection:
        job_queue.dequeue(connection, KIND, call.account, call.id)
        resources.delete(connection, KIND, call.account, call.id)
    shutil.rmtree(call.platform.job_folder(KIND, call.id), ignore_errors=True)
    return {}


def _check_parameters(parameters: object) -> None:
    if not isinstance(parameters, dict) or set(parameters) - _PARAMETERS:
        raise invalid(f"inferenceParameters: expected an object with {', '.join(sorted(_PARAMETERS))}")
    try:
        msgspec.json.decode(parameters.get("extraBody") or "{}", type=dict[str, Any])
    except (msgspec.DecodeError, TypeError):
        raise invalid("inferenceParameters.extraBody: expected the text of a JSON object") from None

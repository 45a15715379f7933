"""Supervised fine-tuning jobs; the work itself is done by worker processes."""

from __future__ import annotations

import shutil
import sqlite3
from typing import Any

from fw_assets.embedded.endpoints.job_validation import check_quota, check_size, job_fields
from fw_assets.embedded.endpoints.lookup import get_document, list_documents
from fw_assets.embedded.errors import already_exists, precondition
from fw_assets.embedded.http.handler import ApiRequest
from fw_assets.embedded.http.listing import apply_read_mask, page
from fw_assets.embedded.http.signing import signed_url
from fw_assets.embedded.jobs import job_queue
from fw_assets.embedded.jobs.metrics_file import FILE as METRICS
from fw_assets.embedded.jobs.repair import with_whole_results
from fw_assets.embedded.jobs.worker_processes import ensure_workers
from fw_assets.embedded.records.dataset_documents import ready_dataset
from fw_assets.embedded.records.price_list import money, training_cost
from fw_assets.embedded.store import documents
from fw_assets.embedded.store.faults import rename_state, store_job_faults
from fw_assets.embedded.store.resource_names import (
    FINE_TUNING_JOBS,
    MODELS,
    check_id,
    new_id,
    resource_name,
    short_id,
    split_name,
)

_ENDED = tuple(f"JOB_STATE_{state}" for state in ("COMPLETED", "FAILED", "CANCELLED", "EXPIRED", "DELETED"))


def create(request: ApiRequest) -> dict[str, Any]:
    """Create a job and queue it; everything that can be refused is refused here."""
    platform, account = request.platform, request.account
    id = check_id(request.query.get("supervisedFineTuningJobId") or new_id("sft"), "supervisedFineTuningJobId")
    fields = job_fields(platform, request.body, account, id)
    with platform.database.read() as connection:
        _check_new(connection, account, id, fields["outputModel"])
    cost = _estimated_cost(request, fields)
    now = platform.timestamp()
    document = {
        "name": resource_name(account, FINE_TUNING_JOBS, id),
        **fields,
        "state": "JOB_STATE_CREATING",
        "status": {"code": "OK", "message": ""},
        "jobProgress": {"percent": 0, "epoch": 0},
        "estimatedCost": cost,
        "createTime": now,
        "updateTime": now,
        "createdBy": account,
    }
    with platform.database.write() as connection:
        # Another request may have created the job since it was checked.
        _check_new(connection, account, id, fields["outputModel"])
        check_quota(connection, FINE_TUNING_JOBS, account, request.faults.max_jobs)
        store_job_faults(platform, request.faults, FINE_TUNING_JOBS, id)
        documents.insert(connection, FINE_TUNING_JOBS, account, id, document)
        job_queue.enqueue(connection, FINE_TUNING_JOBS, account, id, platform.clock())
    ensure_workers(platform)
    return _view(request, document)


def estimate_cost(request: ApiRequest) -> dict[str, Any]:
    """Estimate the cost of a job that is not created."""
    fields = job_fields(request.platform, request.body, request.account, new_id("sft"))
    return {"estimatedCost": _estimated_cost(request, fields)}


def get(request: ApiRequest) -> dict[str, Any]:
    """Get a job."""
    ensure_workers(request.platform)
    document = with_whole_results(request.platform, get_document(request, FINE_TUNING_JOBS))
    return apply_read_mask(_view(request, document), request.query)


def list_all(request: ApiRequest) -> dict[str, Any]:
    """List jobs."""
    ensure_workers(request.platform)
    views = [_view(request, document) for document in list_documents(request, FINE_TUNING_JOBS)]
    return page(FINE_TUNING_JOBS, views, request.query)


def cancel(request: ApiRequest) -> dict[str, Any]:
    """Stop a job; its worker notices when it next reports progress."""
    with request.platform.database.write() as connection:
        document = documents.get(connection, FINE_TUNING_JOBS, request.account, request.id)
        if document["state"] in _ENDED:
            raise precondition(f"{document['name']} is {document['state']} already")
        job_queue.dequeue(connection, FINE_TUNING_JOBS, request.account, request.id)
        now = request.platform.timestamp()
        changes = {"state": "JOB_STATE_CANCELLED", "updateTime": now, "completedTime": now}
        documents.update(connection, FINE_TUNING_JOBS, request.account, request.id, changes)
    return {}


def resume(request: ApiRequest) -> dict[str, Any]:
    """Queue a failed or cancelled job again, from its beginning."""
    with request.platform.database.write() as connection:
        document = documents.get(connection, FINE_TUNING_JOBS, request.account, request.id)
        if document["state"] not in ("JOB_STATE_FAILED", "JOB_STATE_CANCELLED"):
            raise precondition(f"{document['name']} is {document['state']}; only failed and cancelled jobs resume")
        job_queue.enqueue(connection, FINE_TUNING_JOBS, request.account, request.id, request.platform.clock())
        changes = {
            "state": "JOB_STATE_CREATING",
            "status": {"code": "OK", "message": ""},
            "updateTime": request.platform.timestamp(),
        }
        document = documents.update(connection, FINE_TUNING_JOBS, request.account, request.id, changes)
    ensure_workers(request.platform)
    return _view(request, document)


def delete(request: ApiRequest) -> dict[str, Any]:
    """Delete a job; its output model stays."""
    with request.platform.database.write() as connection:
        job_queue.dequeue(connection, FINE_TUNING_JOBS, request.account, request.id)
        documents.delete(connection, FINE_TUNING_JOBS, request.account, request.id)
    shutil.rmtree(request.platform.job_folder(FINE_TUNING_JOBS, request.id), ignore_errors=True)
    return {}


def _estimated_cost(request: ApiRequest, fields: dict[str, Any]) -> dict[str, Any]:
    platform = request.platform
    dataset, _ = ready_dataset(platform, fields["dataset"], "dataset")
    if fields["evaluationDataset"]:
        ready_dataset(platform, fields["evaluationDataset"], "evaluationDataset")
    check_size(int(dataset["exampleCount"]), fields["epochs"])
    if request.faults.quote:
        return money(request.faults.quote)
    return training_cost(platform, fields["baseModel"], int(dataset["estimatedTokenCount"]), fields["epochs"])


def _check_new(connection: sqlite3.Connection, account: str, id: str, output_model: str) -> None:
    """Refuse a job or an output model that exists or is about to."""
    if documents.find(connection, FINE_TUNING_JOBS, account, id) is not None:
        raise already_exists(resource_name(account, FINE_TUNING_JOBS, id))
    if documents.find(connection, MODELS, *split_name(output_model, MODELS, "outputModel")) is not None:
        raise already_exists(output_model)
    for other_account, other_id in job_queue.queued_ids(connection, FINE_TUNING_JOBS):
        other = documents.get(connection, FINE_TUNING_JOBS, other_account, other_id)
        if other["outputModel"] == output_model:
            raise already_exists(f"{output_model} is the output of {other_id}, which")


def _view(request: ApiRequest, document: dict[str, Any]) -> dict[str, Any]:
    """The job as the API shows it, with the URL of its metrics file."""
    path = request.platform.job_folder(FINE_TUNING_JOBS, short_id(document["name"])) / METRICS
    url = signed_url(request.platform, request.base_url, path, "GET")
    return rename_state(request.faults, document | {"metricsFileSignedUrl": url})

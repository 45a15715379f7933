"""Supervised fine-tuning jobs, as the API shows them; the work itself is done by worker processes."""

from __future__ import annotations

import shutil
import sqlite3
from typing import Any

from fw_assets.embedded.endpoints.datasets import ready_dataset
from fw_assets.embedded.endpoints.job_validation import check_size, job_fields
from fw_assets.embedded.errors import already_exists, precondition
from fw_assets.embedded.http.endpoint import Call
from fw_assets.embedded.http.listing import masked, page
from fw_assets.embedded.http.signing import signed_url
from fw_assets.embedded.jobs import job_queue
from fw_assets.embedded.jobs.fine_tuning_run import KIND, METRICS
from fw_assets.embedded.records.price_list import training_cost
from fw_assets.embedded.store import faults, resources
from fw_assets.embedded.store.resource_ids import check_id, new_id, resource_name, split_name

_ENDED = ("JOB_STATE_COMPLETED", "JOB_STATE_FAILED", "JOB_STATE_CANCELLED")


def create(call: Call) -> dict[str, Any]:
    """Create a job and queue it; everything that can be refused is refused here."""
    id = check_id(call.query.get("supervisedFineTuningJobId") or new_id("sft"), "supervisedFineTuningJobId")
    fields = job_fields(call.body, call.account, id)
    with call.platform.store.read() as connection:
        _check_new(connection, call.account, id, fields["outputModel"])
    dataset, _ = ready_dataset(call.platform, fields["dataset"], "dataset")
    if fields["evaluationDataset"]:
        ready_dataset(call.platform, fields["evaluationDataset"], "evaluationDataset")
    check_size(int(dataset["exampleCount"]), fields["epochs"])
    tokens = int(dataset["estimatedTokenCount"])
    now = call.platform.timestamp()
    document = {
        "name": resource_name(call.account, KIND, id),
        **fields,
        "state": "JOB_STATE_CREATING",
        "status": {"code": "OK", "message": ""},
        "jobProgress": {"percent": 0, "epoch": 0},
        "estimatedCost": training_cost(call.platform, fields["baseModel"], tokens, fields["epochs"]),
        "createTime": now,
        "updateTime": now,
        "createdBy": call.account,
    }
    with call.platform.store.write() as connection:
        _check_new(connection, call.account, id, fields["outputModel"])
        faults.keep_stall(call.platform, call.faults, KIND, id)
        resources.insert(connection, KIND, call.account, id, document)
        job_queue.enqueue(connection, KIND, call.account, id, call.platform.clock())
    job_queue.ensure_workers(call.platform)
    return _view(call, document)


def get(call: Call) -> dict[str, Any]:
    """Get a job."""
    job_queue.ensure_workers(call.platform)
    with call.platform.store.read() as connection:
        document = resources.get(connection, KIND, call.account, call.id)
    return masked(_view(call, document), call.query.get("readMask", ""))


def list_all(call: Call) -> dict[str, Any]:
    """List jobs."""
    job_queue.ensure_workers(call.platform)
    with call.platform.store.read() as connection:
        documents = resources.every(connection, KIND, call.account)
    return page(KIND, [_view(call, document) for document in documents], call.query)


def cancel(call: Call) -> dict[str, Any]:
    """Stop a job; its worker notices at its next record."""
    with call.platform.store.write() as connection:
        document = resources.get(connection, KIND, call.account, call.id)
        if document["state"] in _ENDED:
            raise precondition(f"{document['name']} is {document['state']} already")
        job_queue.dequeue(connection, KIND, call.account, call.id)
        now = call.platform.timestamp()
        changes = {"state": "JOB_STATE_CANCELLED", "updateTime": now, "completedTime": now}
        resources.update(connection, KIND, call.account, call.id, changes)
    return {}


def resume(call: Call) -> dict[str, Any]:
    """Queue a failed or cancelled job again, from its beginning."""
    with call.platform.store.write() as connection:
        document = resources.get(connection, KIND, call.account, call.id)
        if document["state"] not in ("JOB_STATE_FAILED", "JOB_STATE_CANCELLED"):
            raise precondition(f"{document['name']} is {document['state']}; only failed and cancelled jobs resume")
        job_queue.enqueue(connection, KIND, call.account, call.id, call.platform.clock())
        changes = {
            "state": "JOB_STATE_CREATING",
            "status": {"code": "OK", "message": ""},
            "updateTime": call.platform.timestamp(),
        }
        document = resources.update(connection, KIND, call.account, call.id, changes)
    job_queue.ensure_workers(call.platform)
    return _view(call, document)


def delete(call: Call) -> dict[str, Any]:
    """Delete a job; its output model stays."""
    with call.platform.store.write() as connection:
        job_queue.dequeue(connection, KIND, call.account, call.id)
        resources.delete(connection, KIND, call.account, call.id)
    shutil.rmtree(call.platform.job_folder(KIND, call.id), ignore_errors=True)
    return {}


def _check_new(connection: sqlite3.Connection, account: str, id: str, output_model: str) -> None:
    """Neither the job nor its output model may exist or be on its way."""
    if resources.find(connection, KIND, account, id) is not None:
        raise already_exists(resource_name(account, KIND, id))
    if resources.find(connection, "models", *split_name(output_model, "models", "outputModel")) is not None:
        raise already_exists(output_model)
    for kind, owner, other in connection.execute(
        "SELECT kind, account, id FROM work WHERE kind = ?", (KIND,)
    ).fetchall():
        if resources.get(connection, kind, owner, other)["outputModel"] == output_model:
            raise already_exists(f"{output_model} is the output of {other}, which")


def _view(call: Call, document: dict[str, Any]) -> dict[str, Any]:
    path = call.platform.job_folder(KIND, document["name"].rsplit("/", 1)[1]) / METRICS
    shown = document | {"metricsFileSignedUrl": signed_url(call.platform, call.base_url, path, "GET")}
    return faults.rename_state(call.faults, shown)

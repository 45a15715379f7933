"""Models: the base models of the publisher; the tuned ones and the bases of the account."""

from __future__ import annotations

import shutil
from typing import Any

from fw_assets.embedded.endpoints.lookup import get_document, list_documents
from fw_assets.embedded.engine.registry import BaseModel, base_models
from fw_assets.embedded.errors import invalid, not_found, precondition
from fw_assets.embedded.http.handler import ApiRequest
from fw_assets.embedded.http.listing import apply_read_mask, page
from fw_assets.embedded.http.signing import signed_url
from fw_assets.embedded.inference_server.serving import server_of, unload
from fw_assets.embedded.jobs.slots import slot_count
from fw_assets.embedded.records import model_documents
from fw_assets.embedded.records.model_speed import speed_document
from fw_assets.embedded.store import documents
from fw_assets.embedded.store.resource_names import (
    ACCOUNT,
    DEPLOYED_MODELS,
    DEPLOYMENTS,
    MODELS,
    PUBLISHER,
    check_id,
    resource_name,
    short_id,
)

_REFERENCE_FIELDS = ("name", "deployment", "state", "default", "public")


def get(request: ApiRequest) -> dict[str, Any]:
    """Get a model, with the deployments that it is loaded into."""
    name = resource_name(request.account, MODELS, request.id)
    document = model_documents.find_model(request.platform, name)
    if document is None:
        raise not_found(name)
    with request.platform.database.read() as connection:
        loaded = documents.list_all(connection, DEPLOYED_MODELS, ACCOUNT)
    references = [{field: item[field] for field in _REFERENCE_FIELDS} for item in loaded if item["model"] == name]
    return apply_read_mask(_shown(request, document) | {"deployedModelRefs": references}, request.query)


def list_all(request: ApiRequest) -> dict[str, Any]:
    """List models."""
    if request.account == PUBLISHER:
        bases = [_base(request, model) for model in base_models().values()]
        return page(MODELS, bases, request.query)
    return page(MODELS, [_shown(request, document) for document in list_documents(request, MODELS)], request.query)


def _shown(request: ApiRequest, document: dict[str, Any]) -> dict[str, Any]:
    """A model with where it is answered, and without `supportsLora` where the faults leave no path to an adapter."""
    unserved = request.faults.live_merge == "never" and not request.faults.addons
    shown = document | {"supportsLora": document["supportsLora"] and not unserved}
    base = base_models().get(model_documents.base_id(document))
    folder = request.platform.model_folder(short_id(document["name"])) if model_documents.is_adapter(document) else None
    server = server_of(base, folder) if base is not None else ""
    return {name: value for name, value in shown.items() if name != "answeredBy"} | (
        {"answeredBy": server} if server else {}
    )


def _base(request: ApiRequest, model: BaseModel) -> dict[str, Any]:
    """A base model of the publisher; `throughput` is an addition of this platform."""
    throughput = speed_document(request.platform, model, slot_count())
    document = _shown(request, model_documents.base_document(model))
    return document if throughput is None else document | {"throughput": throughput}


def create(request: ApiRequest) -> dict[str, Any]:
    """Create a base model of the account, which is READY once its upload is validated.

    Its weights are those of the engine's model that `baseModelDetails.modelType` names: nothing is uploaded here.
    """
    id = check_id(request.body.get("modelId"), "modelId")
    fields = request.body.get("model")
    if not isinstance(fields, dict):
        raise invalid("model: missing", "model")
    if fields.get("kind") != "HF_BASE_MODEL":
        raise invalid(f"model.kind: {fields.get('kind')!r}; this platform takes HF_BASE_MODEL alone", "model.kind")
    details = fields.get("baseModelDetails")
    engine = base_models().get(str(details.get("modelType"))) if isinstance(details, dict) else None
    if engine is None:
        known = ", ".join(base_models())
        raise invalid(f"model.baseModelDetails.modelType: expected one of {known}", "model.baseModelDetails.modelType")
    name = resource_name(request.account, MODELS, id)
    document = model_documents.own_base_document(request.platform, name, engine, str(fields.get("displayName", id)))
    with request.platform.database.write() as connection:
        documents.insert(connection, MODELS, request.account, id, document)
    return document


def validate_upload(request: ApiRequest) -> dict[str, Any]:
    """Make a created base model READY."""
    with request.platform.database.write() as connection:
        changes = {"state": "READY", "updateTime": request.platform.timestamp()}
        documents.update(connection, MODELS, request.account, request.id, changes)
    return {}


def delete(request: ApiRequest) -> dict[str, Any]:
    """Delete a model of the account that no deployment serves."""
    name = resource_name(request.account, MODELS, request.id)
    with request.platform.database.write() as connection:
        for deployment in documents.list_all(connection, DEPLOYMENTS, request.account):
            if deployment["baseModel"] == name and deployment["state"] != "DELETED":
                raise precondition(f"{name} is served by {deployment['name']}")
        documents.delete(connection, MODELS, request.account, request.id)
    unload(request.platform.model_folder(request.id))
    shutil.rmtree(request.platform.model_folder(request.id), ignore_errors=True)
    return {}


def get_download_endpoint(request: ApiRequest) -> dict[str, Any]:
    """Signed URLs of the files of a tuned model."""
    get_document(request, MODELS)
    files = sorted(request.platform.model_folder(request.id).glob("[!.]*"))
    urls = {path.name: signed_url(request.platform, request.base_url, path, "GET") for path in files}
    return {"filenameToSignedUrls": urls}

"""Datasets: created empty, filled once, then READY and immutable."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response

from fw_assets.embedded.endpoints.dataset_validation import looks_like_batch, validate_file
from fw_assets.embedded.endpoints.lookup import get_document, list_documents
from fw_assets.embedded.errors import RpcError, invalid, precondition
from fw_assets.embedded.file_checksums import write_checksum
from fw_assets.embedded.http.file_transfer import safe_file_name, save_multipart
from fw_assets.embedded.http.handler import ApiRequest, JSONReply, check_account
from fw_assets.embedded.http.listing import apply_read_mask, page
from fw_assets.embedded.http.signing import signed_url
from fw_assets.embedded.records.dataset_documents import data_files, new_dataset, with_whole_file
from fw_assets.embedded.store import documents
from fw_assets.embedded.store.embedded_platform import EmbeddedPlatform
from fw_assets.embedded.store.resource_names import ACCOUNT, DATASETS, check_id

_FORMATS = ("FORMAT_UNSPECIFIED", "CHAT", "COMPLETION", "RL")


def create(request: ApiRequest) -> dict[str, Any]:
    """Create a dataset in state UPLOADING."""
    id = check_id(request.body.get("datasetId"), "datasetId")
    fields = request.body.get("dataset")
    if not isinstance(fields, dict):
        raise invalid("dataset: missing; expected an object", "dataset")
    if "userUploaded" not in fields:
        raise invalid(
            "dataset.userUploaded: missing; this platform takes uploaded datasets only",
            "dataset.userUploaded",
        )
    format = fields.get("format", "CHAT")
    if format not in _FORMATS:
        raise invalid(f"dataset.format: {format!r}; expected one of {', '.join(_FORMATS)}", "dataset.format")
    rows = _whole_number(fields.get("exampleCount"), "dataset.exampleCount", "rows")
    document = {
        **new_dataset(request.platform, id, str(fields.get("displayName", "")), rows),
        "format": format,
        "userUploaded": fields["userUploaded"] or {},
    }
    with request.platform.database.write() as connection:
        documents.insert(connection, DATASETS, request.account, id, document)
    return document


def get(request: ApiRequest) -> dict[str, Any]:
    """Get a dataset."""
    document = with_whole_file(request.platform, get_document(request, DATASETS))
    return apply_read_mask(document, request.query)


def list_all(request: ApiRequest) -> dict[str, Any]:
    """List datasets."""
    return page(DATASETS, list_documents(request, DATASETS), request.query)


def delete(request: ApiRequest) -> dict[str, Any]:
    """Delete a dataset and its file."""
    with request.platform.database.write() as connection:
        documents.delete(connection, DATASETS, request.account, request.id)
    shutil.rmtree(request.platform.dataset_folder(request.id), ignore_errors=True)
    return {}


async def upload(request: Request) -> Response:
    """Upload the file (multipart, part `file`, up to 150 MB) and validate it."""
    platform: EmbeddedPlatform = request.app.state.platform
    check_account(request)
    id = request.path_params["id"]
    await anyio.to_thread.run_sync(_check_uploading, platform, id)
    path = await save_multipart(request, platform.dataset_folder(id))
    document = await anyio.to_thread.run_sync(_accept, platform, id, path)
    return JSONReply(
        {
            "id": document["name"],
            "bytes": path.stat().st_size,
            "created_at": int(platform.clock()),
            "filename": path.name,
            "object": "file",
            "purpose": "fine-tune",
        }
    )


def get_upload_endpoint(request: ApiRequest) -> dict[str, Any]:
    """Signed URLs that take the files by PUT."""
    _check_uploading(request.platform, request.id)
    sizes = request.body.get("filenameToSize")
    if not isinstance(sizes, dict) or len(sizes) != 1:
        raise invalid("filenameToSize: expected one file name and its size in bytes", "filenameToSize")
    name, value = next(iter(sizes.items()))
    path = request.platform.dataset_folder(request.id) / safe_file_name(name)
    size = _whole_number(value, "filenameToSize", "bytes")
    return {"filenameToSignedUrls": {name: signed_url(request.platform, request.base_url, path, "PUT", size)}}


def validate_upload(request: ApiRequest) -> dict[str, Any]:
    """Validate what was PUT and make the dataset READY."""
    _check_uploading(request.platform, request.id)
    files = data_files(request.platform, request.id)
    if not files:
        raise precondition(f"{request.id}: no file has been uploaded yet")
    _accept(request.platform, request.id, files[0])
    return {}


def get_download_endpoint(request: ApiRequest) -> dict[str, Any]:
    """Signed URLs from which the files can be read."""
    get_document(request, DATASETS)
    files = data_files(request.platform, request.id)
    urls = {path.name: signed_url(request.platform, request.base_url, path, "GET") for path in files}
    return {"filenameToSignedUrls": urls}


def _check_uploading(platform: EmbeddedPlatform, id: str) -> None:
    with platform.database.read() as connection:
        document = documents.get(connection, DATASETS, ACCOUNT, id)
    if document["state"] != "UPLOADING":
        raise precondition(f"{document['name']} is {document['state']}; its data cannot be changed")


def _accept(platform: EmbeddedPlatform, id: str, path: Path) -> dict[str, Any]:
    """Validate a file and make its dataset READY; a refused file is removed, and the status tells why."""
    # Hidden files are of other uploads that are under way, and end with them.
    for other in path.parent.glob("[!.]*"):
        if other != path:
            other.unlink(missing_ok=True)
    is_batch = looks_like_batch(path)
    changes: dict[str, Any] = {"updateTime": platform.timestamp()}
    try:
        summary = validate_file(path, "BATCH" if is_batch else "CHAT")
    except RpcError as error:
        path.unlink(missing_ok=True)
        changes["status"] = {"code": error.code, "message": error.message}
        with platform.database.write() as connection:
            documents.update(connection, DATASETS, ACCOUNT, id, changes)
        raise
    write_checksum(path)
    changes |= {
        "state": "READY",
        "status": {"code": "OK", "message": ""},
        "format": "FORMAT_UNSPECIFIED" if is_batch else "CHAT",
        "exampleCount": str(summary.rows),
        "estimatedTokenCount": str(summary.tokens),
        "averageTurnCount": round(summary.messages / summary.rows, 3),
    }
    with platform.database.write() as connection:
        return documents.update(connection, DATASETS, ACCOUNT, id, changes)


def _whole_number(value: object, field: str, unit: str) -> int:
    """A number that comes as JSON number or, as int64 does, as text."""
    if isinstance(value, bool) or not isinstance(value, (int, str)) or not str(value).isdecimal():
        raise invalid(f"{field}: {value!r}; expected the number of {unit}", field)
    return int(value)

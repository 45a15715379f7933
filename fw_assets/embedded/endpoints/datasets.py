"""Datasets: created empty, filled once, then READY and immutable."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response

from fw_assets.embedded.endpoints.dataset_validation import check_dataset, looks_like_batch
from fw_assets.embedded.errors import ApiError, invalid, precondition
from fw_assets.embedded.http.endpoint import Call, JSONReply, check_account
from fw_assets.embedded.http.listing import masked, page
from fw_assets.embedded.http.signing import signed_url
from fw_assets.embedded.http.uploads import file_name, save_multipart
from fw_assets.embedded.store import resources
from fw_assets.embedded.store.platform import Platform
from fw_assets.embedded.store.resource_ids import check_id, resource_name, split_name

KIND = "datasets"
_FORMATS = ("FORMAT_UNSPECIFIED", "CHAT", "COMPLETION", "RL")


def create(call: Call) -> dict[str, Any]:
    """Create a dataset in state UPLOADING."""
    id = check_id(call.body.get("datasetId"), "datasetId")
    given = call.body.get("dataset")
    if not isinstance(given, dict):
        raise invalid("dataset: missing; expected an object", "dataset")
    if "userUploaded" not in given:
        raise invalid(
            "dataset.userUploaded: missing; this platform takes uploaded datasets only",
            "dataset.userUploaded",
        )
    if given.get("format", "CHAT") not in _FORMATS:
        raise invalid(f"dataset.format: {given['format']!r}; expected one of {', '.join(_FORMATS)}", "dataset.format")
    document = {
        **new_document(call.platform, id, str(given.get("displayName", "")), _count(given.get("exampleCount"))),
        "format": given.get("format", "CHAT"),
        "userUploaded": given["userUploaded"] or {},
    }
    with call.platform.store.write() as connection:
        resources.insert(connection, KIND, call.account, id, document)
    return document


def new_document(platform: Platform, id: str, display_name: str, rows: int) -> dict[str, Any]:
    """The fields that every dataset has from the start."""
    now = platform.timestamp()
    return {
        "name": resource_name("local", KIND, id),
        "displayName": display_name,
        "state": "UPLOADING",
        "status": {"code": "OK", "message": ""},
        "exampleCount": str(rows),
        "createTime": now,
        "updateTime": now,
        "createdBy": "local",
    }


def get(call: Call) -> dict[str, Any]:
    """Get a dataset."""
    with call.platform.store.read() as connection:
        document = resources.get(connection, KIND, call.account, call.id)
    return masked(document, call.query.get("readMask", ""))


def list_all(call: Call) -> dict[str, Any]:
    """List datasets."""
    with call.platform.store.read() as connection:
        documents = resources.every(connection, KIND, call.account)
    return page(KIND, documents, call.query)


def delete(call: Call) -> dict[str, Any]:
    """Delete a dataset and its file."""
    with call.platform.store.write() as connection:
        resources.delete(connection, KIND, call.account, call.id)
    shutil.rmtree(call.platform.dataset_folder(call.id), ignore_errors=True)
    return {}


def patch(call: Call) -> dict[str, Any]:
    """Change the display name; the data itself is immutable."""
    if set(call.body) - {"displayName", "name"}:
        raise invalid("only displayName of a dataset can be changed")
    changes = {"displayName": str(call.body.get("displayName", "")), "updateTime": call.platform.timestamp()}
    with call.platform.store.write() as connection:
        return resources.update(connection, KIND, call.account, call.id, changes)


async def upload(request: Request) -> Response:
    """Upload the file (multipart, part `file`, up to 150 MB) and check it."""
    platform: Platform = request.app.state.platform
    check_account(request)
    id = request.path_params["id"]
    await anyio.to_thread.run_sync(_check_uploading, platform, id)
    path = await save_multipart(request, platform.dataset_folder(id))
    document = await anyio.to_thread.run_sync(_finish, platform, id, path)
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


def get_upload_endpoint(call: Call) -> dict[str, Any]:
    """Signed URLs that take the files by PUT."""
    _check_uploading(call.platform, call.id)
    sizes = call.body.get("filenameToSize")
    if not isinstance(sizes, dict) or len(sizes) != 1:
        raise invalid("filenameToSize: expected one file name and its size in bytes", "filenameToSize")
    folder = call.platform.dataset_folder(call.id)
    urls = {
        name: signed_url(call.platform, call.base_url, folder / file_name(name), "PUT", _size(size))
        for name, size in sizes.items()
    }
    return {"filenameToSignedUrls": urls}


def validate_upload(call: Call) -> dict[str, Any]:
    """Check what was PUT and make the dataset READY."""
    _check_uploading(call.platform, call.id)
    path = data_file(call.platform, call.id)
    if path is None:
        raise precondition(f"{call.id}: no file has been uploaded yet")
    _finish(call.platform, call.id, path)
    return {}


def get_download_endpoint(call: Call) -> dict[str, Any]:
    """Signed URLs from which the files can be read."""
    with call.platform.store.read() as connection:
        resources.get(connection, KIND, call.account, call.id)
    folder = call.platform.dataset_folder(call.id)
    files = sorted(path for path in folder.glob("*") if not path.name.startswith("."))
    return {
        "filenameToSignedUrls": {path.name: signed_url(call.platform, call.base_url, path, "GET") for path in files}
    }


def data_file(platform: Platform, id: str) -> Path | None:
    """The file of a dataset."""
    folder = platform.dataset_folder(id)
    return next((path for path in sorted(folder.glob("*")) if not path.name.startswith(".")), None)


def ready_dataset(platform: Platform, name: object, field: str) -> tuple[dict[str, Any], Path]:
    """The document and the file of a dataset that another resource refers to by its full name.

    Raises:
        ApiError: INVALID_ARGUMENT for a wrong name, NOT_FOUND, FAILED_PRECONDITION while not READY.
    """
    account, id = split_name(name, KIND, field)
    with platform.store.read() as connection:
        document = resources.get(connection, KIND, account, id)
    path = data_file(platform, id)
    if document["state"] != "READY" or path is None:
        raise precondition(f"{field}: {document['name']} is {document['state']}, it must be READY")
    return document, path


def _check_uploading(platform: Platform, id: str) -> None:
    with platform.store.read() as connection:
        document = resources.get(connection, KIND, "local", id)
    if document["state"] != "UPLOADING":
        raise precondition(f"{document['name']} is {document['state']}; its data cannot be changed")


def _finish(platform: Platform, id: str, path: Path) -> dict[str, Any]:
    for other in path.parent.glob("*"):
        if other != path:
            other.unlink()
    format = "BATCH" if looks_like_batch(path) else "CHAT"
    changes: dict[str, Any] = {"updateTime": platform.timestamp()}
    try:
        facts = check_dataset(path, format)
    except ApiError as error:
        path.unlink()
        changes["status"] = {"code": error.code, "message": error.message}
        with platform.store.write() as connection:
            resources.update(connection, KIND, "local", id, changes)
        raise
    changes |= {
        "state": "READY",
        "status": {"code": "OK", "message": ""},
        "format": "CHAT" if format == "CHAT" else "FORMAT_UNSPECIFIED",
        "exampleCount": str(facts.rows),
        "estimatedTokenCount": str(facts.tokens),
        "averageTurnCount": round(facts.messages / facts.rows, 3),
    }
    with platform.store.write() as connection:
        return resources.update(connection, KIND, "local", id, changes)


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, str)) or not str(value).isdecimal():
        raise invalid(f"dataset.exampleCount: {value!r}; expected the number of rows", "dataset.exampleCount")
    return int(value)


def _size(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, str)) or not str(value).isdecimal():
        raise invalid(f"filenameToSize: {value!r}; expected a number of bytes", "filenameToSize")
    return int(value)

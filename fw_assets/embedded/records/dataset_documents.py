"""Documents of datasets, and the file that belongs to each."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from fw_assets.embedded.errors import RpcError, precondition
from fw_assets.embedded.file_checksums import is_whole
from fw_assets.embedded.store import documents
from fw_assets.embedded.store.embedded_platform import EmbeddedPlatform
from fw_assets.embedded.store.resource_names import ACCOUNT, DATASETS, resource_name, short_id, split_name


def new_dataset(platform: EmbeddedPlatform, id: str, display_name: str, rows: int) -> dict[str, Any]:
    """The fields that every dataset has from the start."""
    now = platform.timestamp()
    return {
        "name": resource_name(ACCOUNT, DATASETS, id),
        "displayName": display_name,
        "state": "UPLOADING",
        "status": {"code": "OK", "message": ""},
        "exampleCount": str(rows),
        "createTime": now,
        "updateTime": now,
        "createdBy": ACCOUNT,
    }


def data_files(platform: EmbeddedPlatform, id: str) -> list[Path]:
    """The complete files of a dataset, by name; hidden ones are uploads under way."""
    return sorted(path for path in platform.dataset_folder(id).glob("*") if not path.name.startswith("."))


def with_whole_file(platform: EmbeddedPlatform, document: dict[str, Any]) -> dict[str, Any]:
    """A dataset's document; that of an uploaded one whose file is damaged says that it has to be uploaded again."""
    id = short_id(document["name"])
    files = data_files(platform, id)
    if document["state"] != "READY" or "userUploaded" not in document or (files and all(map(is_whole, files))):
        return document
    status = {"code": "INTERNAL", "message": "the file was damaged on the platform's disk: upload it again"}
    changes = {"state": "UPLOADING", "status": status, "updateTime": platform.timestamp()}
    shutil.rmtree(platform.dataset_folder(id), ignore_errors=True)
    with platform.database.write() as connection:
        return documents.update(connection, DATASETS, ACCOUNT, id, changes)


def ready_dataset(platform: EmbeddedPlatform, name: object, field: str) -> tuple[dict[str, Any], Path]:
    """The document and the file of a dataset, by its full name in the field of another resource.

    Raises:
        RpcError: INVALID_ARGUMENT for a wrong name, NOT_FOUND, FAILED_PRECONDITION while not READY, INTERNAL for a
            damaged file, which has to be uploaded again.
    """
    account, id = split_name(name, DATASETS, field)
    with platform.database.read() as connection:
        document = documents.get(connection, DATASETS, account, id)
    damaged = with_whole_file(platform, document) is not document
    if damaged:
        message = f"{field}: the file of {document['name']} was damaged and has been removed; upload it again"
        raise RpcError("INTERNAL", message, status=400, reason="FILE_FAULT")
    files = data_files(platform, id)
    if document["state"] != "READY" or not files:
        raise precondition(f"{field}: {document['name']} is {document['state']}, it must be READY")
    return document, files[0]

"""Datasets: creation, content, waiting until the platform has accepted it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from ._errors import AlreadyExists, ApiError, BadRequest, DatasetFailed, FailedPrecondition, TooLarge
from ._get_or_create import get_or_create, unequal_fields
from ._http import HttpClient
from ._names import check_id, full_name, resource_path
from ._polling import poll
from ._resources import Resource, parse_resource
from ._retry import retrying
from ._upload import DIRECT_UPLOAD_LIMIT, OnBytes, UploadState, upload_file

Format = Literal["CHAT", "COMPLETION", "RL", "FORMAT_UNSPECIFIED"]
POLL_SECONDS = 3.0


class Dataset(Resource):
    """An immutable set of examples; usable once `state` is READY."""

    format: str = "FORMAT_UNSPECIFIED"
    example_count: int = 0
    estimated_token_count: int | None = None
    """Tokens of all rows, by the platform's count."""

    @property
    def ready(self) -> bool:
        return self.state == "READY"


async def get_dataset(http: HttpClient, account: str, name: str) -> Dataset:
    """One dataset; `name` may be a full name of any account."""
    return parse_resource(Dataset, await http.get(resource_path(full_name(name, account, "datasets"))))


async def list_datasets(http: HttpClient, account: str) -> list[Dataset]:
    """Every dataset of the account."""
    return [parse_resource(Dataset, item) for item in await http.pages(f"/v1/accounts/{account}/datasets", "datasets")]


async def create_dataset(
    http: HttpClient, account: str, dataset_id: str, path: Path, *, rows: int, display_name: str, format: Format
) -> Dataset:
    """The dataset of this id for the content of `path`, without content when it is new.

    Raises:
        ConflictError: it exists with another number of rows or another format.
        ValueError: it is new, and `path` has another number of rows; nothing was created.
    """
    check_id(dataset_id)
    inner: dict[str, Any] = {"displayName": display_name[:63], "exampleCount": str(rows), "userUploaded": {}}
    if format != "FORMAT_UNSPECIFIED":
        inner["format"] = format

    async def create() -> Dataset:
        # The count cannot be changed once the dataset is there.
        lines = await asyncio.to_thread(_count_rows, path)
        if lines != rows:
            raise ValueError(
                f"dataset {dataset_id}: {path.name} has {lines:,} rows and rows={rows:,} was given; nothing was created"
            )
        body = {"datasetId": dataset_id, "dataset": inner}
        return parse_resource(Dataset, await http.post(f"/v1/accounts/{account}/datasets", body))

    def differences(dataset: Dataset) -> Mapping[str, tuple[Any, Any]]:
        requested = {"exampleCount": rows, "format": inner.get("format")}
        existing = {
            "exampleCount": dataset.example_count,
            "format": None if dataset.format == "FORMAT_UNSPECIFIED" else dataset.format,
        }
        return unequal_fields(requested, existing, ("exampleCount",))

    return await get_or_create(
        http,
        f"dataset {dataset_id}",
        fetch=lambda: get_dataset(http, account, dataset_id),
        create=create,
        differences=differences,
    )


def _count_rows(path: Path) -> int:
    """The lines of a file that are not blank."""
    with path.open("rb") as file:
        return sum(1 for line in file if not line.isspace())


async def fill_dataset(
    http: HttpClient,
    account: str,
    dataset_id: str,
    path: Path,
    *,
    timeout: float,
    on_bytes: OnBytes | None,
    direct_upload_limit: int = DIRECT_UPLOAD_LIMIT,
) -> Dataset:
    """The dataset with the content of `path`, READY.

    A broken upload resumes where it stopped or starts over, unless the platform turns out to have the content.

    Raises:
        DatasetFailed: the platform refuses the content, and says why.
    """
    address = resource_path(full_name(dataset_id, account, "datasets"))
    state = UploadState()

    async def look_then_upload() -> None:
        if (await get_dataset(http, account, dataset_id)).ready:
            return
        try:
            await upload_file(http, address, path, on_bytes, direct_upload_limit, state)
        except (AlreadyExists, FailedPrecondition):
            # Another run may have finished the same upload in the meantime.
            if not (await get_dataset(http, account, dataset_id)).ready:
                raise

    try:
        await retrying(look_then_upload, http.retry_policy.backoff_for, http.clock, f"upload of {path.name}")
    except (BadRequest, TooLarge) as error:
        refusal: ApiError = error
    else:
        return await wait_dataset(http, account, dataset_id, timeout=timeout)
    raise DatasetFailed(f"dataset {dataset_id}: {path.name} was refused: {refusal.detail}. Correct the file.")


async def wait_dataset(http: HttpClient, account: str, dataset_id: str, *, timeout: float) -> Dataset:
    """The dataset once it is READY.

    Raises:
        DatasetFailed: its status says that it never will be.
    """

    def settled(dataset: Dataset) -> bool:
        return dataset.ready or not dataset.status.ok

    dataset = await poll(
        f"dataset {dataset_id}",
        lambda: get_dataset(http, account, dataset_id),
        settled,
        clock=http.clock,
        interval=POLL_SECONDS,
        timeout=timeout,
        describe=lambda dataset: dataset.state,
    )
    if not dataset.ready:
        raise DatasetFailed(f"dataset {dataset_id}: {dataset.status.code}: {dataset.status.message}")
    return dataset

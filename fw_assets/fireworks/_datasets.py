"""Datasets: created, uploaded, waited for, listed, downloaded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from ._ensure import ensure, unequal_fields
from ._errors import AlreadyExists, ApiError, BadRequest, DatasetFailed, FailedPrecondition, TooLarge
from ._http import Wire
from ._names import check_id, full_name, resource_path
from ._poll import poll
from ._retry import Backoff, retrying
from ._upload import DIRECT_LIMIT, Begun, OnBytes, upload_file
from ._values import Resource, read

Format = Literal["CHAT", "COMPLETION", "RL", "FORMAT_UNSPECIFIED"]


class Dataset(Resource):
    """An immutable set of examples; usable once `state` is READY."""

    format: str = "FORMAT_UNSPECIFIED"
    example_count: int = 0
    estimated_token_count: int | None = None
    source_job_name: str = ""

    @property
    def ready(self) -> bool:
        """Whether it can be used."""
        return self.state == "READY"


async def get_dataset(wire: Wire, account: str, name: str) -> Dataset:
    """One dataset; `name` may be a full name of any account."""
    return read(Dataset, await wire.get(resource_path(full_name(name, account, "datasets"))))


async def list_datasets(wire: Wire, account: str, filter: str | None) -> list[Dataset]:
    """Every dataset of the account."""
    query = {"filter": filter} if filter else {}
    return [read(Dataset, item) for item in await wire.pages(f"/v1/accounts/{account}/datasets", "datasets", query)]


async def create_dataset(
    wire: Wire, account: str, dataset_id: str, *, rows: int, display_name: str, format: Format
) -> Dataset:
    """The dataset of this id, without content when it is new.

    Raises:
        ConflictError: it exists with another number of rows or another format.
    """
    check_id(dataset_id)
    inner: dict[str, Any] = {"displayName": display_name[:63], "exampleCount": str(rows), "userUploaded": {}}
    if format != "FORMAT_UNSPECIFIED":
        inner["format"] = format

    async def create() -> Dataset:
        body = {"datasetId": dataset_id, "dataset": inner}
        return read(Dataset, await wire.post(f"/v1/accounts/{account}/datasets", body))

    def differences(found: Dataset) -> Mapping[str, tuple[Any, Any]]:
        asked = {"exampleCount": rows, "format": inner.get("format")}
        shown = {
            "exampleCount": found.example_count,
            "format": None if found.format == "FORMAT_UNSPECIFIED" else found.format,
        }
        return unequal_fields(asked, shown, ("exampleCount",))

    return await ensure(
        f"dataset {dataset_id}",
        fetch=lambda: get_dataset(wire, account, dataset_id),
        create=create,
        differences=differences,
        clock=wire.clock,
        patience=wire.patience,
    )


async def fill_dataset(
    wire: Wire,
    account: str,
    dataset_id: str,
    path: Path,
    *,
    ceiling: float,
    on_bytes: OnBytes | None,
    limit: int = DIRECT_LIMIT,
) -> Dataset:
    """The dataset with the content of `path`, READY.

    A broken upload goes on where it stopped or is begun again, unless the platform turns out to have the content.

    Raises:
        DatasetFailed: the platform refuses the content, and says why.
    """
    address = resource_path(full_name(dataset_id, account, "datasets"))
    begun = Begun()

    async def look_then_upload() -> None:
        if (await get_dataset(wire, account, dataset_id)).ready:
            return
        try:
            await upload_file(wire, address, path, on_bytes, limit, begun)
        except (AlreadyExists, FailedPrecondition):
            # Another run may have finished the same upload in the meantime.
            if not (await get_dataset(wire, account, dataset_id)).ready:
                raise

    def backoff(error: BaseException) -> Backoff | None:
        return wire.patience.of(error, cold=False)

    try:
        await retrying(look_then_upload, backoff, wire.clock, f"upload of {path.name}")
    except (BadRequest, TooLarge) as error:
        refusal: ApiError = error
    else:
        return await wait_dataset(wire, account, dataset_id, ceiling=ceiling)
    raise DatasetFailed(f"dataset {dataset_id}: {path.name} was refused: {refusal.detail}. Correct the file.")


async def wait_dataset(wire: Wire, account: str, dataset_id: str, *, ceiling: float, every: float = 3.0) -> Dataset:
    """The dataset once it is READY.

    Raises:
        DatasetFailed: its status says that it never will be.
    """

    def settled(dataset: Dataset) -> bool:
        return dataset.ready or not dataset.status.ok

    dataset = await poll(
        f"dataset {dataset_id}",
        lambda: get_dataset(wire, account, dataset_id),
        settled,
        clock=wire.clock,
        every=every,
        ceiling=ceiling,
        show=lambda dataset: dataset.state,
    )
    if not dataset.ready:
        raise DatasetFailed(f"dataset {dataset_id}: {dataset.status.code}: {dataset.status.message}")
    return dataset

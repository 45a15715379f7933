"""Datasets: created, uploaded, waited for, listed, downloaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from ._ensure import ensure, unequal_fields
from ._errors import ApiError, BadRequest, DatasetFailed, FailedPrecondition, FireworksError, TooLarge
from ._names import check_id, full_name, resource_path
from ._poll import poll
from ._retry import Backoff, retrying
from ._upload import DIRECT_LIMIT, OnBytes, upload_file
from ._values import Resource
from ._wire import Wire

Format = Literal["CHAT", "COMPLETION", "RL", "FORMAT_UNSPECIFIED"]


class Dataset(Resource):
    """An immutable set of examples; usable once `state` is READY."""

    format: str = "FORMAT_UNSPECIFIED"
    example_count: int = 0
    estimated_token_count: int | None = None
    source_job_name: str = ""
    raw: dict[str, Any] = Field(default={}, exclude=True, repr=False)

    @property
    def ready(self) -> bool:
        """Whether it can be used."""
        return self.state == "READY"


def read_dataset(item: dict[str, Any]) -> Dataset:
    """A dataset from an answer, with all of the answer in `raw`."""
    return Dataset.model_validate({**item, "raw": item})


async def get_dataset(wire: Wire, account: str, name: str) -> Dataset:
    """One dataset; `name` may be a full name of any account."""
    return read_dataset(await wire.get(resource_path(full_name(name, account, "datasets"))))


async def list_datasets(wire: Wire, account: str, filter: str | None) -> list[Dataset]:
    """Every dataset of the account."""
    query = {"filter": filter} if filter else {}
    return [
        read_dataset(item) for item in await wire.pages(f"/v1/accounts/{account}/datasets", "datasets", query)
    ]


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
        return read_dataset(await wire.post(f"/v1/accounts/{account}/datasets", body))

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

    A broken upload is begun again, unless the platform turns out to have the content.

    Raises:
        DatasetFailed: the platform refuses the content, and says why.
    """
    address = resource_path(full_name(dataset_id, account, "datasets"))

    async def look_then_upload() -> None:
        if (await get_dataset(wire, account, dataset_id)).ready:
            return
        try:
            await upload_file(wire, address, path, on_bytes, limit)
        except FailedPrecondition:
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


async def wait_dataset(
    wire: Wire, account: str, dataset_id: str, *, ceiling: float, every: float = 3.0
) -> Dataset:
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


async def download_dataset(
    wire: Wire, account: str, name: str, folder: Path, on_file: Callable[[Path], Any] | None = None
) -> tuple[Path, ...]:
    """The dataset's files, written to `folder` under their own names; a file is there whole or not at all."""
    address = resource_path(full_name(name, account, "datasets"), "getDownloadEndpoint")
    folder.mkdir(parents=True, exist_ok=True)
    written: dict[str, Path] = {}

    async def fetch_missing() -> None:
        answer = await wire.get(address)
        for filename, url in sorted((answer.get("filenameToSignedUrls") or {}).items()):
            if filename not in written:
                written[filename] = await _download(wire, url, folder / _safe_name(filename))
                if on_file:
                    on_file(written[filename])

    def backoff(error: BaseException) -> Backoff | None:
        if isinstance(error, ApiError) and error.status in (401, 403, 410) and written:
            return wire.patience.transient  # a URL that expired while others were read
        return wire.patience.of(error, cold=False)

    await retrying(fetch_missing, backoff, wire.clock, f"download of dataset {name}")
    if not written:
        raise FireworksError(f"dataset {name} has no file to download")
    return tuple(written[filename] for filename in sorted(written))


async def _download(wire: Wire, url: str, target: Path) -> Path:
    partial = target.with_name(f".{target.name}.part")
    try:
        async with wire.get_signed(url) as response:
            with partial.open("wb") as file:
                async for chunk in response.aiter_bytes():
                    file.write(chunk)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return target


def _safe_name(filename: str) -> str:
    name = filename.replace("\\", "/").rsplit("/", 1)[-1].lstrip(".")
    return "".join(letter for letter in name if letter.isprintable()) or "data.jsonl"

"""Downloads of the files of a dataset or a model; a file is there whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from ._errors import ApiError, FireworksError, UnexpectedResponse
from ._http import HttpClient
from ._names import full_name, resource_path
from ._retry import Backoff, retrying


async def download_files(
    http: HttpClient, account: str, name: str, folder: Path, collection: str = "datasets"
) -> tuple[Path, ...]:
    """The files of a resource in `folder`, under their own names and in the order of these."""
    what = f"{collection.removesuffix('s')} {name}"
    address = resource_path(full_name(name, account, collection), "getDownloadEndpoint")
    folder.mkdir(parents=True, exist_ok=True)
    written: dict[str, Path] = {}

    async def fetch_missing() -> None:
        urls = (await http.get(address)).get("filenameToSignedUrls") or {}
        if not isinstance(urls, dict) or not all(isinstance(url, str) for url in urls.values()):
            raise UnexpectedResponse(f"{what}: the response has no URLs by file name")
        for filename, url in urls.items():
            if filename not in written:
                written[filename] = await _download(http, url, folder / _safe_name(filename))

    def backoff_for(error: FireworksError) -> Backoff | None:
        if isinstance(error, ApiError) and error.status in (401, 403, 410) and written:
            return http.retry_policy.transient  # a URL that expired while others were read
        return http.retry_policy.backoff_for(error)

    await retrying(fetch_missing, backoff_for, http.clock, f"download of {what}")
    if not written:
        raise UnexpectedResponse(f"{what} has no file to download")
    return tuple(written[filename] for filename in sorted(written))


async def download_as_one(http: HttpClient, account: str, name: str, target: Path) -> Path:
    """The dataset's files, one after the other in the order of their names, as the single file `target`."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".download-") as folder:
        first, *others = await download_files(http, account, name, Path(folder))
        with first.open("ab") as whole:
            for part in others:
                with part.open("rb") as lines:
                    shutil.copyfileobj(lines, whole)
        first.replace(target)
    return target


async def _download(http: HttpClient, url: str, target: Path) -> Path:
    partial = target.with_name(f".{target.name}.part")
    try:
        async with http.signed_urls.open(url) as response:
            with partial.open("wb") as file:
                async for chunk in http.signed_urls.file_pieces(response):
                    file.write(chunk)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return target


def _safe_name(filename: str) -> str:
    """The last part of a name that comes from the platform and must not lead out of the folder."""
    name = filename.replace("\\", "/").rsplit("/", 1)[-1].lstrip(".")
    return "".join(letter for letter in name if letter.isprintable()) or "data.jsonl"

"""Sources of datasets: a local file or folder, an fsspec URL of either, a query to a database, or a dataset of the
platform.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fsspec

from fw_assets.classification.dataset.files import data_files, relative_name
from fw_assets.classification.dataset.folder import MAX_DEPTH, METADATA, choose, is_data
from fw_assets.classification.dataset_reference import is_remote
from fw_assets.classification.dataset_url import hidden_in, identity, is_database, without_credentials
from fw_assets.classification.errors import InputError, Problem
from fw_assets.fireworks import Fireworks
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.registration.sql_database import export_rows
from fw_assets.pipeline.registration.sqlite_query import database_file, export_query, is_sqlite

VERSION_KEYS = (
    *("ETag", "etag", "Content-MD5", "md5Hash", "Last-Modified", "LastModified", "last_modified"),
    *("mtime", "updated", "created"),
)
"""Metadata keys by which file systems identify a file's version, the most reliable first."""


def source_version(platform: Platform, reference: str) -> str:
    """A text that differs when the content of a source does; empty if the source has no versions.

    Raises:
        InputError: there is nothing, or it cannot be read.
    """
    if not is_remote(reference):
        return local_version(local_file(reference))
    if is_sqlite(reference):
        return f"{local_version(database_file(reference))} {reference}"
    if is_database(reference):
        return ""
    if reference.startswith("accounts/"):
        # A dataset of the platform never changes once it is ready.
        dataset = platform.call(lambda client: client.dataset(reference))
        return f"{dataset.name} {dataset.create_time}"
    with _readable(reference):
        fs, path = fsspec.url_to_fs(reference, use_listings_cache=False)
        infos = [(identity(file), fs.info(file)) for file in _remote_files(fs, path, reference)]
    versions = [version_in(info) for _, info in infos]
    if not all(versions):
        return ""
    return repr([(file, info.get("size"), version) for (file, info), version in zip(infos, versions, strict=True)])


def local_version(path: Path) -> str:
    """A text that differs when a local file, or a file of a local folder, was written to or replaced.

    Raises:
        InputError: there is nothing.
    """
    # Change time and inode too: a file can be replaced by one of equal size and modification time.
    stats = [(relative_name(path, file), file.stat()) for file in data_files(path)]
    return repr([(name, s.st_size, s.st_mtime_ns, s.st_ctime_ns, s.st_ino) for name, s in stats])


def version_in(info: dict[str, Any]) -> str:
    """The version in a file's fsspec metadata; empty if it has none."""
    return next((str(info[key]) for key in VERSION_KEYS if info.get(key)), "")


def fetch(platform: Platform, reference: str, folder: Path) -> Path:
    """Fetch a remote source into `folder`, under its own name.

    Raises:
        InputError: there is nothing, or it cannot be read.
    """
    name = without_credentials(reference).rstrip("/").rsplit("/", 1)[-1]
    if is_sqlite(reference):
        return export_query(reference, folder / f"{database_file(reference).stem}.parquet")
    if is_database(reference):
        return export_rows(reference, folder)
    if reference.startswith("accounts/"):
        target = folder / f"{name}.jsonl"

        async def download(client: Fireworks) -> Path:
            return await client.download_dataset(reference, target)

        return platform.call(download)
    with _readable(reference):
        fs, path = fsspec.url_to_fs(reference, use_listings_cache=False)
        if not _is_folder(fs, path):
            return copy(fs, path, folder / name)
        root = without_credentials(path).rstrip("/") + "/"
        for file in _remote_files(fs, path, reference):
            target = folder / name / without_credentials(file).removeprefix(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            copy(fs, file, target)
    return folder / name


@contextmanager
def _readable(reference: str) -> Iterator[None]:
    """Say what a file system refuses, whose errors are of any class, and quote the URL with its credentials."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001
        reason = " ".join(hidden_in(str(error), reference).split()) or type(error).__name__
        raise _missing(reference, f"cannot be read: {reason}") from None


def copy(fs: Any, path: str, target: Path) -> Path:
    """Copy one file, with one block in memory at a time."""
    with fs.open(path, "rb") as source, target.open("wb") as sink:
        shutil.copyfileobj(source, sink, 1 << 20)
    return target


def local_file(reference: str) -> Path:
    """A local reference as an absolute path."""
    # Path.resolve raises a RuntimeError where links lead in a circle; reading the file says so in words.
    return Path(os.path.realpath(Path(reference).expanduser()))


def _remote_files(fs: Any, path: str, reference: str) -> Sequence[str]:
    """The files of a remote source that are fetched: data, and what Hugging Face's datasets keeps beside it."""
    if not _is_folder(fs, path):
        return [path]
    root = path.rstrip("/") + "/"
    names = sorted(name.removeprefix(root) for name in fs.find(path, maxdepth=MAX_DEPTH))
    visible = [name for name in names if not any(part.startswith(".") for part in name.split("/"))]
    try:
        data = choose(visible, without_credentials(reference))
    except InputError as error:
        raise _missing(reference, error.problems[0].message) from None
    beside = [name for name in visible if name.rsplit("/", 1)[-1] in (*METADATA, "README.md")]
    return [root + name for name in (*data, *beside)]


def _is_folder(fs: Any, path: str) -> bool:
    # By name first: a web server answers the question with the file's whole content.
    return not is_data(without_credentials(path)) and bool(fs.isdir(path))


def _missing(reference: str, message: str) -> InputError:
    return InputError([Problem(kind="missing-file", file=without_credentials(reference), message=message)])

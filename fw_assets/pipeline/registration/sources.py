"""Where datasets come from: a local file or folder, an fsspec URL of either, or a dataset of the platform."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import fsspec

from fw_assets.classification.dataset.files import SUFFIXES, data_files
from fw_assets.classification.errors import InputError, Problem
from fw_assets.classification.session import is_remote, without_query
from fw_assets.fireworks import Fireworks
from fw_assets.pipeline.platform.platform import Platform

VERSION_KEYS = (
    *("ETag", "etag", "Content-MD5", "md5Hash", "Last-Modified", "LastModified", "last_modified"),
    *("mtime", "updated", "created"),
)
"""What file systems call that which changes with a file's content, the best first."""


def version_of(platform: Platform, reference: str) -> str:
    """Equal as long as the content is; empty where the source does not say.

    Raises:
        InputError: there is nothing, or it cannot be read.
    """
    if not is_remote(reference):
        return stamp(local_file(reference))
    if reference.startswith("accounts/"):
        # The platform's datasets never change once they are ready.
        dataset = platform.call(lambda client: client.dataset(reference))
        return f"{dataset.name} {dataset.create_time}"
    try:
        fs, _ = fsspec.url_to_fs(reference, use_listings_cache=False)
        found = [(name, fs.info(name)) for name in _remote_files(fs, reference)]
    except (OSError, ValueError, ImportError) as error:
        raise _missing(reference, f"cannot be read: {error}") from None
    versions = [version_in(info) for _, info in found]
    if not all(versions):
        return ""
    return repr([(name, info.get("size"), version) for (name, info), version in zip(found, versions, strict=True)])


def stamp(path: Path) -> str:
    """Equal as long as a local file or folder is as it was.

    Raises:
        InputError: there is nothing.
    """
    # Change time as well: a file can be replaced by one of equal size and modification time.
    stats = [(file.name, file.stat()) for file in data_files(path)]
    return repr([(name, s.st_size, s.st_mtime_ns, s.st_ctime_ns, s.st_ino) for name, s in stats])


def version_in(info: dict[str, Any]) -> str:
    """The version that a listing gives a file; empty where it gives none."""
    return next((str(info[key]) for key in VERSION_KEYS if info.get(key)), "")


def fetch(platform: Platform, reference: str, folder: Path) -> Path:
    """Fetch what is not on this machine into `folder`, under its own name.

    Raises:
        InputError: there is nothing, or it cannot be read.
    """
    name = without_query(reference).rstrip("/").rsplit("/", 1)[-1]
    if reference.startswith("accounts/"):
        target = folder / f"{name}.jsonl"

        async def download(client: Fireworks) -> Path:
            return await client.download_dataset(reference, target)

        return platform.call(download)
    try:
        fs, path = fsspec.url_to_fs(reference, use_listings_cache=False)
        if not _is_folder(fs, path):
            return copy(fs, path, folder / name)
        (folder / name).mkdir()
        for file in _remote_files(fs, reference):
            copy(fs, file, folder / name / file.rsplit("/", 1)[-1])
    except (OSError, ValueError, ImportError) as error:
        raise _missing(reference, f"cannot be read: {error}") from None
    return folder / name


def copy(fs: Any, path: str, target: Path) -> Path:
    """Copy one file, in memory a block at a time."""
    with fs.open(path, "rb") as source, target.open("wb") as sink:
        shutil.copyfileobj(source, sink, 1 << 20)
    return target


def local_file(reference: str) -> Path:
    """A local reference as an absolute path."""
    return Path(reference).expanduser().resolve()


def _remote_files(fs: Any, reference: str) -> Sequence[str]:
    path = fs._strip_protocol(reference)
    if not _is_folder(fs, path):
        return [path]
    found = sorted(name for name in fs.ls(path, detail=False) if name.endswith(SUFFIXES))
    if not found:
        raise _missing(reference, f"the folder holds no file ending in {', '.join(SUFFIXES)}")
    return found


def _is_folder(fs: Any, path: str) -> bool:
    # Asked of a file behind a web server, that would be answered with its content.
    return not without_query(path).endswith(SUFFIXES) and bool(fs.isdir(path))


def _missing(reference: str, message: str) -> InputError:
    return InputError([Problem(kind="missing-file", file=reference, message=message)])

"""Staging of dataset files: local ones stay where they are, remote ones are fetched once.

A fetched file lies in `staged/DIGEST/NAME` of the workspace, by the digest of its content. `staged/index/` has, for
each reference, the version that its source had (modification time, ETag, creation time): a source that has not changed
is neither read nor fetched again.

Local files are not copied, as they can be of several gigabytes, and links would follow edits in place. Instead, reading
verifies that the content is what was registered (`verification`); the rows are then in the workspace, and no
later phase reads the file. If the workspace is behind a URL they are copied: another machine may read them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from fw_assets.classification.dataset.files import data_files, file_sha256
from fw_assets.classification.dataset.folder import METADATA
from fw_assets.classification.dataset_reference import is_remote
from fw_assets.classification.dataset_url import identity, without_credentials
from fw_assets.classification.errors import InputError, Problem
from fw_assets.classification.values import digest
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.registration.sources import fetch, local_file, source_version
from fw_assets.pipeline.values.registration import Role, SourceFile
from fw_assets.workspace.checksums import ChecksumError, seal, unseal
from fw_assets.workspace.workspace import Workspace

STAGING_FOLDER = "staged"


class _IndexEntry(msgspec.Struct):
    """A staged reference. `path` is on this machine's disk, or a URL in the workspace."""

    version: str
    path: str
    sha256: str
    size_bytes: int


def stage(workspace: Workspace, platform: Platform, role: Role, reference: str) -> SourceFile:
    """Stage a dataset as a file or folder that every machine of this workspace can read.

    Args:
        reference: a local file, a local folder of them, an fsspec URL of either, a query to a database,
            or `accounts/ACCOUNT/datasets/ID` on the platform.

    Raises:
        InputError: there is nothing, or it cannot be read.
    """
    key = identity(reference) if is_remote(reference) else str(local_file(reference))
    index_path = (STAGING_FOLDER, "index", f"{digest(key, 24)}.json")
    entry = _read_entry(workspace, *index_path)
    if entry is not None and not workspace.is_local and not is_remote(reference) and not Path(key).exists():
        # The file is on another machine, which has staged it.
        return _source_file(role, reference, entry)
    version = source_version(platform, reference)
    if entry is None or not version or entry.version != version or not _is_staged(workspace, entry):
        entry = _stage_source(workspace, platform, reference, version)
        workspace.write_text(seal(msgspec.json.encode(entry).decode()), *index_path)
    return _source_file(role, reference, entry)


def _read_entry(workspace: Workspace, *path: str) -> _IndexEntry | None:
    """What is known of a reference; what is damaged is found out again."""
    try:
        text = workspace.read_text(*path)
        return msgspec.json.decode(unseal(text), type=_IndexEntry) if text else None
    except (msgspec.DecodeError, ChecksumError, UnicodeDecodeError):
        return None


def _stage_source(workspace: Workspace, platform: Platform, reference: str, version: str) -> _IndexEntry:
    if not is_remote(reference):
        path = local_file(reference)
        return _index_entry(path, version) if workspace.is_local else _upload(workspace, path, version)
    root = workspace.local(STAGING_FOLDER) if workspace.is_local else None
    if root is not None:
        root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root, prefix=".fetch-") as folder:
        path = fetch(platform, reference, Path(folder))
        if root is None:
            return _upload(workspace, path, version)
        entry = _index_entry(path, version)
        target = root / entry.sha256[:16] / path.name
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)
    entry.path = str(target.resolve())
    return entry


def _upload(workspace: Workspace, path: Path, version: str) -> _IndexEntry:
    entry = _index_entry(path, version)
    target = (STAGING_FOLDER, entry.sha256[:16], path.name)
    beside = [file for name in METADATA for file in path.rglob(name)] if path.is_dir() else []
    for file in (*data_files(path), *beside):
        workspace.upload(file, *target, *(file.relative_to(path).parts if path.is_dir() else []))
    entry.path = workspace.url(*target)
    return entry


def _index_entry(path: Path, version: str) -> _IndexEntry:
    size = sum(file.stat().st_size for file in data_files(path))
    return _IndexEntry(version=version, path=str(path), sha256=file_sha256(path), size_bytes=size)


def _is_staged(workspace: Workspace, entry: _IndexEntry) -> bool:
    if not is_remote(entry.path):
        return Path(entry.path).exists()
    return workspace.exists(*_path_in(workspace, entry.path))


def _path_in(workspace: Workspace, url: str) -> list[str]:
    return url.removeprefix(workspace.url()).strip("/").split("/")


def _source_file(role: Role, reference: str, entry: _IndexEntry) -> SourceFile:
    return SourceFile(role=role, reference=reference, path=entry.path, sha256=entry.sha256, size_bytes=entry.size_bytes)


@contextmanager
def local_copies(workspace: Workspace, files: Sequence[SourceFile]) -> Iterator[tuple[SourceFile, ...]]:
    """The files with paths on this machine's disk, which are valid until the block ends.

    Raises:
        InputError: a staged file is gone.
    """
    with ExitStack() as stack:
        yield tuple(file.model_copy(update={"path": str(_local_copy(workspace, file, stack))}) for file in files)


def _local_copy(workspace: Workspace, file: SourceFile, stack: ExitStack) -> Path:
    if not is_remote(file.path):
        return Path(file.path)
    parts = _path_in(workspace, file.path)
    target = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fw-assets-"))) / parts[-1]
    names = workspace.names(*parts)
    try:
        if names and names != [parts[-1]]:
            _download_folder(workspace, target, parts)
        else:
            workspace.download(target, *parts)
        data_files(target)
    except (FileNotFoundError, InputError):
        shown = without_credentials(file.reference)
        message = f"the copy of {shown} that was staged is not there any more: register it again"
        raise InputError([Problem(kind="missing-file", file=file.path, message=message)]) from None
    return target


def _download_folder(workspace: Workspace, target: Path, parts: Sequence[str]) -> None:
    target.mkdir()
    for name in workspace.names(*parts):
        if workspace.names(*parts, name) in ([], [name]):
            workspace.download(target / name, *parts, name)
        else:
            _download_folder(workspace, target / name, [*parts, name])

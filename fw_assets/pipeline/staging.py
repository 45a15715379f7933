"""Dataset files where this machine can read them: local ones where they lie, others fetched once.

What was fetched lies in `staged/DIGEST/NAME` under the digest of its content. `staged/index.json` remembers, for each
reference, the version that its source gave it then (modification time, ETag, creation time), so that a source which
has not changed is neither read nor fetched again.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import fsspec
import msgspec

from fw_assets.classification.errors import InputError, Problem
from fw_assets.classification.lines import SUFFIXES, data_files, file_sha256
from fw_assets.classification.session import is_remote
from fw_assets.fireworks import Fireworks
from fw_assets.pipeline.platform import Platform
from fw_assets.pipeline.values import SourceFile
from fw_assets.pipeline.workspace import Workspace

Role = Literal["train", "eval"]
PLACE = "staged"
VERSIONS = ("ETag", "etag", "mtime", "LastModified", "last_modified", "updated", "created", "md5Hash")


class _Entry(msgspec.Struct):
    """What is known of one reference."""

    version: str
    path: str
    sha256: str
    size_bytes: int


def stage(workspace: Workspace, platform: Platform, role: Role, reference: str) -> SourceFile:
    """The dataset of a reference as a local file or folder.

    Args:
        reference: a local file, a local folder of `*.jsonl`, `.jsonl.gz` and `.jsonl.zst`, an fsspec URL of either,
            or `accounts/ACCOUNT/datasets/ID` on the platform.

    Raises:
        InputError: there is nothing, or it cannot be read.
    """
    version = _version(platform, reference)
    key = reference if is_remote(reference) else str(_local(reference))
    with workspace.locked(PLACE, "index.json"):
        index = _index(workspace)
        known = index.get(key)
        if known is None or not version or known.version != version or not Path(known.path).exists():
            known = _fetched(workspace, platform, reference, version)
            index[key] = known
            workspace.write_text(msgspec.json.encode(index).decode(), PLACE, "index.json")
    return SourceFile(role=role, reference=reference, path=known.path, sha256=known.sha256, size_bytes=known.size_bytes)


def _index(workspace: Workspace) -> dict[str, _Entry]:
    text = workspace.read_text(PLACE, "index.json")
    return msgspec.json.decode(text, type=dict[str, _Entry]) if text else {}


def _version(platform: Platform, reference: str) -> str:
    """Equal as long as the content is; empty where the source does not say."""
    if not is_remote(reference):
        # Change time as well: a file can be replaced by one of equal size and modification time.
        stats = [(file.name, file.stat()) for file in data_files(_local(reference))]
        return repr([(name, s.st_size, s.st_mtime_ns, s.st_ctime_ns, s.st_ino) for name, s in stats])
    if reference.startswith("accounts/"):
        # The platform's datasets never change once they are ready.
        dataset = platform.call(lambda client: client.dataset(reference))
        return f"{dataset.name} {dataset.create_time}"
    try:
        fs, _ = fsspec.url_to_fs(reference)
        found = [(name, fs.info(name)) for name in _remote_files(fs, reference)]
    except (OSError, ValueError, ImportError) as error:
        raise _missing(reference, f"cannot be read: {error}") from None
    versions = [next((str(info[key]) for key in VERSIONS if info.get(key)), "") for _, info in found]
    if not all(versions):
        return ""
    return repr([(name, info.get("size"), version) for (name, info), version in zip(found, versions, strict=True)])


def _fetched(workspace: Workspace, platform: Platform, reference: str, version: str) -> _Entry:
    if not is_remote(reference):
        path = _local(reference)
        return _entry(path, version)
    root = workspace.local(PLACE) if workspace.is_local else Path(".fw-staged")
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root, prefix=".fetch-") as folder:
        path = _fetch(platform, reference, Path(folder))
        entry = _entry(path, version)
        target = root / entry.sha256[:16] / path.name
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)
    entry.path = str(target.resolve())
    return entry


def _fetch(platform: Platform, reference: str, folder: Path) -> Path:
    name = reference.rstrip("/").rsplit("/", 1)[-1]
    if reference.startswith("accounts/"):
        target = folder / f"{name}.jsonl"

        async def download(client: Fireworks) -> Path:
            return await client.download_dataset(reference, target)

        return platform.call(download)
    try:
        fs, path = fsspec.url_to_fs(reference)
        if not fs.isdir(path):
            return _copy(fs, path, folder / name)
        (folder / name).mkdir()
        for file in _remote_files(fs, reference):
            _copy(fs, file, folder / name / file.rsplit("/", 1)[-1])
    except (OSError, ValueError, ImportError) as error:
        raise _missing(reference, f"cannot be read: {error}") from None
    return folder / name


def _remote_files(fs: Any, reference: str) -> Sequence[str]:
    path = fs._strip_protocol(reference)
    if not fs.isdir(path):
        return [path]
    found = sorted(name for name in fs.ls(path, detail=False) if name.endswith(SUFFIXES))
    if not found:
        raise _missing(reference, f"the folder holds no file ending in {', '.join(SUFFIXES)}")
    return found


def _copy(fs: Any, path: str, target: Path) -> Path:
    with fs.open(path, "rb") as source, target.open("wb") as sink:
        shutil.copyfileobj(source, sink, 1 << 20)
    return target


def _local(reference: str) -> Path:
    return Path(reference).expanduser().resolve()


def _entry(path: Path, version: str) -> _Entry:
    size = sum(file.stat().st_size for file in data_files(path))
    return _Entry(version=version, path=str(path), sha256=file_sha256(path), size_bytes=size)


def _missing(reference: str, message: str) -> InputError:
    return InputError([Problem(kind="missing-file", file=reference, message=message)])

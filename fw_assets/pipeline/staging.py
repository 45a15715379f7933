"""Dataset files where this machine can read them: local ones where they lie, others fetched once.

What was fetched lies in `staged/DIGEST/NAME` under the digest of its content. `staged/index.json` remembers, for each
reference, the version that its source gave it then (modification time, ETag, creation time), so that a source which
has not changed is neither read nor fetched again.

Local files are not copied: datasets can be of several gigabytes, and links would follow edits in place. Instead,
reading has to find what was registered (`reading_as_registered`); the rows then lie in the workspace, and no later
phase reads the file.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import fsspec
import msgspec

from fw_assets.classification.errors import InputError, Problem
from fw_assets.classification.lines import SUFFIXES, data_files, file_sha256
from fw_assets.classification.rows import FileFacts
from fw_assets.classification.session import is_remote, without_query
from fw_assets.fireworks import Fireworks
from fw_assets.pipeline.platform import Platform
from fw_assets.pipeline.values import SourceFile
from fw_assets.pipeline.workspace import Workspace

Role = Literal["train", "eval"]
PLACE = "staged"
VERSIONS = (
    *("ETag", "etag", "Content-MD5", "md5Hash", "Last-Modified", "LastModified", "last_modified"),
    *("mtime", "updated", "created"),
)

CHANGED = "changed-file"
REGISTER_AGAIN = (
    "Nothing was started. When the file is complete, register it again: repeat `fw-assets plan` or `run`, or name it "
    "as `dataset` in the launchpad of inspected_dataset."
)


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


@contextmanager
def reading_as_registered(files: Sequence[SourceFile]) -> Iterator[Callable[[Sequence[FileFacts]], None]]:
    """Hold that files are read as they were registered.

    Yields:
        A check to be called with the facts of all files once they have been read.

    Raises:
        InputError: content was read that is not the registered one, or a file was written to meanwhile. It takes the
            place of what is found wrong in such content.
    """
    before = {file.role: _stamp(Path(file.path)) for file in files}

    def check(digest_of: Callable[[SourceFile], str]) -> None:
        changed = []
        for file in files:
            if _stamp(Path(file.path)) != before[file.role]:
                changed.append(_changed(file, "while it was being read"))
            elif digest_of(file) != file.sha256:
                changed.append(_changed(file, "after it was registered"))
        if changed:
            raise InputError(changed, advice=REGISTER_AGAIN)

    try:
        yield lambda read: check(lambda file: _digest_of(file, read))
    except InputError as error:
        if error.problems[0].kind != CHANGED:
            check(lambda file: file_sha256(Path(file.path)))
        raise


def _stamp(path: Path) -> str:
    # Change time as well: a file can be replaced by one of equal size and modification time.
    stats = [(file.name, file.stat()) for file in data_files(path)]
    return repr([(name, s.st_size, s.st_mtime_ns, s.st_ctime_ns, s.st_ino) for name, s in stats])


def _digest_of(file: SourceFile, read: Sequence[FileFacts]) -> str:
    own = [facts for facts in read if facts.source == file.role]
    if not Path(file.path).is_dir():
        return own[0].sha256
    listing = "".join(f"{facts.sha256}  {Path(facts.path_name).name}\n" for facts in own)
    return hashlib.sha256(listing.encode()).hexdigest()


def _changed(file: SourceFile, when: str) -> Problem:
    was = f"registered were {file.size_bytes:,} bytes with SHA-256 {file.sha256[:16]}"
    if is_remote(file.reference):
        where = f"the copy of {file.reference} changed {when} ({was}); remove it, and it is fetched again"
        return Problem(kind=CHANGED, file=file.path, message=where)
    return Problem(kind=CHANGED, file=file.path, message=f"changed {when} ({was})")


def _index(workspace: Workspace) -> dict[str, _Entry]:
    text = workspace.read_text(PLACE, "index.json")
    return msgspec.json.decode(text, type=dict[str, _Entry]) if text else {}


def _version(platform: Platform, reference: str) -> str:
    """Equal as long as the content is; empty where the source does not say."""
    if not is_remote(reference):
        return _stamp(_local(reference))
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
    name = without_query(reference).rstrip("/").rsplit("/", 1)[-1]
    if reference.startswith("accounts/"):
        target = folder / f"{name}.jsonl"

        async def download(client: Fireworks) -> Path:
            return await client.download_dataset(reference, target)

        return platform.call(download)
    try:
        fs, path = fsspec.url_to_fs(reference)
        if not _is_folder(fs, path):
            return _copy(fs, path, folder / name)
        (folder / name).mkdir()
        for file in _remote_files(fs, reference):
            _copy(fs, file, folder / name / file.rsplit("/", 1)[-1])
    except (OSError, ValueError, ImportError) as error:
        raise _missing(reference, f"cannot be read: {error}") from None
    return folder / name


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

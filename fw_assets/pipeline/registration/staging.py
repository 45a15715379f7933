"""Dataset files where a step can read them: local ones where they lie, others fetched once.

What was fetched lies in `staged/DIGEST/NAME` of the workspace under the digest of its content. `staged/index/`
remembers, for each reference, the version that its source gave it then (modification time, ETag, creation time), so
that a source which has not changed is neither read nor fetched again.

Local files are not copied: datasets can be of several gigabytes, and links would follow edits in place. Instead,
reading has to find what was registered (`reading_as_registered`); the rows then lie in the workspace, and no later
phase reads the file. Behind a URL they are copied: the machine that reads them may be another.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal

import msgspec

from fw_assets.classification.dataset.files import data_files, file_sha256
from fw_assets.classification.dataset.read_result import FileFacts
from fw_assets.classification.errors import InputError, Problem
from fw_assets.classification.session import is_remote
from fw_assets.classification.values import digest
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.registration.sources import fetch, local_file, stamp, version_of
from fw_assets.pipeline.values import SourceFile
from fw_assets.workspace.workspace import Workspace

Role = Literal["train", "eval"]
PLACE = "staged"


CHANGED = "changed-file"
REGISTER_AGAIN = (
    "Nothing was started. When the file is complete, register it again: repeat `fw-assets plan` or `run`, or name it "
    "as `dataset` in the launchpad of inspected_dataset."
)


class _Entry(msgspec.Struct):
    """What is known of one reference. `path` is where it lies: on this machine's disk, or in the workspace."""

    version: str
    path: str
    sha256: str
    size_bytes: int


def stage(workspace: Workspace, platform: Platform, role: Role, reference: str) -> SourceFile:
    """The dataset of a reference as a file or folder that every machine of this workspace can read.

    Args:
        reference: a local file, a local folder of `*.jsonl`, `.jsonl.gz` and `.jsonl.zst`, an fsspec URL of either,
            or `accounts/ACCOUNT/datasets/ID` on the platform.

    Raises:
        InputError: there is nothing, or it cannot be read.
    """
    key = reference if is_remote(reference) else str(local_file(reference))
    place = (PLACE, "index", f"{digest(key, 24)}.json")
    text = workspace.read_text(*place)
    known = msgspec.json.decode(text, type=_Entry) if text else None
    if known is not None and not workspace.is_local and not is_remote(reference) and not Path(key).exists():
        # The file lies on another machine, which has staged it.
        return _source(role, reference, known)
    version = version_of(platform, reference)
    if known is None or not version or known.version != version or not _is_there(workspace, known):
        known = _staged(workspace, platform, reference, version)
        workspace.write_text(msgspec.json.encode(known).decode(), *place)
    return _source(role, reference, known)


@contextmanager
def on_this_machine(workspace: Workspace, files: Sequence[SourceFile]) -> Iterator[tuple[SourceFile, ...]]:
    """The files with paths on this machine's disk, where they lie until the block ends.

    Raises:
        InputError: what was staged is gone.
    """
    with ExitStack() as held:
        yield tuple(file.model_copy(update={"path": str(_here(workspace, file, held))}) for file in files)


def _here(workspace: Workspace, file: SourceFile, held: ExitStack) -> Path:
    if not is_remote(file.path):
        return Path(file.path)
    parts = file.path.removeprefix(workspace.url()).strip("/").split("/")
    target = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="fw-assets-"))) / parts[-1]
    names = workspace.names(*parts)
    try:
        if names and names != [parts[-1]]:
            target.mkdir()
            for name in names:
                workspace.download(target / name, *parts, name)
        else:
            workspace.download(target, *parts)
        data_files(target)
    except (FileNotFoundError, InputError):
        message = f"the copy of {file.reference} that was staged is not there any more: register it again"
        raise InputError([Problem(kind="missing-file", file=file.path, message=message)]) from None
    return target


@contextmanager
def reading_as_registered(files: Sequence[SourceFile]) -> Iterator[Callable[[Sequence[FileFacts]], None]]:
    """Hold that files are read as they were registered.

    Yields:
        A check to be called with the facts of all files once they have been read.

    Raises:
        InputError: content was read that is not the registered one, or a file was written to meanwhile. It takes the
            place of what is found wrong in such content.
    """
    before = {file.role: stamp(Path(file.path)) for file in files}

    def check(digest_of: Callable[[SourceFile], str]) -> None:
        changed = []
        for file in files:
            if stamp(Path(file.path)) != before[file.role]:
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


def _source(role: Role, reference: str, known: _Entry) -> SourceFile:
    return SourceFile(role=role, reference=reference, path=known.path, sha256=known.sha256, size_bytes=known.size_bytes)


def _is_there(workspace: Workspace, known: _Entry) -> bool:
    if not is_remote(known.path):
        return Path(known.path).exists()
    return workspace.exists(*known.path.removeprefix(workspace.url()).strip("/").split("/"))


def _staged(workspace: Workspace, platform: Platform, reference: str, version: str) -> _Entry:
    if not is_remote(reference):
        path = local_file(reference)
        return _entry(path, version) if workspace.is_local else _uploaded(workspace, path, version)
    root = workspace.local(PLACE) if workspace.is_local else None
    if root is not None:
        root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root, prefix=".fetch-") as folder:
        path = fetch(platform, reference, Path(folder))
        if root is None:
            return _uploaded(workspace, path, version)
        entry = _entry(path, version)
        target = root / entry.sha256[:16] / path.name
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)
    entry.path = str(target.resolve())
    return entry


def _uploaded(workspace: Workspace, path: Path, version: str) -> _Entry:
    entry = _entry(path, version)
    place = (PLACE, entry.sha256[:16], path.name)
    for file in data_files(path):
        workspace.upload(file, *place, *([file.name] if path.is_dir() else []))
    entry.path = workspace.url(*place)
    return entry


def _entry(path: Path, version: str) -> _Entry:
    size = sum(file.stat().st_size for file in data_files(path))
    return _Entry(version=version, path=str(path), sha256=file_sha256(path), size_bytes=size)

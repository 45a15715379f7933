"""What lies in an inbox and is new: a folder or fsspec URL with NAME.jsonl, and beside it NAME.session.yaml for the
models and every other session field, and NAME.eval.jsonl for a test set of its own."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import fsspec
import msgspec

from fw_assets.classification.catalogue.resource_ids import PREFIX
from fw_assets.classification.dataset.files import file_sha256
from fw_assets.classification.errors import InputError
from fw_assets.classification.session import dataset_name, is_remote, load_session
from fw_assets.classification.values import digest
from fw_assets.fireworks import FireworksError
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.registration.registration import register
from fw_assets.settings import settings
from fw_assets.workspace.workspace import Workspace

SETTLE_SECONDS = 1.0
"""A file is taken up when it has not changed for this long."""
OWN_PREFIX = f"{PREFIX}-"
"""Begins the ids of what this program creates on the platform."""
RETRY_SECONDS = 30.0
"""What was refused is looked at again this often, in case something outside the inbox was the reason."""
_DATA = re.compile(r"^[^.].*\.jsonl$", re.IGNORECASE)
_EVALUATION = re.compile(r"\.eval\.jsonl$", re.IGNORECASE)

Mark = tuple[str, int, str]


class FileState(msgspec.Struct):
    """What is remembered of a dataset between two looks.

    Attributes:
        marks: name, size and version (modification time or ETag) of each of its files.
        since: when these marks were first seen.
        content: the digest of the content that was taken up last; empty before.
        problem: why the files as they are were not taken up; empty where they were.
        tried: when that was found.
    """

    marks: list[Mark]
    since: float
    content: str = ""
    taken: list[Mark] = []
    problem: str = ""
    tried: float = 0.0


@dataclass
class ScanResult:
    """What one look found.

    Attributes:
        registered: datasets that were registered now.
        notes: what stands in the way, a sentence a file.
        seen: to be handed to the next look.
        busy: a file is not quiet yet.
    """

    registered: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seen: dict[str, FileState] = field(default_factory=dict)
    busy: bool = False


@dataclass(frozen=True)
class _File:
    path: str
    mark: Mark
    modified: float | None


def inbox_url(store: Workspace) -> str:
    """`$FW_INBOX`, or `inbox` in the workspace."""
    return settings().fw_inbox or f"{store.root.rstrip('/')}/inbox"


def scan(url: str, store: Workspace, platform: Platform, before: Mapping[str, FileState], now: float) -> ScanResult:
    """Register what is new or changed and quiet. Nothing that is wrong with one dataset keeps another from it.

    Args:
        before: what the last look remembered.
        now: the time, in seconds.
    """
    found = ScanResult()
    try:
        files = _files(url)
    except (OSError, ValueError, ImportError) as error:
        return ScanResult(notes=[f"{url} cannot be listed: {_one_line(error)}"], seen=dict(before))
    owners: dict[str, str] = {}
    for name in sorted(files):
        if not _DATA.match(name) or _EVALUATION.search(name):
            continue
        dataset = dataset_name(name)
        if dataset in owners:
            found.notes.append(f"{name}: {owners[dataset]} has the same dataset name, {dataset}; rename one of them")
            continue
        owners[dataset] = name
        stem = name[: -len(".jsonl")]
        own = {
            role: files[file]
            for role, file in (("data", name), ("session", f"{stem}.session.yaml"), ("eval", f"{stem}.eval.jsonl"))
            if file in files
        }
        _scan_folder(dataset, name, own, url, store, platform, before.get(dataset), now, found)
    return found


def _scan_folder(
    dataset: str,
    name: str,
    own: Mapping[str, _File],
    url: str,
    store: Workspace,
    platform: Platform,
    before: FileState | None,
    now: float,
    found: ScanResult,
) -> None:
    marks = [file.mark for file in own.values()]
    seen = before or FileState(marks, now)
    if seen.marks != marks:
        seen = FileState(marks, now, seen.content, seen.taken)
    found.seen[dataset] = seen
    if seen.taken == marks:
        return
    if seen.problem and now - seen.tried < RETRY_SECONDS:
        found.notes.append(f"{name}: {seen.problem}")
        return
    if now - seen.since < SETTLE_SECONDS and not all(_is_old(file, now) for file in own.values()):
        found.notes.append(f"{name}: still being written")
        found.busy = True
        return
    with _registering(dataset, name, marks, seen, now, found):
        fields = _session_fields(own, url)
        content = _content(own, fields)
        if content != seen.content:
            register(store, platform, fields, driver="daemon", name=dataset)
            found.registered.append(dataset)
        found.seen[dataset] = FileState(marks, seen.since, content, marks)


def scan_platform(
    pattern: str,
    session: Path | None,
    store: Workspace,
    platform: Platform,
    before: Mapping[str, FileState],
    now: float,
) -> ScanResult:
    """Register the platform's datasets that are new or changed, ready, and match `pattern`.

    What this program uploaded for its own jobs is not looked at.

    Args:
        session: a session file with the models and everything else.
    """
    found = ScanResult()
    try:
        listed = platform.call(lambda client: client.datasets())
        given = load_session(session) if session else {}
    except (InputError, FireworksError) as error:
        return ScanResult(notes=[_one_line(error)], seen=dict(before))
    for item in listed:
        identifier = item.id
        if identifier.startswith(OWN_PREFIX) or not fnmatchcase(identifier, pattern):
            continue
        dataset = dataset_name(item.name)
        version = f"{item.create_time} {item.raw.get('updateTime', '')} {digest(given)}"
        marks: list[Mark] = [(item.name, item.example_count, version)]
        seen = before.get(dataset) or FileState(marks, now)
        if seen.marks != marks:
            seen = FileState(marks, now, seen.content, seen.taken)
        found.seen[dataset] = seen
        if seen.taken == marks:
            continue
        if not item.ready:
            found.notes.append(f"{identifier}: is {item.state} on the platform")
        elif seen.problem and now - seen.tried < RETRY_SECONDS:
            found.notes.append(f"{identifier}: {seen.problem}")
        else:
            with _registering(dataset, identifier, marks, seen, now, found):
                register(store, platform, {**given, "dataset": item.name}, driver="daemon", name=dataset)
                found.registered.append(dataset)
                found.seen[dataset] = FileState(marks, seen.since, "", marks)
    return found


@contextmanager
def _registering(
    dataset: str, name: str, marks: list[Mark], seen: FileState, now: float, found: ScanResult
) -> Iterator[None]:
    """What goes wrong with one dataset is said of it, and looked at again later."""
    try:
        yield
    except (InputError, FireworksError, OSError, ValueError) as error:
        problem = _one_line(error)
        if isinstance(error, InputError) and name.endswith(".jsonl"):
            # Its advice is for the command line; here the place to write is the session file.
            problem = _one_line("; ".join(str(item) for item in error.problems))
            if any(item.field == "models" for item in error.problems):
                problem += f". Write them in {name.removesuffix('.jsonl')}.session.yaml beside it, as models: [NAME]"
        found.seen[dataset] = FileState(marks, seen.since, seen.content, seen.taken, problem, now)
        found.notes.append(f"{name}: {problem}")


def _is_old(file: _File, now: float) -> bool:
    return file.modified is not None and now - file.modified >= SETTLE_SECONDS


def _files(url: str) -> dict[str, _File]:
    fs, folder = fsspec.url_to_fs(url)
    try:
        listed = fs.ls(folder, detail=True, refresh=True)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    files = {}
    for info in listed:
        if info.get("type") == "directory":
            continue
        name = str(info["name"]).rsplit("/", 1)[-1]
        changed = next(
            (info[k] for k in ("mtime", "LastModified", "last_modified", "updated", "created") if k in info), None
        )
        modified = changed.timestamp() if isinstance(changed, datetime) else changed
        version = str(info.get("ETag") or info.get("etag") or changed or "")
        path = str(info["name"]) if not is_remote(url) else f"{url.rstrip('/')}/{name}"
        files[name] = _File(
            path,
            (name, int(info.get("size") or 0), version),
            modified if isinstance(modified, int | float) else None,
        )
    return files


def _session_fields(own: Mapping[str, _File], url: str) -> dict[str, Any]:
    fields: dict[str, Any] = {"dataset": own["data"].path}
    if "eval" in own:
        fields["eval_dataset"] = own["eval"].path
    if "session" not in own:
        return fields
    session = own["session"].path
    if not is_remote(session):
        return {**load_session(Path(session)), **fields}
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder).resolve() / own["session"].mark[0]
        with fsspec.open(session, "rb") as source:
            copy.write_bytes(source.read())
        given = load_session(copy)
        # A file that the session names without a folder lies beside it.
        beside = str(given.get("eval_dataset") or "").removeprefix(f"{copy.parent}/")
        if beside and "://" not in beside and not beside.startswith(("/", "accounts/")):
            given["eval_dataset"] = f"{url.rstrip('/')}/{beside}"
    return {**given, **fields}


def _content(own: Mapping[str, _File], fields: Mapping[str, Any]) -> str:
    files = [
        file.mark if is_remote(file.path) else [file.mark[0], file_sha256(Path(file.path))]
        for role, file in own.items()
        if role != "session"
    ]
    return digest([files, fields], 16)


def _one_line(error: object) -> str:
    return " ".join(str(error).split()) or type(error).__name__

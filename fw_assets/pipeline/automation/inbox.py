"""Scan of an inbox: a folder or fsspec URL with data files such as NAME.jsonl or NAME.csv.

Beside one, NAME.session.yaml has the models and every other session field, NAME.eval.csv (of any format) is a test set,
and NAME.out-of-scope.csv has texts that belong to no label.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import fsspec

from fw_assets.classification.dataset.files import file_sha256
from fw_assets.classification.dataset.folder import is_data, stem
from fw_assets.classification.dataset_reference import dataset_name, former_dataset_name, is_remote, is_url
from fw_assets.classification.dataset_url import hidden_in, without_credentials
from fw_assets.classification.session_input import load_session
from fw_assets.classification.values import digest
from fw_assets.pipeline.automation.scan import FileState, Mark, Scan, one_line
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.registration.registration import register
from fw_assets.pipeline.workflow.instance import WorkflowInstance
from fw_assets.settings import settings
from fw_assets.workspace.files import file_system
from fw_assets.workspace.workspace import Workspace

SETTLE_SECONDS = 1.0
"""A file is registered when it has not changed for this long."""
TIME_KEYS = ("mtime", "LastModified", "last_modified", "updated", "created")
"""Metadata keys by which file systems tell when a file was written."""
_BESIDE: dict[Literal["eval", "out-of-scope"], str] = {"eval": "eval_dataset", "out-of-scope": "out_of_scope"}
"""Endings of the names of files that are of another file's session, and their fields."""
_IS_BESIDE = re.compile(rf"\.({'|'.join(_BESIDE)})$", re.IGNORECASE)


@dataclass(frozen=True)
class _File:
    path: str
    mark: Mark
    modified: float | None


_DatasetFiles = Mapping[Literal["data", "session", "eval", "out-of-scope"], _File]


def inbox_url(store: Workspace, workflow: WorkflowInstance) -> str:
    """The inbox: that of the instance, else of the settings, or `inbox` in the workspace."""
    return workflow.inbox or settings().fw_inbox or f"{store.root.rstrip('/')}/inbox"


def scan_inbox(
    url: str,
    store: Workspace,
    platform: Platform,
    before: Mapping[str, FileState],
    now: float,
    session: Mapping[str, Any] = MappingProxyType({}),
) -> Scan:
    """Register the datasets that are new or changed and completely written.

    Args:
        session: fields of their sessions, where the session file beside a dataset does not give them.
    """
    scan = Scan(store, platform, before, now)
    try:
        files = _list_files(url)
    except (OSError, ValueError, ImportError) as error:
        reason = hidden_in(one_line(error), url)
        return scan.failed(f"{without_credentials(url)} cannot be listed: {reason}")
    owners: dict[str, str] = {}
    for name in sorted(files):
        if name.startswith(".") or _IS_BESIDE.search(stem(name)) or name.endswith(".session.yaml"):
            continue
        if not is_data(name):
            scan.notes.append(f"{name}: is not of a format that is read")
            continue
        dataset = _dataset(scan, name)
        if dataset in owners:
            scan.notes.append(f"{name}: {owners[dataset]} has the same dataset name, {dataset}; rename one of them")
            continue
        owners[dataset] = name
        _scan_dataset(scan, dataset, name, _dataset_files(name, files), url, session)
    return scan


def _dataset(scan: Scan, name: str) -> str:
    """The dataset of a file; the one that an earlier version of this program has made of it stays."""
    former = scan.before.get(former_dataset_name(name))
    return former_dataset_name(name) if former and former.marks[0][0] == name else dataset_name(name)


def _scan_dataset(
    scan: Scan, dataset: str, name: str, files: _DatasetFiles, url: str, session: Mapping[str, Any]
) -> None:
    marks = [file.mark for file in files.values()]
    state = scan.state(dataset, marks)
    if state.taken == marks or scan.waits_after_failure(name, state):
        return
    settled = scan.now - state.since >= SETTLE_SECONDS
    if not settled and not all(_is_old(file, scan.now) for file in files.values()):
        scan.notes.append(f"{name}: still being written")
        return
    with scan.registering(dataset, name, state):
        fields = {**session, **_session_fields(files, url)}
        content = _content_digest(files, fields)
        if content != state.content:
            register(scan.store, scan.platform, fields, driver="daemon", name=dataset)
            scan.registered.append(dataset)
        scan.states[dataset] = FileState(marks, state.since, content, marks)


def _list_files(url: str) -> dict[str, _File]:
    fs, folder = file_system(url)
    try:
        infos = fs.ls(folder, detail=True, refresh=True)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    files = [_file(url, info) for info in infos if info.get("type") != "directory"]
    return {file.mark[0]: file for file in files}


def _file(url: str, info: Mapping[str, Any]) -> _File:
    name = str(info["name"]).rsplit("/", 1)[-1]
    written = next((info[key] for key in TIME_KEYS if key in info), None)
    seconds = written.timestamp() if isinstance(written, datetime) else written
    version = str(info.get("ETag") or info.get("etag") or written or "")
    return _File(
        path=f"{url.rstrip('/')}/{name}" if is_remote(url) else str(info["name"]),
        mark=(name, int(info.get("size") or 0), version),
        modified=seconds if isinstance(seconds, int | float) else None,
    )


def _dataset_files(name: str, files: Mapping[str, _File]) -> _DatasetFiles:
    start = stem(name)
    own: dict[Literal["data", "session", "eval", "out-of-scope"], _File] = {"data": files[name]}
    if f"{start}.session.yaml" in files:
        own["session"] = files[f"{start}.session.yaml"]
    for ending in _BESIDE:
        beside = next((other for other in sorted(files) if is_data(other) and stem(other) == f"{start}.{ending}"), None)
        if beside is not None:
            own[ending] = files[beside]
    return own


def _is_old(file: _File, now: float) -> bool:
    return file.modified is not None and now - file.modified >= SETTLE_SECONDS


def _session_fields(files: _DatasetFiles, url: str) -> dict[str, Any]:
    fields: dict[str, Any] = {"dataset": files["data"].path}
    fields |= {field: files[ending].path for ending, field in _BESIDE.items() if ending in files}
    if "session" not in files:
        return fields
    session = files["session"].path
    values = _load_remote_session(session, url) if is_remote(session) else load_session(Path(session))
    return {**values, **fields}


def _load_remote_session(session: str, url: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder).resolve() / session.rsplit("/", 1)[-1]
        with fsspec.open(session, "rb") as source:
            copy.write_bytes(source.read())
        values = load_session(copy)
        # A file that the session names without a folder is in the inbox, and not beside the copy.
        for field in _BESIDE.values():
            sibling = str(values.get(field) or "").removeprefix(f"{copy.parent}/")
            if sibling and not is_url(sibling) and not sibling.startswith(("/", "accounts/")):
                values[field] = f"{url.rstrip('/')}/{sibling}"
    return values


def _content_digest(files: _DatasetFiles, fields: Mapping[str, Any]) -> str:
    content = [
        file.mark if is_remote(file.path) else [file.mark[0], file_sha256(Path(file.path))]
        for role, file in files.items()
        if role != "session"
    ]
    return digest([content, fields], 16)

"""Read-only snapshot of a workspace behind a URL, for one sensor tick: few requests in place of one for each file.

Each dataset has a change mark, a file that is written after any of its values. A snapshot lists the marks of all
datasets, then the values of the datasets whose mark changed, and fetches the values whose version (ETag) changed. What
it has read is cached in this process for the next one.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from fw_assets.pipeline.registration.sources import version_in
from fw_assets.workspace.envelope import HEADER_BYTES, Fields, Header, asset_path, decode_fields, decode_header
from fw_assets.workspace.workspace import CHANGES, Workspace

LIST_ALL_SECONDS = 300.0
"""Everything is listed this often, for a writer that died between its value and its mark."""
MAX_CONCURRENT_REQUESTS = 16
_READ_WHOLE = {"registration.json", "plan.json", "approval.json", "finalists.json", "stopped.json"}
"""Values of which `phases` reads fields, and not the header alone."""


@dataclass
class _Cache:
    """What this process has read of one workspace.

    Attributes:
        marks: the version of each dataset's change mark when its values were listed.
        versions: of each dataset, the version of each value by path.
        headers: version and header of each value by path.
        fields: version and fields of each value by path and type.
        listed_all: when everything was listed, on the monotonic clock.
    """

    marks: dict[str, str] = field(default_factory=dict)
    versions: dict[str, dict[str, str]] = field(default_factory=dict)
    headers: dict[str, tuple[str, Header]] = field(default_factory=dict)
    fields: dict[tuple[str, type], tuple[str, Any]] = field(default_factory=dict)
    listed_all: float = float("-inf")
    lock: threading.Lock = field(default_factory=threading.Lock)


_caches: dict[str, _Cache] = {}


@dataclass(frozen=True)
class Snapshot(Workspace):
    """A workspace whose headers and fields are those of one moment; everything else is read from it directly."""

    cache: _Cache = field(default_factory=_Cache, repr=False, compare=False)
    fetched: dict[str, bytes] = field(default_factory=dict, repr=False, compare=False)

    def datasets(self) -> list[str]:
        versions = self.cache.versions
        return sorted(name for name, own in versions.items() if self.path(*asset_path("registration", name)) in own)

    def header(self, asset: str, dataset: str, model: str | None = None) -> Header | None:
        path = self.path(*asset_path(asset, dataset, model))
        if path not in self.cache.versions.get(dataset, {}):
            return None
        cached = self.cache.headers.get(path)
        return cached[1] if cached else super().header(asset, dataset, model)

    def read_fields(self, asset: str, dataset: str, kind: type[Fields], model: str | None = None) -> Fields | None:
        path = self.path(*asset_path(asset, dataset, model))
        version = self.cache.versions.get(dataset, {}).get(path)
        if version is None:
            return None
        cached = self.cache.fields.get((path, kind))
        # A file system without versions gives empty ones: nothing of it can be taken from the cache.
        if cached is not None and version and cached[0] == version:
            return cached[1]  # type: ignore[no-any-return]
        raw = self.fetched.get(path)
        fields = decode_fields(raw, kind) if raw is not None else super().read_fields(asset, dataset, kind, model)
        self.cache.fields[(path, kind)] = (version, fields)
        return fields

    def exists(self, *parts: str) -> bool:
        """Values and frames are looked up in the listing, other files in the workspace."""
        if len(parts) > 2 and parts[1] == "assets":
            return self.path(*parts) in self.cache.versions.get(parts[0], {})
        return super().exists(*parts)

    def _refresh(self) -> None:
        cache = self.cache
        marks = {path.rsplit("/", 1)[-1]: mark for path, mark in self._list_versions(self.path(CHANGES)).items()}
        list_all = time.monotonic() - cache.listed_all > LIST_ALL_SECONDS
        if list_all:
            # What was copied here from elsewhere has no mark.
            marks = {name: "" for name in self.names() if not name.startswith(".")} | marks
        changed = [name for name, mark in marks.items() if list_all or cache.marks.get(name) != mark]
        with ThreadPoolExecutor(MAX_CONCURRENT_REQUESTS) as pool:
            listings = list(pool.map(lambda name: self._list_versions(self.path(name, "assets")), changed))
        self._fetch([item for listing in listings for item in listing.items()])
        for name, listing in zip(changed, listings, strict=True):
            cache.versions[name] = listing
            cache.marks[name] = marks[name]
        if list_all:
            cache.versions = {name: cache.versions[name] for name in marks}
            cache.listed_all = time.monotonic()

    def _fetch(self, listing: list[tuple[str, str]]) -> None:
        """Fetch the headers, and the whole of some values, whose version is not the cached one."""
        headers = self.cache.headers
        values = [(path, version) for path, version in listing if path.endswith(".json")]
        new = [item for item in values if not item[1] or headers.get(item[0], ("",))[0] != item[1]]
        paths = [path for path, _ in new]
        ends = [None if path.rsplit("/", 1)[-1] in _READ_WHOLE else HEADER_BYTES for path in paths]
        contents = self.filesystem.cat_ranges(paths, 0, ends, on_error="return") if paths else []
        for (path, version), end, content in zip(new, ends, contents, strict=True):
            header = None if isinstance(content, Exception) else decode_header(bytes(content))
            if header is None:
                headers.pop(path, None)  # read directly when someone needs it
                continue
            headers[path] = (version, header)
            if end is None:
                self.fetched[path] = bytes(content)

    def _list_versions(self, folder: str) -> dict[str, str]:
        """The version of every file below a folder by path; empty if there is no such folder."""
        try:
            infos = self.filesystem.find(folder, detail=True)
        except FileNotFoundError:
            return {}
        return {path: version_in(info) for path, info in infos.items()}


def take_snapshot(store: Workspace) -> Workspace:
    """A snapshot for one sensor tick; a workspace on this machine is returned as it is."""
    if store.is_local:
        return store
    cache = _caches.setdefault(store.root, _Cache())
    with cache.lock:
        snapshot = Snapshot(store.root, cache)
        snapshot._refresh()
    return snapshot

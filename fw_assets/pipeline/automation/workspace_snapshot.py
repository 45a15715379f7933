"""What a sensor's tick reads of a workspace behind a URL, with few requests: one listing, and what has changed.

On a disk a tick opens every file that it needs. Behind a URL each would be a request: thousands a tick, of which
nearly all bring what the last tick brought. Here a tick lists the marks of change, one a dataset; lists the values
of those datasets whose mark is another; and fetches, side by side, the values whose version (ETag) is another.
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
"""As often everything is listed, for a writer that died between its value and its mark."""
_SIDE_BY_SIDE = 16
_WHOLE = {"registration.json", "plan.json", "approval.json", "finalists.json", "stopped.json"}
"""Values of which more is needed than the head."""


@dataclass
class _Memory:
    """What is known of one workspace from one tick to the next, in this process.

    Attributes:
        marks: the mark of change of each dataset when its values were listed.
        versions: of each dataset, the version of each value's path.
        heads: of each value, the version and the head.
        parts: of each value and kind, the version and the fields.
    """

    marks: dict[str, str] = field(default_factory=dict)
    versions: dict[str, dict[str, str]] = field(default_factory=dict)
    heads: dict[str, tuple[str, Header]] = field(default_factory=dict)
    parts: dict[tuple[str, type], tuple[str, Any]] = field(default_factory=dict)
    listed_all: float = float("-inf")
    lock: threading.Lock = field(default_factory=threading.Lock)


_memories: dict[str, _Memory] = {}


@dataclass(frozen=True)
class Snapshot(Workspace):
    """A workspace as it is at one moment; what is not asked about heads and fields is read from it directly."""

    memory: _Memory = field(default_factory=_Memory, repr=False, compare=False)
    raw: dict[str, bytes] = field(default_factory=dict, repr=False, compare=False)

    def datasets(self) -> list[str]:
        """The datasets that have been registered here."""
        known = self.memory.versions
        return sorted(name for name, values in known.items() if self.path(*asset_path("registration", name)) in values)

    def header(self, asset: str, dataset: str, model: str | None = None) -> Header | None:
        """What a stored value was made from and its digest, or None where there is none."""
        path = self.path(*asset_path(asset, dataset, model))
        if path not in self.memory.versions.get(dataset, {}):
            return None
        known = self.memory.heads.get(path)
        return known[1] if known else super().header(asset, dataset, model)

    def read_fields(self, asset: str, dataset: str, kind: type[Fields], model: str | None = None) -> Fields | None:
        """The fields of a stored value that `kind` names."""
        path = self.path(*asset_path(asset, dataset, model))
        version = self.memory.versions.get(dataset, {}).get(path)
        if version is None:
            return None
        known = self.memory.parts.get((path, kind))
        if known is not None and version and known[0] == version:
            return known[1]  # type: ignore[no-any-return]
        raw = self.raw.get(path)
        part = decode_fields(raw, kind) if raw is not None else super().read_fields(asset, dataset, kind, model)
        self.memory.parts[(path, kind)] = (version, part)
        return part

    def _refresh(self) -> None:
        fs = self.filesystem
        marks = {path.rsplit("/", 1)[-1]: version for path, version in _versions(fs, self.path(CHANGES)).items()}
        everything = time.monotonic() - self.memory.listed_all > LIST_ALL_SECONDS
        if everything:
            # What was copied here from elsewhere has no mark.
            marks = {name: "" for name in self.names() if not name.startswith(".")} | marks
        changed = [name for name, mark in marks.items() if everything or self.memory.marks.get(name) != mark]
        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            listings = list(pool.map(lambda name: _versions(fs, self.path(name, "assets")), changed))
        self._fetch([item for listing in listings for item in listing.items()])
        for name, listing in zip(changed, listings, strict=True):
            self.memory.versions[name] = listing
            self.memory.marks[name] = marks[name]
        if everything:
            self.memory.versions = {name: self.memory.versions[name] for name in marks}
            self.memory.listed_all = time.monotonic()

    def _fetch(self, listed: list[tuple[str, str]]) -> None:
        """The heads, and the whole of what is read whole, whose version is not the one that is known."""
        values = [(path, version) for path, version in listed if path.endswith(".json")]
        new = [item for item in values if not item[1] or self.memory.heads.get(item[0], ("",))[0] != item[1]]
        paths = [path for path, _ in new]
        ends = [None if path.rsplit("/", 1)[-1] in _WHOLE else HEADER_BYTES for path in paths]
        found = self.filesystem.cat_ranges(paths, 0, ends, on_error="return") if paths else []
        for (path, version), end, raw in zip(new, ends, found, strict=True):
            head = None if isinstance(raw, Exception) else decode_header(bytes(raw))
            if head is None:
                self.memory.heads.pop(path, None)  # read when it is asked for
                continue
            self.memory.heads[path] = (version, head)
            if end is None:
                self.raw[path] = bytes(raw)


def take_snapshot(store: Workspace) -> Workspace:
    """The workspace for one tick: itself on a disk, else what one look at it shows."""
    if store.is_local:
        return store
    memory = _memories.setdefault(store.root, _Memory())
    with memory.lock:
        seen = Snapshot(store.root, memory)
        seen._refresh()
    return seen


def _versions(fs: Any, folder: str) -> dict[str, str]:
    """The version of every file below a folder, by path; empty where there is none."""
    try:
        found = fs.find(folder, detail=True)
    except FileNotFoundError:
        return {}
    return {path: version_in(info) for path, info in found.items()}

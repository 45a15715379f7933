"""The workspace: one folder a dataset, one file an asset and partition, on disk or behind an fsspec URL.

Files are written under a temporary name and renamed, so a reader sees a whole file or none.
"""

from __future__ import annotations

import io
import tempfile
import uuid
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import fsspec
import polars as pl
from pydantic import BaseModel

from fw_assets.classification.values import canonical_json, digest
from fw_assets.workspace.append_log import Collection, FileLog, Log, locked
from fw_assets.workspace.envelope import (
    HEADER_BYTES,
    Header,
    Part,
    asset_path,
    decode_fields,
    decode_header,
    decode_value,
    encode,
)
from fw_assets.workspace.lease import lease
from fw_assets.workspace.object_log import ObjectLog, SegmentedCollection, listed

Value = TypeVar("Value", bound=BaseModel)

CHANGES = ".changes"
"""Behind a URL, holds an object a dataset that is written anew after each of its values: what to look at again."""


@dataclass(frozen=True)
class Workspace:
    """Where results lie.

    Attributes:
        root: a local path or an fsspec URL such as `s3://bucket/folder`.
    """

    root: str

    @cached_property
    def _fs(self) -> tuple[Any, str]:
        # Another machine may have written a moment ago: no listing is kept.
        fs, path = fsspec.url_to_fs(self.root, **({"use_listings_cache": False} if "://" in self.root else {}))
        return fs, path.rstrip("/")

    @property
    def filesystem(self) -> Any:
        """The fsspec file system of the root."""
        return self._fs[0]

    @cached_property
    def is_local(self) -> bool:
        """Whether the workspace is a folder of this machine."""
        return (
            "file" in self._fs[0].protocol
            if isinstance(self._fs[0].protocol, tuple)
            else self._fs[0].protocol == "file"
        )

    def path(self, *parts: str) -> str:
        """The full path or URL-path of a file in the workspace."""
        return "/".join((self._fs[1], *parts))

    def url(self, *parts: str) -> str:
        """The same as a person or another program finds it: a path, or a whole URL."""
        return self.path(*parts) if self.is_local else str(self._fs[0].unstrip_protocol(self.path(*parts)))

    def local(self, *parts: str) -> Path:
        """The same as a local path.

        Raises:
            ValueError: the workspace is a URL.
        """
        if not self.is_local:
            raise ValueError(f"the workspace {self.root} is not on this machine")
        return Path(self.path(*parts))

    # --- typed values ---

    def write(
        self,
        asset: str,
        dataset: str,
        value: BaseModel,
        *,
        inputs: str,
        model: str | None = None,
        known_as: str | None = None,
    ) -> str:
        """Store `value`; gives its digest (`known_as` where the value has a digest of its own)."""
        made = known_as or digest(value)
        self.write_text(encode(inputs, made, canonical_json(value)), *asset_path(asset, dataset, model))
        if not self.is_local:
            self._put(uuid.uuid4().bytes, CHANGES, dataset)
        return made

    def read(self, asset: str, dataset: str, kind: type[Value], model: str | None = None) -> Value | None:
        """The stored value, or None where there is none."""
        raw = self._bytes(*asset_path(asset, dataset, model))
        return None if raw is None else kind.model_validate(decode_value(raw))

    def require(self, asset: str, dataset: str, kind: type[Value], model: str | None = None) -> Value:
        """The stored value.

        Raises:
            FileNotFoundError: it is not there yet; the message says which asset to materialize first.
        """
        value = self.read(asset, dataset, kind, model)
        if value is None:
            of = f"{dataset}, {model}" if model else dataset
            raise FileNotFoundError(f"{asset} of {of} is not there yet: materialize {asset} first")
        return value

    def head(self, asset: str, dataset: str, model: str | None = None) -> Header | None:
        """What a stored value was made from and its digest, or None where there is none."""
        at = asset_path(asset, dataset, model)
        if self.is_local:
            try:
                with open(self.path(*at), "rb", buffering=0) as file:  # noqa: PTH123 - a tick opens thousands
                    head = decode_header(file.read(HEADER_BYTES))
            except (FileNotFoundError, NotADirectoryError):
                return None
            if head is not None:
                return head
        raw = self._bytes(*at)
        return None if raw is None else decode_header(raw, whole=True)

    def read_fields(self, asset: str, dataset: str, kind: type[Part], model: str | None = None) -> Part | None:
        """The fields of a stored value that `kind` names, read without building the whole value."""
        raw = self._bytes(*asset_path(asset, dataset, model))
        return None if raw is None else decode_fields(raw, kind)

    def require_fields(self, asset: str, dataset: str, kind: type[Part], model: str | None = None) -> Part:
        """The same.

        Raises:
            FileNotFoundError: the value is not there.
        """
        part = self.read_fields(asset, dataset, kind, model)
        if part is None:
            raise FileNotFoundError(f"{asset} of {dataset} is not there yet: materialize {asset} first")
        return part

    # --- frames ---

    def write_frame(self, frame: pl.DataFrame, *parts: str) -> None:
        """Store a frame as parquet."""
        buffer = io.BytesIO()
        frame.write_parquet(buffer)
        self._put(buffer.getvalue(), *parts)

    def read_frame(self, *parts: str) -> pl.DataFrame:
        """A stored frame.

        Raises:
            FileNotFoundError: it is not there.
        """
        raw = self._bytes(*parts)
        if raw is None:
            raise FileNotFoundError(f"{self.url(*parts)} is not there")
        return pl.read_parquet(raw)

    def scan_frame(self, *parts: str) -> pl.LazyFrame:
        """A stored frame, of which only what is asked for is read into memory.

        Behind a URL it is fetched to this machine's disk, where it stays, without a name, as long as it is scanned.

        Raises:
            FileNotFoundError: it is not there.
        """
        if self.is_local:
            if not self.exists(*parts):
                raise FileNotFoundError(f"{self.path(*parts)} is not there")
            return pl.scan_parquet(self.path(*parts))
        with tempfile.TemporaryDirectory(prefix="fw-assets-") as held:
            fetched = Path(held) / "frame.parquet"
            try:
                self.download(fetched, *parts)
            except FileNotFoundError:
                raise FileNotFoundError(f"{self.url(*parts)} is not there") from None
            with fetched.open("rb") as file:
                return pl.scan_parquet(file)

    # --- text ---

    def write_text(self, text: str, *parts: str) -> None:
        """Store a text file."""
        self._put(text.encode("utf-8", "surrogatepass"), *parts)

    def read_text(self, *parts: str) -> str | None:
        """A text file, or None where there is none."""
        raw = self._bytes(*parts)
        return None if raw is None else raw.decode("utf-8", "surrogatepass")

    # --- files ---

    def upload(self, source: Path, *parts: str) -> None:
        """Store a file of this machine, in memory a block at a time; for a workspace behind a URL."""
        self._fs[0].put_file(str(source), self.path(*parts))

    def download(self, target: Path, *parts: str) -> None:
        """Fetch a file to this machine, in memory a block at a time; for a workspace behind a URL."""
        self._fs[0].get_file(self.path(*parts), str(target))

    def exists(self, *parts: str) -> bool:
        """Whether there is a file or folder of that name."""
        return bool(self._fs[0].exists(self.path(*parts)))

    # --- what grows ---

    def record(self, *parts: str) -> Log:
        """A record of that place: lines that are decided by those before them, and never lost."""
        if self.is_local:
            return FileLog(self.path(*parts))
        return ObjectLog(*self._fs, self.path(*parts[:-1], f"{parts[-1]}.d"))

    def collection(self, *parts: str) -> Collection:
        """A collection of that place: lines by the thousand, in no order."""
        if self.is_local:
            return FileLog(self.path(*parts))
        return SegmentedCollection(self._fs[0], self.path(*parts[:-1], f"{parts[-1]}.d"))

    def append_line(self, line: str, *parts: str) -> None:
        """Add a line to a record."""
        self.record(*parts).append(line)

    def lines(self, *parts: str) -> Iterable[str]:
        """The whole lines of a record, in order."""
        return self.record(*parts).lines()

    def alone(self, *parts: str) -> AbstractContextManager[None]:
        """One at a time under that name: over the processes of this machine, or behind a URL over all machines."""
        if self.is_local:
            return locked(self.local(*parts))
        return lease(*self._fs, self.path(*parts[:-1], f".{parts[-1]}.lease"))

    def names(self, *parts: str) -> list[str]:
        """The names of the files and folders in a folder, sorted; empty where there is none."""
        return listed(self._fs[0], self.path(*parts))

    def datasets(self) -> list[str]:
        """The datasets that have been registered here."""
        return [name for name in self.names() if self.exists(name, "assets", "registration.json")]

    # --- bytes ---

    def _bytes(self, *parts: str) -> bytes | None:
        try:
            if self.is_local:
                return Path(self.path(*parts)).read_bytes()
            # From the first byte on: without a range s3fs asks for the size first.
            return bytes(self._fs[0].cat_file(self.path(*parts), start=0))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError:
            # An empty object has no first byte.
            if self.is_local or self._fs[0].info(self.path(*parts))["size"]:
                raise
            return b""

    def _put(self, data: bytes, *parts: str) -> None:
        fs, _ = self._fs
        target = self.path(*parts)
        if not self.is_local:
            # One PUT of an object store is atomic by itself.
            fs.pipe_file(target, data)
            return
        path = Path(target)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
        temporary.write_bytes(data)
        temporary.replace(path)

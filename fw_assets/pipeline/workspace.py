"""The workspace: one folder a dataset, one file an asset and partition, on disk or behind an fsspec URL.

A value is stored as `{"inputs": ..., "digest": ..., "value": {...}}`: what it was made from, what it is,
and the value itself. Files are written under a temporary name and renamed, so a reader sees a whole file or none.
"""

from __future__ import annotations

import fcntl
import io
import uuid
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import fsspec
import msgspec
import polars as pl
from pydantic import BaseModel

from fw_assets.classification.values import canonical_json, digest
from fw_assets.pipeline.records import Objects, Record, whole_lines

Value = TypeVar("Value", bound=BaseModel)
Part = TypeVar("Part", bound=msgspec.Struct)


class Head(msgspec.Struct, frozen=True):
    """What a stored value was made from and what it is, without the value."""

    inputs: str
    digest: str


class _Stored(msgspec.Struct):
    value: msgspec.Raw


_HEAD_BYTES = 512
"""A stored value begins with its inputs and its digest: so much of it holds both, and no more has to be read."""
_head = msgspec.json.Decoder(Head)


def slug(name: str) -> str:
    """A file name for a model or dataset name: the last part of a resource name, `/` and the like replaced."""
    last = name.rsplit("/", 1)[-1]
    return "".join(c if c.isalnum() or c in "-_." else "-" for c in last) or "_"


@dataclass(frozen=True)
class Workspace:
    """Where results lie.

    Attributes:
        root: a local path or an fsspec URL such as `s3://bucket/folder`.
    """

    root: str

    @cached_property
    def _fs(self) -> tuple[Any, str]:
        fs, path = fsspec.url_to_fs(self.root)
        return fs, path.rstrip("/")

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
        self.write_text(
            f'{{"inputs":{msgspec.json.encode(inputs).decode()},"digest":"{made}","value":{canonical_json(value)}}}\n',
            *_place(asset, dataset, model),
        )
        return made

    def read(self, asset: str, dataset: str, kind: type[Value], model: str | None = None) -> Value | None:
        """The stored value, or None where there is none."""
        raw = self._bytes(*_place(asset, dataset, model))
        if raw is None:
            return None
        return kind.model_validate(msgspec.json.decode(raw)["value"])

    def need(self, asset: str, dataset: str, kind: type[Value], model: str | None = None) -> Value:
        """The stored value.

        Raises:
            FileNotFoundError: it is not there yet; the message says which asset to materialize first.
        """
        value = self.read(asset, dataset, kind, model)
        if value is None:
            of = f"{dataset}, {model}" if model else dataset
            raise FileNotFoundError(f"{asset} of {of} is not there yet: materialize {asset} first")
        return value

    def head(self, asset: str, dataset: str, model: str | None = None) -> Head | None:
        """What a stored value was made from and its digest, or None where there is none."""
        place = _place(asset, dataset, model)
        if self.is_local:
            try:
                with open(self.path(*place), "rb", buffering=0) as file:  # noqa: PTH123 - a tick opens thousands
                    start, value, _ = file.read(_HEAD_BYTES).partition(b',"value":')
            except (FileNotFoundError, NotADirectoryError):
                return None
            if value:
                return _head.decode(start + b"}")
        raw = self._bytes(*place)
        return None if raw is None else _head.decode(raw)

    def peek(self, asset: str, dataset: str, kind: type[Part], model: str | None = None) -> Part | None:
        """The fields of a stored value that `kind` names, read without building the whole value."""
        raw = self._bytes(*_place(asset, dataset, model))
        return None if raw is None else msgspec.json.decode(msgspec.json.decode(raw, type=_Stored).value, type=kind)

    def need_peek(self, asset: str, dataset: str, kind: type[Part], model: str | None = None) -> Part:
        """The same.

        Raises:
            FileNotFoundError: the value is not there.
        """
        part = self.peek(asset, dataset, kind, model)
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
            raise FileNotFoundError(f"{self.path(*parts)} is not there")
        return pl.read_parquet(raw)

    def scan_frame(self, *parts: str) -> pl.LazyFrame:
        """A stored frame, of which only what is asked for is read; behind a URL it is fetched whole.

        Raises:
            FileNotFoundError: it is not there.
        """
        if not self.is_local:
            return self.read_frame(*parts).lazy()
        if not self._exists(*parts):
            raise FileNotFoundError(f"{self.path(*parts)} is not there")
        return pl.scan_parquet(self.path(*parts))

    # --- text ---

    def write_text(self, text: str, *parts: str) -> None:
        """Store a text file."""
        self._put(text.encode("utf-8", "surrogatepass"), *parts)

    def read_text(self, *parts: str) -> str | None:
        """A text file, or None where there is none."""
        raw = self._bytes(*parts)
        return None if raw is None else raw.decode("utf-8", "surrogatepass")

    def append_line(self, line: str, *parts: str) -> None:
        """Add a line to a record that only ever grows.

        Behind a URL, where nothing can be appended to, each line is an object of its own in a folder of that name.
        """
        with closing(self.record(*parts)) as record:
            record.add(line.rstrip("\n").encode())

    def record(self, *parts: str) -> Record | Objects:
        """The same for many lines: a record that stays open until it is closed."""
        if self.is_local:
            return Record(self.path(*parts))
        return Objects(self._fs[0], self.path(*parts[:-1], f"{parts[-1]}.d"))

    def lines(self, *parts: str) -> Iterable[str]:
        """The whole lines of a growing record, in order; a line cut off by a crash is left out."""
        if self.is_local:
            yield from whole_lines(self.path(*parts))
            return
        for name in self.names(*parts[:-1], f"{parts[-1]}.d"):
            yield (self.read_text(*parts[:-1], f"{parts[-1]}.d", name) or "").rstrip("\n")

    @contextmanager
    def locked(self, *parts: str) -> Iterator[None]:
        """Hold a file's lock against the other processes of this machine.

        Behind a URL there is nothing to hold: there every line is an object of its own, and none is lost.
        """
        if not self.is_local:
            yield
            return
        path = self.local(*parts[:-1], f".{parts[-1]}.lock")
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield

    def names(self, *parts: str) -> list[str]:
        """The names of the files and folders in a folder, sorted; empty where there is none."""
        fs, _ = self._fs
        folder = self.path(*parts)
        try:
            found = fs.ls(folder, detail=False, refresh=True)
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted(name.rstrip("/").rsplit("/", 1)[-1] for name in found if name.rstrip("/") != folder.rstrip("/"))

    def datasets(self) -> list[str]:
        """The datasets that have been registered here."""
        return [name for name in self.names() if self._exists(name, "assets", "registration.json")]

    # --- bytes ---

    def _exists(self, *parts: str) -> bool:
        return bool(self._fs[0].exists(self.path(*parts)))

    def _bytes(self, *parts: str) -> bytes | None:
        try:
            if self.is_local:
                return Path(self.path(*parts)).read_bytes()
            return bytes(self._fs[0].cat_file(self.path(*parts)))
        except (FileNotFoundError, NotADirectoryError):
            return None

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


def _place(asset: str, dataset: str, model: str | None) -> tuple[str, ...]:
    return (dataset, "assets", f"{asset}.json") if model is None else (dataset, "assets", asset, f"{slug(model)}.json")

"""Workspace: one folder per dataset with one file per asset and partition, growing logs, and locks."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from typing import TypeVar

import msgspec
from pydantic import BaseModel, ValidationError

from fw_assets.classification.errors import input_error
from fw_assets.classification.values import canonical_json
from fw_assets.classification.values import digest as digest_of
from fw_assets.workspace.append_log import Collection, FileLog, Log
from fw_assets.workspace.checksums import ChecksumError
from fw_assets.workspace.contention import Contender
from fw_assets.workspace.envelope import (
    HEADER_BYTES,
    Fields,
    Header,
    asset_path,
    decode_fields,
    decode_header,
    decode_value,
    encode,
)
from fw_assets.workspace.file_faults import DamagedFile
from fw_assets.workspace.file_lock import is_locked, locked
from fw_assets.workspace.files import FileStore
from fw_assets.workspace.lease import lease
from fw_assets.workspace.object_log import ObjectLog, SegmentedCollection

Value = TypeVar("Value", bound=BaseModel)
Decoded = TypeVar("Decoded")
log = logging.getLogger("fw_assets.workspace")

REGISTRATION = "registration.json"
_REGISTER_AGAIN = (
    "Register the dataset again, with the options that it had: by the command `run`, in the inbox, or by its asset in "
    "Dagster. "
    "What was made for it is found again."
)
CHANGES = ".changes"
"""Behind a URL, a folder with one object per dataset, rewritten after each of its values: which datasets changed."""


@dataclass(frozen=True)
class Workspace(FileStore):
    """Typed values, logs and locks of all datasets, over the files that hold them."""

    # --- typed values ---

    def write(
        self,
        asset: str,
        dataset: str,
        value: BaseModel,
        *,
        inputs: str,
        model: str | None = None,
        digest: str | None = None,
        private: bool = False,
    ) -> str:
        """Store a value; returns its digest.

        Args:
            inputs: digest of what the value was made from.
            digest: the value's own digest, if it has one that differs from that of its JSON.
            private: nobody but the file's owner may read it.
        """
        digest = digest or digest_of(value)
        self.write_text(
            encode(inputs, digest, canonical_json(value)), *asset_path(asset, dataset, model), private=private
        )
        if not self.is_local:
            self.write_bytes(uuid.uuid4().bytes, CHANGES, dataset)
        return digest

    def remove(self, asset: str, dataset: str, model: str | None = None) -> None:
        """Remove a stored value, if there is one."""
        with suppress(FileNotFoundError):
            self.filesystem.rm_file(self.path(*asset_path(asset, dataset, model)))
        if not self.is_local:
            self.write_bytes(uuid.uuid4().bytes, CHANGES, dataset)

    def read(self, asset: str, dataset: str, kind: type[Value], model: str | None = None) -> Value | None:
        """The stored value, or None if there is none, or none that is whole."""
        return self._unless_damaged(lambda: self._read(asset, dataset, kind, model))

    def require(self, asset: str, dataset: str, kind: type[Value], model: str | None = None) -> Value:
        """The stored value.

        Raises:
            FileNotFoundError: there is none; the message says how to make it, or that it was damaged.
        """
        value = self._read(asset, dataset, kind, model)
        if value is None:
            raise _not_there_yet(asset, dataset, model)
        return value

    def header(self, asset: str, dataset: str, model: str | None = None) -> Header | None:
        """The digests of a stored value and of what it was made from, or None if there is none."""
        path = asset_path(asset, dataset, model)
        if self.is_local:
            try:
                with open(self.path(*path), "rb", buffering=0) as file:  # noqa: PTH123 - a tick opens thousands
                    header = decode_header(file.read(HEADER_BYTES))
            except (FileNotFoundError, NotADirectoryError):
                return None
            except (msgspec.DecodeError, ChecksumError, IsADirectoryError):
                header = None
            if header is not None:
                return header
        return self._unless_damaged(lambda: self._decoded(path, lambda raw: decode_header(raw, whole=True)))

    def read_fields(self, asset: str, dataset: str, kind: type[Fields], model: str | None = None) -> Fields | None:
        """The fields of a stored value that `kind` names, without building the whole value."""
        path = asset_path(asset, dataset, model)
        return self._unless_damaged(lambda: self._decoded(path, lambda raw: decode_fields(raw, kind)))

    def require_fields(self, asset: str, dataset: str, kind: type[Fields], model: str | None = None) -> Fields:
        """The fields of a stored value that `kind` names.

        Raises:
            FileNotFoundError: there is no value.
        """
        fields = self.read_fields(asset, dataset, kind, model)
        if fields is None:
            raise _not_there_yet(asset, dataset)
        return fields

    def _read(self, asset: str, dataset: str, kind: type[Value], model: str | None) -> Value | None:
        path = asset_path(asset, dataset, model)
        return self._decoded(path, lambda raw: kind.model_validate(decode_value(raw)))

    def _unless_damaged(self, read: Callable[[], Decoded | None]) -> Decoded | None:
        try:
            return read()
        except DamagedFile as damaged:
            log.warning("%s", damaged)
            return None

    def _decoded(self, path: tuple[str, ...], decode: Callable[[bytes], Decoded]) -> Decoded | None:
        """A stored value as `decode` reads it; None if there is none.

        What a power cut, a full disk or a bad sector has left of a value is set aside, so that its step is due again:
        what the step had paid for is found again under its name. A registration is not, since only the user can make it
        again.

        Raises:
            DamagedFile: it is not what was written.
            InputError: a whole value that this version cannot read, or a damaged registration.
        """
        try:
            raw = self.read_bytes(*path)
        except IsADirectoryError as error:
            raise self._damaged(path, error.strerror) from error
        if raw is None:
            return None
        try:
            return decode(raw)
        except (msgspec.ValidationError, ValidationError, KeyError, TypeError) as error:
            again = "Move the file away, and it is made again." if path[-1] != REGISTRATION else _REGISTER_AGAIN
            raise input_error(
                f"{self.url(*path)} is not what this version writes there ({str(error).splitlines()[0]})",
                kind="workspace",
                advice=f"It comes from another version or was edited. {again}",
            ) from error
        except (msgspec.DecodeError, UnicodeDecodeError, ChecksumError) as error:
            if self.read_bytes(*path) != raw:
                return self._decoded(path, decode)  # another process has written it meanwhile
            raise self._damaged(path, error) from error

    def _damaged(self, path: tuple[str, ...], why: object) -> Exception:
        """Set a value aside; the error that says so."""
        if path[-1] == REGISTRATION:
            return input_error(
                f"{self.url(*path)} is damaged ({why})",
                kind="workspace",
                advice=_REGISTER_AGAIN,
            )
        return DamagedFile(self.url(*path), why, self.set_aside(*path))

    def datasets(self) -> list[str]:
        """The names of the registered datasets."""
        return [name for name in self.names() if self.exists(name, "assets", REGISTRATION)]

    # --- logs and locks ---

    def log(self, *parts: str) -> Log:
        """The append-only log of that path."""
        if self.is_local:
            return FileLog(self.path(*parts))
        return ObjectLog(self.filesystem, self.path(), self.path(*parts[:-1], f"{parts[-1]}.d"))

    def collection(self, *parts: str) -> Collection:
        """The collection of that path: lines by the thousand, in no order."""
        if self.is_local:
            return FileLog(self.path(*parts), synced=False)
        return SegmentedCollection(self.filesystem, self.path(*parts[:-1], f"{parts[-1]}.d"))

    def append_line(self, line: str, *parts: str) -> None:
        """Append a line to a log."""
        self.log(*parts).append(line)

    def lines(self, *parts: str) -> Iterable[str]:
        """The complete lines of a log, in order."""
        return self.log(*parts).lines()

    def exclusive(self, *parts: str, contender: Contender | None = None) -> AbstractContextManager[bool]:
        """A lock of that name: among the processes of this machine, or behind a URL among all machines.

        Its value is whether another held it first.

        Args:
            contender: who wants it, and is told who holds it.
        """
        if self.is_local:
            return locked(self.local(*parts), contender)
        return lease(self.filesystem, self.path(), self.path(*parts[:-1], f".{parts[-1]}.lease"), contender)

    def is_held(self, *parts: str) -> bool:
        """Whether somebody may hold that lock; behind a URL it is not looked at."""
        return not self.is_local or is_locked(self.local(*parts))


def _not_there_yet(asset: str, dataset: str, model: str | None = None) -> FileNotFoundError:
    partition = f"{dataset}, {model}" if model else dataset
    return FileNotFoundError(
        f"{asset} of {partition} is not there yet: approve its plan, and what is due makes it; or "
        f"materialize {asset} in Dagster"
    )

"""Files of the workspace, on disk or behind an fsspec URL: bytes, text and parquet frames.

A file is written under a temporary name and renamed, so a reader sees a whole file or none.
"""

from __future__ import annotations

import io
import tempfile
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import fsspec
import polars as pl

from fw_assets.classification.dataset_reference import is_url
from fw_assets.workspace.checksums import ChecksumError, verify_frame, write_frame_checksum
from fw_assets.workspace.durable import replacing
from fw_assets.workspace.file_faults import DamagedFile
from fw_assets.workspace.object_log import list_names


def file_system(root: str) -> tuple[Any, str]:
    """The fsspec file system of a local path or URL, and the path in it. A path is taken as it is, `::` included."""
    if is_url(root):
        # No listing is cached: another machine may have written a moment ago.
        fs, path = fsspec.url_to_fs(root, use_listings_cache=False)
        return fs, str(path)
    return fsspec.filesystem("file"), str(Path(root).expanduser().absolute())


@dataclass(frozen=True)
class FileStore:
    """Files below one root; each is named by the parts of its path.

    Attributes:
        root: a local path or an fsspec URL such as `s3://bucket/folder`.
    """

    root: str

    @cached_property
    def _fs_and_path(self) -> tuple[Any, str]:
        fs, path = file_system(self.root)
        return fs, path.rstrip("/")

    @property
    def filesystem(self) -> Any:
        """The fsspec file system of the root."""
        return self._fs_and_path[0]

    @cached_property
    def is_local(self) -> bool:
        """Whether the root is a folder of this machine."""
        protocol = self.filesystem.protocol
        return "file" in protocol if isinstance(protocol, tuple) else protocol == "file"

    def path(self, *parts: str) -> str:
        """The path of a file as the file system has it."""
        return "/".join((self._fs_and_path[1], *parts))

    def url(self, *parts: str) -> str:
        """The path, or the whole URL, by which a person or another program finds a file."""
        return self.path(*parts) if self.is_local else str(self.filesystem.unstrip_protocol(self.path(*parts)))

    def local(self, *parts: str) -> Path:
        """The path of a file on this machine.

        Raises:
            ValueError: the root is a URL.
        """
        if not self.is_local:
            raise ValueError(f"the workspace {self.root} is not on this machine")
        return Path(self.path(*parts))

    def exists(self, *parts: str) -> bool:
        """Whether there is a file or folder of that name."""
        return bool(self.filesystem.exists(self.path(*parts)))

    def names(self, *parts: str) -> list[str]:
        """The names of the files and folders in a folder, sorted; empty if there is none."""
        return list_names(self.filesystem, self.path(*parts))

    def upload(self, source: Path, *parts: str) -> None:
        """Store a local file, one block in memory at a time; for a root behind a URL."""
        self.filesystem.put_file(str(source), self.path(*parts))

    def download(self, target: Path, *parts: str) -> None:
        """Fetch a file, one block in memory at a time; for a root behind a URL."""
        self.filesystem.get_file(self.path(*parts), str(target))

    def move(self, source: Sequence[str], target: Sequence[str]) -> str:
        """Move a folder; returns where it is then."""
        self.filesystem.makedirs(self.path(*target[:-1]), exist_ok=True)
        self.filesystem.mv(self.path(*source), self.path(*target), recursive=True)
        return self.url(*target)

    def write_text(self, text: str, *parts: str, private: bool = False) -> None:
        """Store a text file; a private one on this machine can be read by its owner alone."""
        self.write_bytes(text.encode("utf-8", "surrogatepass"), *parts, private=private)

    def read_text(self, *parts: str) -> str | None:
        """A text file, or None if there is none."""
        raw = self.read_bytes(*parts)
        return None if raw is None else raw.decode("utf-8", "surrogatepass")

    def write_frame(self, frame: pl.DataFrame, *parts: str) -> None:
        """Store a frame as parquet."""
        if self.is_local:
            with replacing(Path(self.path(*parts))) as temporary:
                frame.write_parquet(temporary)
                write_frame_checksum(temporary, Path(self.path(*parts)))
            return
        buffer = io.BytesIO()
        frame.write_parquet(buffer)
        self.write_bytes(buffer.getvalue(), *parts)

    def read_frame(self, *parts: str) -> pl.DataFrame:
        """A stored frame.

        Raises:
            FileNotFoundError: there is none, or none that is whole.
        """
        if self.is_local:
            return pl.read_parquet(self.verified(*parts), glob=False)
        raw = self.read_bytes(*parts)
        if raw is None:
            raise FileNotFoundError(f"{self.url(*parts)} is not there")
        return pl.read_parquet(raw)

    def scan_frame(self, *parts: str) -> pl.LazyFrame:
        """A stored frame, of which only what is collected is read into memory.

        A file behind a URL is fetched to this machine's disk, where it stays without a name as long as it is scanned.

        Raises:
            FileNotFoundError: there is none, or none that is whole.
        """
        if self.is_local:
            return pl.scan_parquet(self.verified(*parts), glob=False)
        with tempfile.TemporaryDirectory(prefix="fw-assets-") as temporary:
            copy = Path(temporary) / "frame.parquet"
            try:
                self.download(copy, *parts)
            except FileNotFoundError:
                raise FileNotFoundError(f"{self.url(*parts)} is not there") from None
            with copy.open("rb") as file:
                return pl.scan_parquet(file, glob=False)

    def verified(self, *parts: str) -> Path:
        """The path of a frame on this machine that is what was written; what is not is set aside.

        Raises:
            FileNotFoundError: there is none, or none that is whole.
        """
        path = Path(self.path(*parts))
        try:
            verify_frame(path)
        except FileNotFoundError:
            raise FileNotFoundError(f"{path} is not there: run the same command again, and it is made again") from None
        except (ChecksumError, IsADirectoryError) as error:
            raise DamagedFile(str(path), getattr(error, "strerror", error), self.set_aside(*parts)) from error
        return path

    def read_bytes(self, *parts: str) -> bytes | None:
        """A whole file, or None if there is none."""
        try:
            if self.is_local:
                return Path(self.path(*parts)).read_bytes()
            # A range from the first byte on: without one s3fs asks for the size first.
            return bytes(self.filesystem.cat_file(self.path(*parts), start=0))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError:
            # An empty object has no first byte.
            if self.is_local or self.filesystem.info(self.path(*parts))["size"]:
                raise
            return b""

    def set_aside(self, *parts: str) -> str:
        """Rename a file to a hidden name beside it, which is returned."""
        name = f".{parts[-1]}.damaged-{uuid.uuid4().hex[:8]}"
        self.filesystem.mv(self.path(*parts), self.path(*parts[:-1], name))
        return name

    def write_bytes(self, data: bytes, *parts: str, private: bool = False) -> None:
        """Store a whole file."""
        if not self.is_local:
            # A single PUT to an object store is atomic by itself.
            self.filesystem.pipe_file(self.path(*parts), data)
            return
        with replacing(Path(self.path(*parts))) as temporary:
            if private:
                temporary.touch(0o600, exist_ok=False)
            temporary.write_bytes(data)

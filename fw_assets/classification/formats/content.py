"""Content of a file, unpacked: gzip, zstandard, ZIP."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fw_assets.classification.dataset.files import CHUNK_BYTES, GZIP, ZSTANDARD, content_blocks, unreadable
from fw_assets.classification.dataset.folder import is_data
from fw_assets.classification.errors import InputError
from fw_assets.classification.formats.encodings import transcoded

MAX_UNPACKED_BYTES = 16 << 30
"""Of a compressed file; rows of a dataset that is used take a fraction of it."""
HEAD_BYTES = 1 << 20
ZIP_MAGIC = b"PK\x03\x04"


@dataclass(frozen=True)
class Content:
    """A file's content.

    Attributes:
        file: as it was given.
        head: its first bytes, unpacked.
        packed: "gzip", "zstandard" or "ZIP: MEMBER"; empty where it is not.
        member: in the ZIP.
    """

    file: Path
    head: bytes
    packed: str = ""
    member: str = ""

    def blocks(self) -> Iterator[bytes]:
        """All of it, in blocks of at most 4 MiB.

        Raises:
            InputError: it is damaged, or larger than `MAX_UNPACKED_BYTES`.
        """
        size = 0
        with self.file.open("rb") as file:
            for block in self._members(self.file) if self.member else content_blocks(self.file, file):
                size += len(block)
                if self.packed and size > MAX_UNPACKED_BYTES:
                    limit = f"{MAX_UNPACKED_BYTES >> 30} GiB"
                    raise unreadable(self.file, "compression", f"holds more than {limit} when it is unpacked")
                yield block

    def _members(self, path: Path) -> Iterator[bytes]:
        try:
            with zipfile.ZipFile(path) as archive, archive.open(self.member) as member:
                while block := member.read(CHUNK_BYTES):
                    yield block
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
            raise unreadable(path, "compression", f"the member {self.member} cannot be read: {error}") from None

    def written_to(self, target: Path, encoding: str | None = None) -> Path:
        """The content as a plain file, in UTF-8 where an encoding is given, with lines that end with `\\n`."""
        with target.open("wb") as sink:
            for block in self.blocks() if encoding is None else transcoded(self.file, self.blocks(), encoding):
                sink.write(block)
        return target


def open_content(path: Path) -> Content:
    """The content of a file.

    Raises:
        InputError: it is damaged, or a ZIP archive without one data file.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        start = file.read(len(ZIP_MAGIC))
        if start == ZIP_MAGIC:
            member = _member(path)
            content = Content(path, b"", f"ZIP: {member}" if member else "", member)
            return Content(path, _head(content.blocks()) if member else start, content.packed, member)
        packed = "gzip" if start.startswith(GZIP) else "zstandard" if start.startswith(ZSTANDARD) else ""
        file.seek(0)
        return Content(path, _head(content_blocks(path, file)), packed)


def _head(blocks: Iterator[bytes]) -> bytes:
    head = b""
    for block in blocks:
        head += block
        if len(head) >= HEAD_BYTES:
            break
    return head


def _member(path: Path) -> str:
    """The one data file in an archive; empty where the archive is a spreadsheet."""
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
    except zipfile.BadZipFile as error:
        raise unreadable(path, "compression", f"the ZIP archive is damaged: {error}") from None
    names = [info.filename for info in infos]
    if "xl/workbook.xml" in names or "xl/workbook.bin" in names or {"mimetype", "content.xml"} <= set(names):
        return ""
    data = [
        info for info in infos if is_data(info.filename) and not re.search(r"^__MACOSX/|(^|/)\.[^/]*$", info.filename)
    ]
    if len(data) != 1:
        shown = ", ".join(sorted(info.filename for info in data or infos)[:5])
        what = f"{len(data)} data files ({shown})" if data else f"no data file ({shown or 'it is empty'})"
        message = f"the ZIP archive holds {what}, expected one; unpack it and give the folder"
        raise unreadable(path, "compression", message)
    if data[0].flag_bits & 1:
        raise unreadable(path, "compression", f"{data[0].filename} is encrypted; unpack it")
    return data[0].filename


@contextmanager
def refusals(path: Path, what: str) -> Iterator[None]:
    """Say in one sentence what a reader of a format refuses."""
    try:
        yield
    except (InputError, OSError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 - the readers' errors are of any class
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise unreadable(path, "unreadable", f"cannot be read as {what}: {reason}") from None

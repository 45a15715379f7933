"""Checksums of what is on the disk, against a flipped bit: CRC-32, which notices every error of up to 32 bits in a row.

They guard against bad sectors and memory, and not against people. What an earlier version wrote has none, and is read
as it is.
"""

from __future__ import annotations

import os
import re
import zlib
from pathlib import Path

from fw_assets.workspace.durable import replacing

_BLOCK_BYTES = 1 << 20
_SUM = re.compile(r',"sum":"([0-9a-f]{8})"\}$')
_PARQUET_MARK = b"PAR1"
_verified: dict[str, tuple[int, int, int]] = {}
"""Frames that this process has verified: identity, size and time of each by path."""


class ChecksumError(ValueError):
    """Content that is not what was written."""

    def __init__(self, why: str = "its checksum is another") -> None:
        super().__init__(why)


def checksum(data: bytes) -> str:
    """The CRC-32, as eight hex digits."""
    return f"{zlib.crc32(data):08x}"


def seal(text: str) -> str:
    """A JSON object with its checksum as its last field, `sum`."""
    return f'{text[:-1]},"sum":"{_of_text(text)}"}}'


def unseal(text: str) -> str:
    """A JSON object as it was sealed; one without a checksum as it is.

    Raises:
        ChecksumError: it is not what was sealed.
    """
    sealed = _SUM.search(text)
    if sealed is None:
        return text
    content = text[: sealed.start()] + "}"
    if _of_text(content) != sealed[1]:
        raise ChecksumError
    return content


def write_frame_checksum(written: Path, target: Path) -> None:
    """Store beside `target` the checksum of a frame's file that is about to become it, before that of what it is now.

    Between this and the renaming the process may be killed: then the frame is still the one before.
    """
    sums = [_checksum_of(written)]
    if target.is_file() and target != written:
        sums.append(_checksum_of(target))
    with replacing(_beside(target)) as temporary:
        temporary.write_text("".join(f"{value:08x}\n" for value in sums), "ascii")


def verify_frame(path: Path) -> None:
    """Verify a frame's file, once per process and version of the file.

    Raises:
        ChecksumError: it is not what was written.
        OSError: it cannot be read.
    """
    stat = path.stat()
    version = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
    if _verified.get(str(path)) == version:
        return
    try:
        expected = _beside(path).read_text("ascii", "replace").split()
    except FileNotFoundError:
        _verify_marks(path)
    else:
        if f"{_checksum_of(path):08x}" not in expected:
            raise ChecksumError
    _verified[str(path)] = version


def _of_text(text: str) -> str:
    return checksum(text.encode("utf-8", "surrogatepass"))


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.crc")


def _checksum_of(path: Path) -> int:
    value = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            value = zlib.crc32(block, value)
    return value


def _verify_marks(path: Path) -> None:
    """Of a frame without a checksum: that it begins and ends as parquet does."""
    with path.open("rb") as file:
        start = file.read(len(_PARQUET_MARK))
        file.seek(-min(os.fstat(file.fileno()).st_size, len(_PARQUET_MARK)), os.SEEK_END)
        end = file.read()
    if not start == end == _PARQUET_MARK:
        raise ChecksumError("it is no whole parquet file")

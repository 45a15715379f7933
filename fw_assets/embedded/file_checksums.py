"""Checksums of files, each in a hidden file beside its own: CRC-32, against bad sectors and not against people."""

from __future__ import annotations

import os
import secrets
import zlib
from pathlib import Path

_BLOCK_BYTES = 1 << 20
_whole: dict[Path, tuple[int, int, int]] = {}
"""Files that this process has verified: identity, size and time of each."""


def write_checksum(path: Path) -> None:
    """Store the checksum of a file that is complete, and have both on the disk."""
    beside = _beside(path)
    temporary = beside.with_name(f"{beside.name}.{secrets.token_hex(4)}.part")
    with temporary.open("w", encoding="ascii") as file:
        file.write(_checksum(path))
        file.flush()
        os.fsync(file.fileno())
    with path.open("rb") as file_of_path:
        os.fsync(file_of_path.fileno())
    temporary.replace(beside)


def is_whole(path: Path) -> bool:
    """Whether a file is what was written; one without a checksum, of an earlier version, has to be there."""
    if not path.is_file():
        return False
    stat = path.stat()
    version = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
    if _whole.get(path) != version:
        beside = _beside(path)
        if beside.is_file() and beside.read_text("ascii", "replace") != _checksum(path):
            return False
        _whole[path] = version
    return True


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.crc")


def _checksum(path: Path) -> str:
    value = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            value = zlib.crc32(block, value)
    return f"{value:08x}"

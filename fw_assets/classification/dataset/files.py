"""Files as lines of bytes: plain, gzip or zstandard, in bounded memory, whatever the file is called."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from fw_assets.classification.errors import InputError, Problem

BLOCK = 4 << 20
SUFFIXES = (".jsonl", ".jsonl.gz", ".jsonl.zst")
UTF8_BOM = b"\xef\xbb\xbf"
GZIP, ZSTANDARD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"

# What a file's first bytes say it is, when it is something rows cannot be read from.
FOREIGN = (
    (b"\xff\xfe", "UTF-16 text", "save it as UTF-8"),
    (b"\xfe\xff", "UTF-16 text", "save it as UTF-8"),
    (b"PAR1", "a Parquet file", "write its rows as JSON, one object a line"),
    (b"PK\x03\x04", "a ZIP archive", "unpack it"),
    (b"BZh", "a bzip2 file", "unpack it, or use gzip or zstandard"),
    (b"\xfd7zXZ\x00", "an xz file", "unpack it, or use gzip or zstandard"),
    (b"\x89PNG", "an image", "give a JSONL file"),
    (b"%PDF", "a PDF document", "give a JSONL file"),
)


def data_files(path: Path) -> tuple[Path, ...]:
    """The files that `path` stands for: itself, or a folder's `*.jsonl`, `.jsonl.gz`, `.jsonl.zst` by name.

    Raises:
        InputError: nothing is there, or the folder holds no such file.
    """
    try:
        if path.is_file():
            return (path,)
        found = sorted(p for p in path.iterdir() if p.name.endswith(SUFFIXES) and p.is_file())
    except FileNotFoundError:
        message = "no such file; expected a JSONL file or a folder of them"
        raise unreadable(path, "missing-file", message) from None
    except OSError as error:
        raise unreadable(path, "unreadable", f"cannot be read: {error.strerror}") from None
    if not found:
        raise unreadable(path, "missing-file", f"the folder holds no file ending in {', '.join(SUFFIXES)}")
    return tuple(found)


def file_sha256(path: Path) -> str:
    """SHA-256 of the file's bytes as they lie on disk; of a folder, over its files' names and digests."""
    if path.is_dir():
        listing = "".join(f"{file_sha256(file)}  {file.name}\n" for file in data_files(path))
        return hashlib.sha256(listing.encode()).hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_pieces(path: Path) -> Iterator[bytes]:
    """The file in pieces of whole lines, about 4 MiB each; a UTF-8 BOM is skipped.

    Only `\\n` ends a line, so U+2028 and the like stay inside their strings. Peak memory is one block of 4 MiB and
    the longest line.

    Raises:
        InputError: the file cannot be opened, is of a foreign kind, or its compressed stream is damaged.
    """
    try:
        with path.open("rb") as file:
            yield from whole_lines(_blocks(path, file))
    except OSError as error:
        raise unreadable(path, "unreadable", f"cannot be read: {error.strerror}") from None


def is_plain(path: Path) -> bool:
    """Whether the file's bytes are its lines: neither compressed nor of a foreign kind."""
    with path.open("rb") as file:
        head = file.read(8)
    return not head.startswith((GZIP, ZSTANDARD, *(magic for magic, _, _ in FOREIGN)))


def whole_lines(blocks: Iterator[bytes], *, bom: bool = True) -> Iterator[bytes]:
    """Blocks of bytes, cut anywhere, as pieces that end with a line and hold at least 4 MiB, the last one less.

    Args:
        bom: the blocks are a file's first ones: a BOM in front is skipped.
    """
    parts: list[bytes] = []
    size = 0
    for block in blocks:
        parts.append(block)
        size += len(block)
        if size >= BLOCK and (cut := block.rfind(b"\n") + 1):
            parts[-1] = block[:cut]
            piece = b"".join(parts)
            yield piece.removeprefix(UTF8_BOM) if bom else piece
            parts, bom, size = [block[cut:]], False, len(block) - cut
    last = b"".join(parts)
    if bom:
        last = last.removeprefix(UTF8_BOM)
    if last:
        yield last


def _blocks(path: Path, file: IO[bytes]) -> Iterator[bytes]:
    head = file.read(BLOCK)
    if head.startswith(GZIP):
        yield from _decompressed(path, head, file, lambda: zlib.decompressobj(wbits=31))
        return
    if head.startswith(ZSTANDARD):
        import zstandard

        yield from _decompressed(path, head, file, zstandard.ZstdDecompressor().decompressobj)
        return
    for magic, kind, advice in FOREIGN:
        if head.startswith(magic):
            raise unreadable(path, "file-type", f"is {kind}; expected JSONL ({advice})")
    while head:
        yield head
        head = file.read(BLOCK)


def _decompressed(path: Path, data: bytes, file: IO[bytes], new: Any) -> Iterator[bytes]:
    """The content of all members (gzip) or frames (zstandard) one after the other."""
    stream = new()
    try:
        while data:
            if stream.eof:
                stream = new()
            # A small input can hold gigabytes, so it is fed in pieces.
            for start in range(0, len(data), BLOCK // 64):
                piece = data[start : start + BLOCK // 64]
                while piece:
                    out = stream.decompress(piece)
                    if out:
                        yield out
                    piece = stream.unused_data if stream.eof else b""
                    if piece.strip(b"\0"):
                        stream = new()
                    else:
                        piece = b""
            data = file.read(BLOCK)
    except Exception as error:
        if isinstance(error, OSError | InputError):
            raise
        raise unreadable(path, "compression", f"the compressed stream is damaged: {error}") from None
    if not stream.eof:
        raise unreadable(path, "compression", "the compressed stream ends early; the file was cut off")


def unreadable(path: Path, kind: str, message: str) -> InputError:
    """The error of a file that rows cannot be read from."""
    return InputError(
        [Problem(kind=kind, file=str(path), message=message)],
        advice="Correct the path or the file and run again.",
    )

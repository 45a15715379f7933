"""Dataset files as chunks of whole lines: plain, gzip or zstandard, in bounded memory, whatever the file is called."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from fw_assets.classification.dataset.folder import Listing, list_folder
from fw_assets.classification.errors import InputError, Problem

CHUNK_BYTES = 4 << 20
_COMPRESSED_BYTES = 2 << 10
"""Given to a decompressor at once: with zstandard that can be 64 MB of content, with gzip 2 MB."""
UTF8_BOM = b"\xef\xbb\xbf"
GZIP, ZSTANDARD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"

UNSUPPORTED = (
    (b"\xff\xfe", "UTF-16 text", "save it as UTF-8"),
    (b"\xfe\xff", "UTF-16 text", "save it as UTF-8"),
    (b"PAR1", "a Parquet file", "write its rows as JSON, one object a line"),
    (b"PK\x03\x04", "a ZIP archive", "unpack it"),
    (b"SQLite format 3\0", "an SQLite database", "give a query, as sqlite:///PATH?query=SELECT+text,label+FROM+TABLE"),
    (b"BZh", "a bzip2 file", "unpack it, or use gzip or zstandard"),
    (b"\xfd7zXZ\x00", "an xz file", "unpack it, or use gzip or zstandard"),
    (b"\x89PNG", "an image", "give a JSONL file"),
    (b"%PDF", "a PDF document", "give a JSONL file"),
)
"""Files that hold no lines: first bytes, what they show, advice."""


def list_files(path: Path) -> Listing:
    """The files of a dataset: `path` itself, or those of a folder.

    Raises:
        InputError: nothing is there, or no one format that can be read.
    """
    try:
        return Listing((path,), ("train",)) if path.is_file() else list_folder(path)
    except FileNotFoundError:
        message = "no such file; expected a file with rows or a folder of them"
        raise unreadable(path, "missing-file", message) from None
    except OSError as error:
        raise unreadable(path, "unreadable", f"cannot be read: {error.strerror}") from None


def workbook_of(path: Path) -> Path | None:
    """The workbook of which a path names a sheet, as `BOOK.xlsx/train`; None for a file."""
    return path.parent if path.parent.is_file() else None


def data_files(path: Path) -> tuple[Path, ...]:
    """`list_files`, without their parts."""
    return list_files(path).files


def relative_name(path: Path, file: Path) -> str:
    """The name of a dataset's file, with its folders inside the dataset's, if it is one."""
    return file.name if path == file else file.relative_to(path).as_posix()


def file_sha256(path: Path) -> str:
    """SHA-256 of the file's bytes, compressed or not; of a folder, over its files' names and digests."""
    if path.is_dir():
        return listing_sha256((relative_name(path, file), file_sha256(file)) for file in data_files(path))
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def listing_sha256(files: Iterable[tuple[str, str]]) -> str:
    """SHA-256 over the names and digests of a folder's files."""
    listing = "".join(f"{sha256}  {name}\n" for name, sha256 in files)
    return hashlib.sha256(listing.encode()).hexdigest()


def is_plain(path: Path) -> bool:
    """Whether the file is neither compressed nor of an unsupported kind."""
    with path.open("rb") as file:
        start = file.read(8)
    return not start.startswith((GZIP, ZSTANDARD, *(magic for magic, _, _ in UNSUPPORTED)))


def read_chunks(path: Path) -> Iterator[bytes]:
    """Chunks of whole lines of a file, about 4 MiB each; a UTF-8 BOM is skipped.

    Only `\\n` ends a line, so U+2028 and the like stay inside their strings. Peak memory is one block of 4 MiB and
    the longest line.

    Raises:
        InputError: the file cannot be opened, is of an unsupported kind, or its compressed stream is damaged.
    """
    try:
        with path.open("rb") as file:
            yield from _whole_lines(_blocks(path, file), skip_bom=True)
    except OSError as error:
        raise unreadable(path, "unreadable", f"cannot be read: {error.strerror}") from None


def read_range_chunks(path: Path, start: int, stop: int) -> Iterator[bytes]:
    """Chunks of the lines in bytes `start` to `stop` of a plain file, which begin and end with a line."""
    # A BOM may stand at the beginning of the file only; elsewhere it is an error of its line.
    yield from _whole_lines(_range_blocks(path, start, stop), skip_bom=start == 0)


def unreadable(path: Path, kind: str, message: str) -> InputError:
    """The error of a file that rows cannot be read from."""
    return InputError(
        [Problem(kind=kind, file=str(path), message=message)],
        advice="Correct the path or the file and run again.",
    )


def _whole_lines(blocks: Iterable[bytes], *, skip_bom: bool) -> Iterator[bytes]:
    """Blocks of bytes, cut anywhere, as chunks that end with a line and hold at least 4 MiB, the last one less."""
    parts: list[bytes] = []
    size = 0
    for block in blocks:
        parts.append(block)
        size += len(block)
        if size >= CHUNK_BYTES and (cut := block.rfind(b"\n") + 1):
            parts[-1] = block[:cut]
            chunk = b"".join(parts)
            yield chunk.removeprefix(UTF8_BOM) if skip_bom else chunk
            parts, skip_bom, size = [block[cut:]], False, len(block) - cut
    last = b"".join(parts)
    if skip_bom:
        last = last.removeprefix(UTF8_BOM)
    if last:
        yield last


def _range_blocks(path: Path, start: int, stop: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        while start < stop and (block := file.read(min(CHUNK_BYTES, stop - start))):
            start += len(block)
            yield block


def _blocks(path: Path, file: IO[bytes]) -> Iterator[bytes]:
    for number, block in enumerate(content_blocks(path, file)):
        if not number:
            for magic, kind, advice in UNSUPPORTED:
                if block.startswith(magic):
                    raise unreadable(path, "file-type", f"is {kind}; expected JSONL ({advice})")
        yield block


def content_blocks(path: Path, file: IO[bytes]) -> Iterator[bytes]:
    """The content of a file in blocks of at most 4 MiB, unpacked if it is gzip or zstandard.

    Raises:
        InputError: the compressed stream is damaged or ends early.
    """
    block = file.read(CHUNK_BYTES)
    if block.startswith(GZIP):
        yield from _decompressed(path, block, file, lambda: zlib.decompressobj(wbits=31))
        return
    if block.startswith(ZSTANDARD):
        import zstandard

        yield from _decompressed(path, block, file, zstandard.ZstdDecompressor().decompressobj)
        return
    while block:
        yield block
        block = file.read(CHUNK_BYTES)


def _decompressed(path: Path, block: bytes, file: IO[bytes], new_stream: Callable[[], Any]) -> Iterator[bytes]:
    """The content of all members (gzip) or frames (zstandard) one after the other."""
    stream = new_stream()
    try:
        while block:
            if stream.eof:
                stream = new_stream()
            for start in range(0, len(block), _COMPRESSED_BYTES):
                part = block[start : start + _COMPRESSED_BYTES]
                while part:
                    content = stream.decompress(part)
                    for at in range(0, len(content), CHUNK_BYTES):
                        yield content[at : at + CHUNK_BYTES]
                    part = stream.unused_data if stream.eof else b""
                    # Zeros may pad the end of a gzip file.
                    if part.strip(b"\0"):
                        stream = new_stream()
                    else:
                        part = b""
            block = file.read(CHUNK_BYTES)
    except Exception as error:
        if isinstance(error, OSError | InputError):
            raise
        raise unreadable(path, "compression", f"the compressed stream is damaged: {error}") from None
    if not stream.eof:
        raise unreadable(path, "compression", "the compressed stream ends early; the file was cut off")

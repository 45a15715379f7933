"""Content of a file: unpacked (gzip, zstandard, ZIP) and decoded (UTF-8, UTF-16, UTF-32, one byte a letter)."""

from __future__ import annotations

import codecs
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

MAX_UNPACKED_BYTES = 16 << 30
"""Of a compressed file; rows of a dataset that is used take a fraction of it."""
HEAD_BYTES = 1 << 20
_SAMPLE_BYTES = 256 << 10
ZIP_MAGIC = b"PK\x03\x04"

_BOMS = (
    # UTF-32's first: it begins with that of UTF-16.
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
    (codecs.BOM_UTF8, "UTF-8-SIG"),
)
_WITHOUT_MARK = (
    *(("UTF-32-LE", 4, (2, 3)), ("UTF-32-BE", 4, (0, 1))),
    *(("UTF-16-LE", 2, (1,)), ("UTF-16-BE", 2, (0,))),
)
"""Bytes of a letter, and which of them are zero in Latin text."""
_MIN_ZEROS = 0.6
_UNLIKELY = re.compile(r"cp(437|7\d\d|8[56]\d|1257)|mac_|hp_|latin|iso8859")
"""Encodings of old systems, in which short Western text reads as well as in that of Windows, the most frequent."""
_TYPOGRAPHIC = "\u00a0€‚„…‘’“”•–—™«»°§©®±·¿¡£´"
_NAMES = {"cp1252": "Windows-1252", "latin_1": "Latin-1", "utf_16": "UTF-16", "utf_8": "UTF-8"}


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
            for block in self.blocks() if encoding is None else _transcoded(self, encoding):
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


def find_encoding(content: Content) -> str | None:
    """The encoding of a text file by its first bytes: a Python codec, None for what is UTF-8 as far as was read."""
    for mark, name in _BOMS:
        if content.head.startswith(mark):
            return None if name == "UTF-8-SIG" else name
    nul = content.head[:4096]
    if b"\0" in nul:
        # Latin letters in UTF-16 and UTF-32 without a mark: which of the bytes are zero tells the order.
        for name, step, zeros in _WITHOUT_MARK:
            units = [nul[at::step] for at in zeros]
            if all(unit and unit.count(0) >= _MIN_ZEROS * len(unit) for unit in units):
                return name
    return None


def is_utf8(content: Content) -> bool:
    """Whether all of it is UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for block in content.blocks():
            if not block.isascii() or decoder.getstate()[0]:
                decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def guess_encoding(content: Content) -> tuple[str, str]:
    """The likely encoding of text that is not UTF-8, and a word that shows how it reads.

    Raises:
        InputError: nothing fits.
    """
    from charset_normalizer import from_bytes

    lines: list[bytes] = []
    size = 0
    for block in content.blocks():
        for line in block.split(b"\n"):
            if not line.isascii():
                lines.append(line)
                size += len(line)
        if size > _SAMPLE_BYTES:
            break
    sample = b"\n".join(lines)[:_SAMPLE_BYTES]
    matches = list(from_bytes(sample))
    if not matches:
        message = "is neither UTF-8 nor text in another encoding that is known; save it as UTF-8"
        raise unreadable(content.file, "encoding", message)
    best = matches[0]
    likely = {name for match in matches for name in (match.encoding, *match.could_be_from_charset)}
    is_western = "cp1252" in likely or _UNLIKELY.match(best.encoding) is not None
    encoding = "cp1252" if is_western and _reads_as_western(sample) else best.encoding
    words = re.findall(r"\w*[^\W\d_a-zA-Z]\w*", sample.decode(encoding, "replace"))
    return encoding, max(words[:50], key=len, default="")


def encoding_name(encoding: str) -> str:
    return _NAMES.get(encoding, encoding)


def _reads_as_western(sample: bytes) -> bool:
    try:
        text = sample.decode("cp1252")
    except UnicodeDecodeError:
        return False
    other = [letter for letter in text if not letter.isascii()]
    return sum(letter.isalpha() or letter in _TYPOGRAPHIC for letter in other) >= 0.9 * len(other)


def _transcoded(content: Content, encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    newlines = re.compile(r"\r\n?")
    held = ""
    try:
        for block in content.blocks():
            text = held + decoder.decode(block)
            held = "\r" if text.endswith("\r") else ""
            yield newlines.sub("\n", text.removesuffix("\r") if held else text).encode("utf-8", "replace")
        yield newlines.sub("\n", held + decoder.decode(b"", final=True)).encode("utf-8")
    except UnicodeDecodeError as error:
        message = f"cannot be read as {encoding_name(encoding)}: {error.reason} at byte {error.start + 1}"
        raise unreadable(content.file, "encoding", f"{message}; save it as UTF-8") from None


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

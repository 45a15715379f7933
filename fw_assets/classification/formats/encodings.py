"""Encodings of text: told by its first bytes, or guessed, and written again as UTF-8."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

from fw_assets.classification.dataset.files import unreadable

_SAMPLE_BYTES = 256 << 10
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
_WESTERN = ("cp1252", "mac_roman")
_TYPOGRAPHIC = "\u00a0€‚„…‘’“”•–—™«»°§©®±·¿¡£´"
_NAMES = {
    "cp1252": "Windows-1252",
    "latin_1": "Latin-1",
    "mac_roman": "Mac Roman",
    "utf_16": "UTF-16",
    "utf_8": "UTF-8",
}


def find_encoding(head: bytes) -> str | None:
    """The encoding of a text file by its first bytes: a Python codec, None for what is UTF-8 as far as was read."""
    for mark, name in _BOMS:
        if head.startswith(mark):
            return None if name == "UTF-8-SIG" else name
    nul = head[:4096]
    if b"\0" in nul:
        # Latin letters in UTF-16 and UTF-32 without a mark: which of the bytes are zero tells the order.
        for name, step, zeros in _WITHOUT_MARK:
            units = [nul[at::step] for at in zeros]
            if all(unit and unit.count(0) >= _MIN_ZEROS * len(unit) for unit in units):
                return name
    return None


def is_utf8(blocks: Iterable[bytes]) -> bool:
    """Whether all of it is UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for block in blocks:
            if not block.isascii() or decoder.getstate()[0]:
                decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def guess_encoding(path: Path, blocks: Iterable[bytes]) -> tuple[str, str]:
    """The likely encoding of text that is not UTF-8, and a word that shows how it reads.

    Raises:
        InputError: nothing fits.
    """
    from charset_normalizer import from_bytes

    lines: list[bytes] = []
    size, damaged = 0, ""
    for number, line in enumerate(_lines(blocks), 1):
        if line.isascii():
            continue
        lines.append(line)
        size += len(line)
        if not damaged and (error := _utf8_error(line)) is not None:
            damaged = f"line {number}, byte {error.start + 1}, is no UTF-8 (found 0x{line[error.start]:02x})"
        if size > _SAMPLE_BYTES and damaged:
            break
    if 2 * sum(_utf8_error(line) is None for line in lines) > len(lines):
        message = f"is UTF-8 but for some lines, the first of them: {damaged}; save it in one encoding"
        raise unreadable(path, "encoding", message)
    sample = b"\n".join(lines)[:_SAMPLE_BYTES]
    matches = list(from_bytes(sample))
    if not matches:
        message = "is neither UTF-8 nor text in another encoding that is known; save it as UTF-8"
        raise unreadable(path, "encoding", message)
    best = matches[0]
    likely = {name for match in matches for name in (match.encoding, *match.could_be_from_charset)}
    is_western = "cp1252" in likely or _UNLIKELY.match(best.encoding) is not None
    western = (name for name in _WESTERN if is_western and _reads_as_western(sample, name))
    encoding = next(western, best.encoding)
    words = re.findall(r"\w*[^\W\d_a-zA-Z]\w*", sample.decode(encoding, "replace"))
    return encoding, max(words[:50], key=len, default="")


def encoding_name(encoding: str) -> str:
    return _NAMES.get(encoding, encoding)


def _reads_as_western(sample: bytes, encoding: str) -> bool:
    try:
        text = sample.decode(encoding)
    except UnicodeDecodeError:
        return False
    pairs = [(before, letter) for before, letter in pairwise(f" {text}") if not letter.isascii()]
    good = [
        letter in _TYPOGRAPHIC or (letter.isalpha() and not (letter.isupper() and before.islower()))
        for before, letter in pairs
    ]
    return sum(good) >= 0.9 * len(pairs)


def _utf8_error(line: bytes) -> UnicodeDecodeError | None:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError as error:
        return error
    return None


def _lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    held = b""
    for block in blocks:
        *lines, held = (held + block).split(b"\n")
        yield from lines
    yield held


def transcoded(path: Path, blocks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """Text in UTF-8 with lines that end with `\\n`.

    Raises:
        InputError: it is not of the encoding.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    newlines = re.compile(r"\r\n?")
    held = ""
    try:
        for block in blocks:
            text = held + decoder.decode(block)
            held = "\r" if text.endswith("\r") else ""
            yield newlines.sub("\n", text.removesuffix("\r") if held else text).encode("utf-8", "replace")
        yield newlines.sub("\n", held + decoder.decode(b"", final=True)).encode("utf-8")
    except UnicodeDecodeError as error:
        message = f"cannot be read as {encoding_name(encoding)}: {error.reason} at byte {error.start + 1}"
        raise unreadable(path, "encoding", f"{message}; save it as UTF-8") from None

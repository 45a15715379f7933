"""A file as it was recognised: format, encoding and the shape of its objects, before any row is read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from fw_assets.classification.formats.class_names import class_names
from fw_assets.classification.formats.content import HEAD_BYTES, Content, open_content
from fw_assets.classification.formats.dialect import SAMPLE_RECORDS
from fw_assets.classification.formats.encodings import encoding_name, find_encoding, guess_encoding, is_utf8
from fw_assets.classification.formats.options import ReadingOptions
from fw_assets.classification.formats.recognition import Format, binary_format, text_format
from fw_assets.classification.formats.records import decoded
from fw_assets.classification.formats.shapes import Shape, find_shape


@dataclass(frozen=True)
class RecognisedFile:
    """A file as it was recognised.

    Attributes:
        encoding: None for UTF-8.
        guess: a word that shows how a guessed encoding reads.
        text: its beginning, if it is text.
        shape: of its objects, if it is JSONL of other than chat rows.
        old_lines: whether lines end with a carriage return alone.
    """

    content: Content
    kind: Format
    encoding: str | None = None
    guess: str = ""
    text: str = ""
    shape: Shape | None = None
    old_lines: bool = False

    @property
    def is_chat_jsonl(self) -> bool:
        plain = self.encoding is None and not self.content.member and not self.old_lines
        return self.kind == "JSONL" and plain and self.shape is None

    @property
    def written(self) -> str:
        """The encoding in words."""
        name = encoding_name(self.encoding) if self.encoding else ""
        return f"{name}, as in {self.guess!r}" if self.guess else name


def recognise(path: Path, options: ReadingOptions) -> RecognisedFile:
    """What a file is.

    Raises:
        InputError: it is nothing that is read, or the fields of its objects are not clear.
        OSError: it cannot be read.
    """
    file = recognise_format(path)
    if file.kind != "JSONL":
        return file
    lines = file.text.replace("\r", "\n").lstrip("\ufeff").split("\n", SAMPLE_RECORDS)[:SAMPLE_RECORDS]
    return replace(file, shape=shape_of(path, lines, options))


def recognise_format(path: Path, *, one_column: bool = False) -> RecognisedFile:
    """What a file is, without the shape of its objects.

    Args:
        one_column: take text of one column too.

    Raises:
        InputError: it is nothing that is read.
        OSError: it cannot be read.
    """
    content = open_content(path)
    kind = binary_format(path, content.head)
    if kind is not None:
        return RecognisedFile(content, kind)
    encoding, guess = find_encoding(content.head), ""
    text = content.head.decode(encoding or "utf-8", "replace")
    kind = text_format(path, text, whole=len(content.head) < HEAD_BYTES, one_column=one_column)
    if kind == "CSV" and encoding is None and not is_utf8(content.blocks()):
        encoding, guess = guess_encoding(path, content.blocks())
        text = content.head.decode(encoding, "replace")
    text = text.replace("\r\n", "\n")
    return RecognisedFile(content, kind, encoding, guess, text, old_lines="\r" in text and "\n" not in text)


def shape_of(path: Path, lines: Iterable[str | bytes], options: ReadingOptions) -> Shape | None:
    """The shape of JSON objects, of which the first lines are given; None for chat rows."""
    records = [record for line in lines if (record := decoded(line)) is not None]
    return find_shape(records, options, class_names(path), str(path)) if records else None

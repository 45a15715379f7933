"""Parser of dataset files of any format, for `dataset.reader.read_rows`."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from fw_assets.classification.dataset.chunk_parser import ParseSummary
from fw_assets.classification.dataset.files import file_sha256, unreadable
from fw_assets.classification.dataset.parallel import parse_file, run_in_threads
from fw_assets.classification.dataset.row_store import RowStore
from fw_assets.classification.formats import content as contents
from fw_assets.classification.formats.annotations import EXPORTS
from fw_assets.classification.formats.batches import Table, binary_table, delimited_table, json_lines
from fw_assets.classification.formats.class_names import class_names
from fw_assets.classification.formats.column_choice import choose_columns
from fw_assets.classification.formats.content import Content, encoding_name, open_content
from fw_assets.classification.formats.options import ReadingOptions
from fw_assets.classification.formats.profiles import profiles
from fw_assets.classification.formats.recognition import SAMPLE_RECORDS, binary_format, find_dialect, text_format
from fw_assets.classification.formats.records import (
    MAX_DOCUMENT_BYTES,
    decoded,
    document_records,
    item_jobs,
    line_jobs,
    parse_lines,
)
from fw_assets.classification.formats.shapes import CONVERSATIONS, Record, Shape, find_shape
from fw_assets.classification.formats.tables import ROW, parse_table, wanted_columns


@dataclass(frozen=True)
class FileParser:
    """Reads what a file is, finds text and label in it, and parses its rows into a store."""

    options: ReadingOptions = field(default_factory=ReadingOptions)

    def parse(
        self, path: Path, first_row: int, source: str, row_store: RowStore, *, stop_after: int | None = None
    ) -> tuple[ParseSummary, str]:
        """The summary of a file and its SHA-256, as `dataset.parallel.parse_file`.

        Raises:
            InputError: it is not of a format that is read, or text and label are not clear.
        """
        content = open_content(path)
        kind = binary_format(path, content.head)
        with tempfile.TemporaryDirectory(prefix="fw-assets-") as folder:
            if kind is not None:
                plain = content.written_to(Path(folder) / path.name) if content.packed else path
                table = binary_table(plain, kind, first_row)
                summary = self._table(path, table, first_row, source, row_store, stop_after)
                return _described(summary, [summary.read_as, content.packed]), file_sha256(path)
            encoding = contents.find_encoding(content)
            text = content.head.decode(encoding or "utf-8", "replace")
            kind = text_format(path, text, whole=len(content.head) < contents.HEAD_BYTES)
            guessed = ""
            if kind == "CSV" and encoding is None and not contents.is_utf8(content):
                encoding, word = contents.guess_encoding(content)
                text = content.head.decode(encoding, "replace")
                guessed = f"{encoding_name(encoding)}, as in {word!r}" if word else encoding_name(encoding)
            old_lines = "\r" in text and "\n" not in text
            if kind == "JSONL" and encoding is None and not content.member and not old_lines:
                return self._lines(path, content, first_row, source, row_store, stop_after)
            plain = path
            if encoding is not None or content.packed or old_lines:
                plain = content.written_to(Path(folder) / "plain", encoding or ("utf-8" if old_lines else None))
            if kind == "CSV":
                dialect = find_dialect(text.replace("\r\n", "\n").replace("\r", "\n"), path.name)
                assert dialect is not None
                table = delimited_table(plain, dialect, first_row)
                summary = self._table(path, table, first_row, source, row_store, stop_after)
            elif kind == "JSONL":
                decoded_content = open_content(plain)
                summary = self._lines(plain, decoded_content, first_row, source, row_store, stop_after)[0]
            else:
                summary = self._document(path, plain, first_row, source, row_store, stop_after)
        written = guessed or (encoding_name(encoding) if encoding else "")
        return _described(summary, [summary.read_as or "chat JSONL", written, content.packed]), file_sha256(path)

    def _lines(
        self,
        path: Path,
        content: Content,
        first_row: int,
        source: str,
        row_store: RowStore,
        stop_after: int | None,
    ) -> tuple[ParseSummary, str]:
        lines = content.head.split(b"\n", SAMPLE_RECORDS)[:SAMPLE_RECORDS]
        shape = self._shape(path, [record for line in lines if (record := decoded(line)) is not None])
        if shape is None:
            return parse_file(path, first_row, source, row_store, stop_after=stop_after)
        jobs = line_jobs(_whole_lines(content), first_row, source, row_store, shape)
        summary = run_in_threads(jobs, stop_after)
        summary.read_as = f"JSONL, {shape.read_as}"
        return summary, file_sha256(path)

    def _document(
        self, path: Path, plain: Path, first_row: int, source: str, row_store: RowStore, stop_after: int | None
    ) -> ParseSummary:
        if plain.stat().st_size > MAX_DOCUMENT_BYTES:
            limit = f"{MAX_DOCUMENT_BYTES >> 30} GiB"
            message = (
                f"is one JSON document of more than {limit}: `jq -c '.[]' {path} > rows.jsonl` writes one row a line"
            )
            raise unreadable(path, "file-type", message)
        items = document_records(path, plain.read_bytes())
        records = [record for item in items[:SAMPLE_RECORDS] if (record := decoded(item)) is not None]
        shape = self._shape(path, records)
        summary = run_in_threads(item_jobs(items, first_row, source, row_store, shape), stop_after)
        summary.read_as = f"a JSON list, {shape.read_as if shape else 'chat rows'}"
        return summary

    def _shape(self, path: Path, records: list[Record]) -> Shape | None:
        return find_shape(records, self.options, class_names(path), str(path)) if records else None

    def _table(
        self,
        path: Path,
        table: Table,
        first_row: int,
        source: str,
        row_store: RowStore,
        stop_after: int | None,
    ) -> ParseSummary:
        names = class_names(path, table.metadata)
        rows = table.sample.to_dicts()
        if not rows:
            lines = len(table.faults) + table.lead
            return ParseSummary(lines=lines, blank=table.lead, rejected=[*table.faults], read_as=table.read_as)
        if set(table.sample.columns) & {"messages", *CONVERSATIONS} or any(
            2 * sum(belongs(row) for row in rows) > len(rows) for _, belongs, _ in EXPORTS[:-1]
        ):
            shape = find_shape(rows, self.options, names, str(path))
            jobs = self._object_jobs(table, source, row_store, shape)
            read_as = shape.read_as if shape else "chat rows"
        else:
            columns = profiles(rows) if rows else {}
            choice = choose_columns(columns, columns, self.options, names, str(path))
            wanted = wanted_columns(choice, table.sample.columns, row_store.names)

            def parse(part: object) -> ParseSummary:
                frame, summary = parse_table(part, choice, source, row_store.fields, row_store.group_field)  # type: ignore[arg-type]
                row_store.add(frame)
                return summary

            jobs = (partial(parse, part) for part in table.parts(wanted))
            read_as = str(choice)
        summary = run_in_threads(iter(jobs), stop_after)
        summary.rejected = sorted([*summary.rejected, *table.faults])
        summary.lines += len(table.faults) + table.lead
        summary.blank += table.lead
        summary.read_as = f"{table.read_as}, {read_as}"
        return summary

    @staticmethod
    def _object_jobs(
        table: Table, source: str, row_store: RowStore, shape: Shape | None
    ) -> Iterator[Callable[[], ParseSummary]]:
        for part in table.parts(table.sample.columns):
            lines, first = json_lines(part), int(part[ROW][0])
            yield partial(parse_lines, lines, first, source, row_store, shape.convert if shape else None)


def _whole_lines(content: Content) -> Iterator[bytes]:
    held = b""
    for number, block in enumerate(content.blocks()):
        block = held + (block.removeprefix(b"\xef\xbb\xbf") if not number else block)
        cut = block.rfind(b"\n") + 1
        held = block[cut:]
        if cut:
            yield block[:cut]
    if held:
        yield held


def _described(summary: ParseSummary, parts: list[str]) -> ParseSummary:
    first, *more = [part for part in parts if part]
    summary.read_as = first + (f" ({', '.join(more)})" if more else "")
    return summary

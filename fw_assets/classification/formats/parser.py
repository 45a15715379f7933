"""Parser of dataset files of any format, for `dataset.reader.read_rows`."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import polars as pl

from fw_assets.classification.dataset.chunk_parser import ParseSummary
from fw_assets.classification.dataset.files import file_sha256, read_chunks, workbook_of
from fw_assets.classification.dataset.parallel import parse_file, run_in_threads
from fw_assets.classification.dataset.row_store import RowStore
from fw_assets.classification.errors import InputError
from fw_assets.classification.formats.batches import (
    MalformedLineError,
    Table,
    delimited_table,
    json_lines,
    without_escapes,
    without_malformed_lines,
)
from fw_assets.classification.formats.class_names import class_names
from fw_assets.classification.formats.column_choice import ColumnChoice, choose_columns
from fw_assets.classification.formats.dialect import SAMPLE_RECORDS, find_dialect
from fw_assets.classification.formats.options import ReadingOptions
from fw_assets.classification.formats.profiles import profiles
from fw_assets.classification.formats.recognised_file import RecognisedFile, recognise, shape_of
from fw_assets.classification.formats.recognition import not_rows
from fw_assets.classification.formats.records import (
    MAX_DOCUMENT_BYTES,
    document_records,
    item_jobs,
    line_jobs,
    parse_lines,
)
from fw_assets.classification.formats.shapes import Shape, find_shape, is_nested
from fw_assets.classification.formats.tables import ROW, parse_table, wanted_columns
from fw_assets.classification.formats.workbook import binary_table


@dataclass(frozen=True)
class FileParser:
    """Reads what a file is, finds text and label in it, and parses its rows into a store.

    Attributes:
        usual: of the dataset's files so far, the columns that were found first; a later file that is not clear by
            itself, such as one with a single label, is read by them too.
    """

    options: ReadingOptions = field(default_factory=ReadingOptions)
    usual: list[ColumnChoice] = field(default_factory=list)

    def parse(
        self, path: Path, first_row: int, source: str, row_store: RowStore, *, stop_after: int | None = None
    ) -> tuple[ParseSummary, str]:
        """The summary of a file and its SHA-256, as `dataset.parallel.parse_file`.

        Raises:
            InputError: it is not of a format that is read, or text and label are not clear.
        """
        workbook = workbook_of(path)
        options = self.options if workbook is None else self.options.model_copy(update={"sheet": path.name})
        place = _Place(path, first_row, source, row_store, stop_after)
        try:
            return FileParser(options, self.usual)._parsed(workbook or path, place)
        except InputError as error:
            if not self.usual or error.problems[0].kind not in ("ambiguous", "column") or _is_said(self.options):
                raise
            (text,), label = self.usual[0].text_columns, self.usual[0].label
            same = options.model_copy(update={"text_column": text, "label_column": label})
            try:
                return FileParser(same)._parsed(workbook or path, place)
            except InputError:
                raise error from None

    def _parsed(self, path: Path, place: _Place) -> tuple[ParseSummary, str]:
        """The summary of the file at `path`, whose rows have their place, and its SHA-256."""
        file = recognise(path, self.options)
        if file.is_chat_jsonl:
            return parse_file(path, *place.target, stop_after=place.stop_after)
        # The digest needs no interpreter lock.
        with ThreadPoolExecutor(1) as thread, tempfile.TemporaryDirectory(prefix="fw-assets-") as folder:
            sha256 = thread.submit(file_sha256, path)
            summary = self._parse(file, place, Path(folder))
            return summary, sha256.result()

    def _parse(self, file: RecognisedFile, place: _Place, folder: Path) -> ParseSummary:
        content, packed = file.content, file.content.packed
        if file.encoding is not None or file.old_lines:
            plain = content.written_to(folder / "text", file.encoding or "utf-8")
        else:
            plain = content.written_to(folder / content.file.name) if packed else content.file
        if file.kind == "JSONL":
            self._remember(file.shape.columns if file.shape else None)
            summary = _parse_lines(plain, place, file.shape)
        elif file.kind == "JSON":
            summary = self._parse_document(plain, place)
        elif file.kind == "CSV":
            summary = self._parse_delimited(plain, file.text, place, folder)
        else:
            summary = self._parse_table(binary_table(plain, file.kind, place.first_row, self.options.sheet), place)
        more = [part for part in (file.written, packed) if part]
        summary.read_as += f" ({', '.join(more)})" if more else ""
        return summary

    def _remember(self, choice: ColumnChoice | None) -> None:
        if choice is not None and len(choice.text_columns) == 1 and choice.label:
            self.usual.append(choice)

    def _parse_delimited(self, plain: Path, text: str, place: _Place, folder: Path) -> ParseSummary:
        dialect = find_dialect(text.replace("\r", "\n") if "\n" not in text else text, place.path.name)
        assert dialect is not None
        plain = without_escapes(plain, dialect, folder)
        try:
            return self._parse_table(delimited_table(plain, dialect, place.first_row), place)
        except MalformedLineError:
            place.row_store.discard(place.source, place.first_row)
        mended = folder / "mended"
        faults, others = without_malformed_lines(plain, dialect, place.first_row, mended)
        if not others:
            lead = dialect.skip + (dialect.header is not None)
            return ParseSummary(lines=len(faults) + lead, blank=lead, rejected=faults, read_as=dialect.shown)
        summary = self._parse_table(delimited_table(mended, dialect, place.first_row), place)
        summary.rejected = sorted([*summary.rejected, *faults])
        summary.blank -= len(faults)
        return summary

    def _parse_document(self, plain: Path, place: _Place) -> ParseSummary:
        if plain.stat().st_size > MAX_DOCUMENT_BYTES:
            limit = f"{MAX_DOCUMENT_BYTES >> 30} GiB"
            message = (
                f"is one JSON document of more than {limit}: `jq -c '.[]' FILE > rows.jsonl` writes one row a line"
            )
            raise not_rows(place.path, message)
        items = document_records(place.path, plain.read_bytes(), self.options.sheet)
        shape = shape_of(place.path, items[:SAMPLE_RECORDS], self.options)
        self._remember(shape.columns if shape else None)
        summary = run_in_threads(item_jobs(items, *place.target, shape), place.stop_after)
        summary.read_as = f"a JSON list, {shape.read_as if shape else 'chat rows'}"
        return summary

    def _parse_table(self, table: Table, place: _Place) -> ParseSummary:
        names = class_names(place.path, table.metadata)
        rows = table.sample.to_dicts()
        row_store, read_as = place.row_store, ""
        jobs: Iterator[Callable[[], ParseSummary]] = iter(())
        if is_nested(rows):
            shape = find_shape(rows, self.options, names, str(place.path))
            jobs, read_as = _object_jobs(table, place, shape), shape.read_as if shape else "chat rows"
        elif rows:
            columns = profiles(rows)
            choice = choose_columns(columns, columns, self.options, names, str(place.path))
            _refuse_chats_as_text(choice, rows, place.path)
            self._remember(choice)

            def parse(part: pl.DataFrame) -> ParseSummary:
                kept = (row_store.fields, row_store.group_field)
                frame, summary = parse_table(part, choice, place.source, *kept, table.dialect)
                row_store.add(frame)
                return summary

            wanted = wanted_columns(choice, table.sample.columns, row_store.names)
            jobs, read_as = (partial(parse, part) for part in table.parts(wanted)), str(choice)
        summary = run_in_threads(jobs, place.stop_after)
        summary.lines += table.lead
        summary.blank += table.lead
        summary.read_as = f"{table.read_as}, {read_as}" if read_as else table.read_as
        return summary


def _is_said(options: ReadingOptions) -> bool:
    """Whether a person names columns, so that there is nothing to find."""
    named = (options.text_column, options.text_template, options.label_column, options.label_flags)
    return any(name is not None for name in named)


@dataclass(frozen=True)
class _Place:
    """Where a file is, and where its rows go."""

    path: Path
    first_row: int
    source: str
    row_store: RowStore
    stop_after: int | None

    @property
    def target(self) -> tuple[int, str, RowStore]:
        return self.first_row, self.source, self.row_store


def _parse_lines(plain: Path, place: _Place, shape: Shape | None) -> ParseSummary:
    if shape is None:
        summary = parse_file(plain, *place.target, stop_after=place.stop_after)[0]
        summary.read_as = "chat JSONL"
        return summary
    summary = run_in_threads(line_jobs(read_chunks(plain), *place.target, shape), place.stop_after)
    summary.read_as = f"JSONL, {shape.read_as}"
    return summary


def _refuse_chats_as_text(choice: ColumnChoice, rows: Sequence[Mapping[str, object]], path: Path) -> None:
    """Refuse a text that is a list of messages, as a table holds it whose maker had no other way."""
    for column in choice.text_columns:
        values = [str(row[column]) for row in rows if row[column]]
        if values and all(re.match(r"\s*\[\s*\{\s*['\"](role|from|content|value)['\"]", value) for value in values):
            script = (
                f"import csv,json,sys; [print(json.dumps({{**row, {column!r}: json.loads(row[{column!r}])}})) "
                "for row in csv.DictReader(sys.stdin)]"
            )
            advice = f'`python3 -c "{script}" < FILE > rows.jsonl` writes them as JSON'
            raise not_rows(path, f"has chats as text in the column {column!r}: {advice}")


def _object_jobs(table: Table, place: _Place, shape: Shape | None) -> Iterator[Callable[[], ParseSummary]]:
    for part in table.parts(table.sample.columns):
        lines, first = json_lines(part), int(part[ROW][0])
        yield partial(parse_lines, lines, first, place.source, place.row_store, shape)

"""Reader of datasets: every line becomes a row of narrow columns or a problem with its place."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Literal, Protocol

import polars as pl

from fw_assets.classification.dataset.chunk_parser import EXCERPT_BYTES, ParseSummary, RejectedLine
from fw_assets.classification.dataset.faults import line_faults
from fw_assets.classification.dataset.files import list_files, listing_sha256, relative_name, unreadable, workbook_of
from fw_assets.classification.dataset.folder import Listing
from fw_assets.classification.dataset.parallel import parse_file
from fw_assets.classification.dataset.read_result import FileFacts, RejectedRow, RowsRead, location
from fw_assets.classification.dataset.row_errors import LEFT_OUT
from fw_assets.classification.dataset.row_store import RowStore
from fw_assets.classification.errors import InputError, Problem

MIN_ROWS = 3
MAX_ROWS = 3_000_000
STOP_AFTER = 10_000
"""Unless bad lines are quarantined, reading stops at this many: the file is not a dataset then."""


class ParseFile(Protocol):
    """Parser of one file into a row store: `parallel.parse_file`, or what reads further formats."""

    def __call__(
        self, path: Path, first_row: int, source: str, row_store: RowStore, *, stop_after: int | None = None
    ) -> tuple[ParseSummary, str]:
        """The summary and the file's SHA-256."""


def read_rows(
    path: Path,
    *,
    source: str,
    bad_rows: Literal["fail", "quarantine"] = "fail",
    row_store: RowStore | None = None,
    listing: Listing | None = None,
    parse: ParseFile = parse_file,
) -> RowsRead:
    """All rows of a file or folder (see `files.data_files`), read line by line.

    Args:
        path: the file or folder.
        source: "train" or "eval"; the first half of the rows' ids.
        bad_rows: "fail" raises when any line is bad; "quarantine" leaves those lines out and returns them.
        row_store: where the rows go; None for memory. With a folder, memory is bounded whatever the file's size,
            and large plain files are read by all cores.
        listing: the files that are read, with their parts; None for all of `path`.
        parse: reads one of them.

    Raises:
        InputError: a line is bad (all are named, the first 20 shown), the file cannot be read, fewer than
            three good rows ("train") or none ("eval"), more than three million.
    """
    row_store = row_store if row_store is not None else RowStore()
    files: list[FileFacts] = []
    rejected: list[RejectedRow] = []
    left_out: list[RejectedRow] = []
    systems: set[bytes] = set()
    first_row, weighted = 1, 0
    listing = listing or list_files(path)
    for file, part in zip(listing.files, listing.parts, strict=True):
        stop_after = STOP_AFTER if bad_rows == "fail" else None
        summary, facts = _read_file(parse, file, first_row, source, row_store, stop_after)
        facts = facts.model_copy(update={"part": part})
        rejected += [_rejected_row(source, file, first_row, line) for line in summary.rejected]
        left_out += [_rejected_row(source, file, first_row, line) for line in summary.first_left_out]
        files.append(facts)
        if bad_rows == "fail" and len(rejected) >= STOP_AFTER:
            raise line_faults(rejected[:STOP_AFTER], _lines(files), stopped=True)
        systems |= summary.systems
        weighted += summary.weighted
        first_row += facts.lines
    rows = sum(facts.rows for facts in files)
    unweighted = _reject_mixed_weights(row_store, source, weighted, rows, tuple(files))
    rejected += unweighted
    if rejected and bad_rows == "fail":
        raise line_faults(rejected, _lines(files))
    place = Path(files[0].path_name) if len(files) == 1 else path
    left_out_by_kind = sum((Counter(dict(facts.left_out)) for facts in files), Counter[str]())
    _check_size(place, rows - len(unweighted), len(rejected), left_out_by_kind, source)
    unweighted_by_file = Counter(row.file for row in unweighted)
    return RowsRead(
        row_store=row_store,
        source=source,
        files=tuple(_without_rows(facts, unweighted_by_file[facts.path_name]) for facts in files),
        rejected_lines=(*rejected, *left_out),
        system_prompts=len(systems),
        sha256=_dataset_sha256(path, files),
        size_bytes=sum(facts.size_bytes for facts in files),
    )


def _read_file(
    parse: ParseFile, file: Path, first_row: int, source: str, row_store: RowStore, stop_after: int | None
) -> tuple[ParseSummary, FileFacts]:
    try:
        size = (workbook_of(file) or file).stat().st_size
        summary, sha256 = parse(file, first_row, source, row_store, stop_after=stop_after)
    except OSError as error:
        raise unreadable(file, "unreadable", f"cannot be read: {error.strerror or error}") from None
    return summary, FileFacts(
        path_name=str(file),
        source=source,
        sha256=sha256,
        size_bytes=size,
        first_row=first_row,
        lines=summary.lines,
        rows=summary.rows,
        blank=summary.blank,
        rejected=len(summary.rejected),
        left_out=tuple(sorted(summary.left_out.items())),
        read_as=summary.read_as,
    )


def _lines(files: list[FileFacts]) -> int:
    return sum(facts.lines - facts.blank for facts in files)


def _dataset_sha256(path: Path, files: list[FileFacts]) -> str:
    """A file's digest; of a folder with several, the digest of their listing (`files.file_sha256` of a folder)."""
    if len(files) == 1 or path.is_file():
        return files[0].sha256
    return listing_sha256((relative_name(path, Path(facts.path_name)), facts.sha256) for facts in files)


def _without_rows(facts: FileFacts, count: int) -> FileFacts:
    return facts.model_copy(update={"rows": facts.rows - count, "rejected": facts.rejected + count})


def _rejected_row(source: str, file: Path, first_row: int, line: RejectedLine) -> RejectedRow:
    number = line.row - first_row + 1
    problems = tuple(
        Problem(kind=error.kind, file=str(file), line=number, field=error.field, message=error.message)
        for error in line.errors
    )
    text = line.excerpt.decode("utf-8", "backslashreplace")
    return RejectedRow(source=source, file=str(file), line=number, problems=problems, text=text)


def _reject_mixed_weights(
    row_store: RowStore, source: str, weighted: int, rows: int, files: tuple[FileFacts, ...]
) -> list[RejectedRow]:
    """Take out the rows with a weight or those without, whichever are fewer: the platform takes all or none."""
    if weighted in (0, rows):
        return []
    mostly_weighted = weighted * 2 >= rows
    at_fault = pl.col("weight").is_null() if mostly_weighted else pl.col("weight").is_not_null()
    if mostly_weighted:
        message = f"has no weight while {weighted:,} of {rows:,} rows have one"
    else:
        message = f"has a weight while only {weighted:,} of {rows:,} rows have one"
    rejected = []
    bad_rows = row_store.scan().filter(pl.col("source") == source, at_fault).select("row", "messages").collect()
    for number, messages in bad_rows.iter_rows():
        file, line = location(files, number)
        problem = Problem(
            kind="row-weight",
            file=file,
            line=line,
            field="weight",
            message=f"the row {message}; expected a weight on all rows or on none",
        )
        text = messages[:EXCERPT_BYTES]
        rejected.append(RejectedRow(source=source, file=file, line=line, problems=(problem,), text=text))
    row_store.keep(source, ~at_fault)
    return rejected


def _check_size(path: Path, rows: int, rejected: int, left_out: Counter[str], source: str) -> None:
    min_rows = MIN_ROWS if source == "train" else 1
    if min_rows <= rows <= MAX_ROWS:
        return
    reasons = [f"{LEFT_OUT.get(kind, kind)}: {count:,}" for kind, count in left_out.most_common()]
    reasons += [f"bad lines: {rejected:,}"] if rejected else []
    more = f" ({rejected + left_out.total():,} more were left out; {'; '.join(reasons)})" if reasons else ""
    bound = f"at least {min_rows}" if rows < min_rows else f"at most {MAX_ROWS:,}"
    problem = Problem(
        kind="too-few-rows" if rows < min_rows else "too-many-rows",
        file=str(path),
        message=f"holds {rows:,} rows{more}, expected {bound}",
    )
    advice = "Correct these rows, or give" if reasons and rows < min_rows else "Give"
    raise InputError([problem], advice=f"{advice} a dataset of that size; nothing was started.")

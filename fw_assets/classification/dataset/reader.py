"""Reading chat JSONL: every line becomes a row of narrow columns or a problem with its place."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import polars as pl

from fw_assets.classification.dataset import parallel
from fw_assets.classification.dataset.chunk_parser import EXCERPT, Parsed, parse_pieces
from fw_assets.classification.dataset.columns import ROW_COLUMNS
from fw_assets.classification.dataset.files import data_files, file_sha256, read_pieces, unreadable
from fw_assets.classification.dataset.json_errors import Fault
from fw_assets.classification.dataset.row_store import Spool
from fw_assets.classification.errors import InputError, Problem
from fw_assets.classification.values import Frozen

__all__ = ["ROW_COLUMNS", "FileFacts", "RejectedRow", "RowsRead", "location", "read_rows", "rejected_jsonl"]

MIN_ROWS = 3
MAX_ROWS = 3_000_000
STOP_AFTER = 10_000
"""Unless bad lines are quarantined, reading stops at this many: the file is then of another kind."""


class FileFacts(Frozen):
    """One file as it was read."""

    path_name: str
    source: str
    sha256: str
    size_bytes: int
    first_row: int
    """The `row` of the file's line 1."""
    lines: int
    rows: int
    blank: int
    rejected: int


class RejectedRow(Frozen):
    """A line that was left out, with the reasons and enough of its text to find and mend it."""

    source: str
    file: str
    line: int
    problems: tuple[Problem, ...]
    text: str


@dataclass(frozen=True)
class RowsRead:
    """A dataset's good rows (`ROW_COLUMNS`) and what was wrong with the others."""

    spool: Spool
    source: str
    files: tuple[FileFacts, ...]
    rejected_lines: tuple[RejectedRow, ...]
    system_prompts: int
    sha256: str
    size_bytes: int

    def scan(self) -> pl.LazyFrame:
        """The rows, in order, wherever they are kept."""
        return self.spool.scan().filter(pl.col("source") == self.source)

    @property
    def frame(self) -> pl.DataFrame:
        """All rows in memory."""
        return self.scan().collect()

    @property
    def rejected(self) -> tuple[Problem, ...]:
        return tuple(problem for row in self.rejected_lines for problem in row.problems)


def read_rows(
    path: Path,
    *,
    source: str,
    bad_rows: Literal["fail", "quarantine"] = "fail",
    spool: Spool | None = None,
) -> RowsRead:
    """All rows of a file or folder (see `lines.data_files`), read line by line.

    Args:
        path: the file or folder.
        source: "train" or "eval"; the first half of the rows' ids.
        bad_rows: "fail" raises when any line is bad; "quarantine" leaves those lines out and returns them.
        spool: where the rows go; left out, memory. With a folder, memory is bounded whatever the file's size,
            and large plain files are read by all cores.

    Raises:
        InputError: a line is bad (all are named, the first 20 shown), the file cannot be read, fewer than
            three good rows ("train") or none ("eval"), more than three million.
    """
    spool = spool if spool is not None else Spool()
    files: list[FileFacts] = []
    rejected: list[RejectedRow] = []
    systems: set[bytes] = set()
    first, weighted = 1, 0
    for file in data_files(path):
        parsed, facts = _read_file(file, first, source, spool, STOP_AFTER if bad_rows == "fail" else None)
        rejected += [_rejected(source, file, row - first + 1, line, faults) for row, line, faults in parsed.refused]
        if bad_rows == "fail" and len(rejected) >= STOP_AFTER:
            problems = [problem for item in rejected[:STOP_AFTER] for problem in item.problems]
            raise InputError(problems, advice=f"Reading stopped after {STOP_AFTER:,} bad lines. Nothing was started.")
        files.append(facts)
        systems |= parsed.systems
        weighted += parsed.weighted
        first += facts.lines
    rows = sum(facts.rows for facts in files)
    unweighted = _all_or_no_weights(spool, source, weighted, rows, tuple(files))
    rejected += unweighted
    if rejected and bad_rows == "fail":
        problems = [problem for row in rejected for problem in row.problems]
        raise InputError(problems, advice=_advice(len(rejected)))
    _check_size(path, rows - len(unweighted), len(rejected), source)
    if len(files) == 1:
        sha256 = files[0].sha256
    else:
        listing = "".join(f"{facts.sha256}  {Path(facts.path_name).name}\n" for facts in files)
        sha256 = hashlib.sha256(listing.encode()).hexdigest()
    lost = Counter(row.file for row in unweighted)
    return RowsRead(
        spool=spool,
        source=source,
        files=tuple(_without(facts, lost[facts.path_name]) for facts in files),
        rejected_lines=tuple(rejected),
        system_prompts=len(systems),
        sha256=sha256,
        size_bytes=sum(facts.size_bytes for facts in files),
    )


def _read_file(file: Path, first: int, source: str, spool: Spool, stop_after: int | None) -> tuple[Parsed, FileFacts]:
    try:
        size = file.stat().st_size
        if spool.folder is not None and parallel.is_worth_workers(file, size):
            parsed, sha256 = parallel.parse_in_parallel(file, first, source, spool, stop_after=stop_after)
        else:
            parsed = parse_pieces(read_pieces(file), first, source, spool, stop_after=stop_after)
            sha256 = file_sha256(file)
    except OSError as error:
        raise unreadable(file, "unreadable", f"cannot be read: {error.strerror or error}") from None
    return parsed, FileFacts(
        path_name=str(file),
        source=source,
        sha256=sha256,
        size_bytes=size,
        first_row=first,
        lines=parsed.lines,
        rows=parsed.rows,
        blank=parsed.blank,
        rejected=len(parsed.refused),
    )


def _without(facts: FileFacts, lost: int) -> FileFacts:
    return facts.model_copy(update={"rows": facts.rows - lost, "rejected": facts.rejected + lost})


def _rejected(source: str, file: Path, number: int, line: bytes, faults: list[Fault]) -> RejectedRow:
    problems = tuple(
        Problem(kind=fault.kind, file=str(file), line=number, field=fault.field, message=fault.message)
        for fault in faults
    )
    text = line[:EXCERPT].decode("utf-8", "backslashreplace")
    return RejectedRow(source=source, file=str(file), line=number, problems=problems, text=text)


def _all_or_no_weights(
    spool: Spool, source: str, weighted: int, rows: int, files: tuple[FileFacts, ...]
) -> list[RejectedRow]:
    """The platform takes a row weight on all rows or on none; the smaller side is at fault and taken out."""
    if weighted in (0, rows):
        return []
    mostly = weighted * 2 >= rows
    at_fault = pl.col("weight").is_null() if mostly else pl.col("weight").is_not_null()
    if mostly:
        message = f"has no weight while {weighted:,} of {rows:,} rows have one"
    else:
        message = f"has a weight while only {weighted:,} of {rows:,} rows have one"
    rejected = []
    found = spool.scan().filter(pl.col("source") == source, at_fault).select("row", "messages").collect()
    for number, messages in found.iter_rows():
        file, line = location(files, number)
        problem = Problem(
            kind="row-weight",
            file=file,
            line=line,
            field="weight",
            message=f"the row {message}; expected a weight on all rows or on none",
        )
        rejected.append(RejectedRow(source=source, file=file, line=line, problems=(problem,), text=messages[:EXCERPT]))
    spool.keep(source, ~at_fault)
    return rejected


def location(files: tuple[FileFacts, ...], row: int, source: str | None = None) -> tuple[str, int]:
    """The file name and line number of a `row`."""
    facts = max((f for f in files if f.first_row <= row and source in (None, f.source)), key=lambda f: f.first_row)
    return facts.path_name, row - facts.first_row + 1


def _check_size(path: Path, rows: int, rejected: int, source: str) -> None:
    least = MIN_ROWS if source == "train" else 1
    if least <= rows <= MAX_ROWS:
        return
    left_out = f" ({rejected:,} more were left out as bad)" if rejected else ""
    bound = f"at least {least}" if rows < least else f"at most {MAX_ROWS:,}"
    problem = Problem(
        kind="too-few-rows" if rows < least else "too-many-rows",
        file=str(path),
        message=f"holds {rows:,} rows{left_out}, expected {bound}",
    )
    raise InputError([problem], advice="Give a dataset of that size; nothing was started.")


def _advice(lines: int) -> str:
    what = "this line" if lines == 1 else f"these {lines:,} lines"
    return f"Correct {what}, or leave bad rows out with `bad_rows: quarantine`. Nothing was started."


def rejected_jsonl(rejected: tuple[RejectedRow, ...]) -> Iterator[str]:
    """The lines of `rejected_rows.jsonl`: one JSON object a rejected row, without line ends."""
    for row in rejected:
        yield row.model_dump_json()

"""Reading chat JSONL: every line becomes a row of narrow columns or a problem with its place."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import msgspec
import polars as pl

from fw_assets.classification.errors import InputError, Problem
from fw_assets.classification.json_faults import Fault
from fw_assets.classification.lines import data_files, file_sha256, read_lines
from fw_assets.classification.row_parser import Row, parse_row
from fw_assets.classification.values import Frozen

MIN_ROWS = 3
MAX_ROWS = 3_000_000
CHUNK = 1 << 16
STOP_AFTER = 10_000
"""Unless bad lines are quarantined, reading stops at this many: the file is then of another kind."""

ROW_COLUMNS: dict[str, pl.DataType] = {
    "id": pl.String(),
    "source": pl.String(),
    "row": pl.UInt32(),
    "messages": pl.String(),
    "text": pl.String(),
    "answer": pl.String(),
    "ground_truth": pl.List(pl.String()),
    "weight": pl.Float64(),
    "group_key": pl.String(),
    "digest": pl.String(),
    "shape": pl.String(),
}
"""`row` is the 1-based line number; in a folder it runs on from file to file (`FileFacts.first_row`)."""


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

    frame: pl.DataFrame
    files: tuple[FileFacts, ...]
    rejected_lines: tuple[RejectedRow, ...]
    system_prompts: int
    sha256: str
    size_bytes: int

    @property
    def rejected(self) -> tuple[Problem, ...]:
        return tuple(problem for row in self.rejected_lines for problem in row.problems)


@dataclass
class _Collector:
    source: str
    frames: list[pl.DataFrame] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    rejected: list[RejectedRow] = field(default_factory=list)
    systems: set[int] = field(default_factory=set)
    weighted: int = 0
    count: int = 0

    def add(self, number: int, row: Row) -> None:
        self.rows.append(row)
        self.numbers.append(number)
        self.count += 1
        if row.weight is not None:
            self.weighted += 1
        if row.system is not None:
            self.systems.add(hash(row.system))
        if len(self.rows) >= CHUNK:
            self.flush()

    def flush(self) -> None:
        columns = list(zip(*self.rows, strict=True)) or [()] * len(Row._fields)
        data = dict(zip(Row._fields, columns, strict=True))
        del data["system"]
        # As JSON text: a polars column built from a Python list a row is ten times slower.
        data["ground_truth"] = tuple(
            None if labels is None else msgspec.json.encode(labels).decode() for labels in data["ground_truth"]
        )
        schema = {name: kind for name, kind in ROW_COLUMNS.items() if name not in ("id", "source")}
        frame = pl.DataFrame({"row": self.numbers, **data}, schema={**schema, "ground_truth": pl.String()})
        self.frames.append(
            frame.with_columns(
                pl.col("ground_truth").str.json_decode(pl.List(pl.String)),
                pl.lit(self.source).alias("source"),
                (pl.lit(f"{self.source}:") + pl.col("row").cast(pl.String)).alias("id"),
            ).select(list(ROW_COLUMNS))
        )
        self.rows, self.numbers = [], []


def read_rows(path: Path, *, source: str, bad_rows: Literal["fail", "quarantine"] = "fail") -> RowsRead:
    """All rows of a file or folder (see `lines.data_files`), read line by line.

    Args:
        path: the file or folder.
        source: "train" or "eval"; the first half of the rows' ids.
        bad_rows: "fail" raises when any line is bad; "quarantine" leaves those lines out and returns them.

    Raises:
        InputError: a line is bad (all are named, the first 20 shown), the file cannot be read, fewer than
            three good rows ("train") or none ("eval"), more than three million.
    """
    collector = _Collector(source)
    files: list[FileFacts] = []
    first = 1
    for file in data_files(path):
        facts = _read_file(file, first, collector, stop_after=STOP_AFTER if bad_rows == "fail" else None)
        files.append(facts)
        first += facts.lines
    collector.flush()
    frame = pl.concat(collector.frames)
    frame, unweighted = _all_or_no_weights(frame, collector, tuple(files))
    rejected = (*collector.rejected, *unweighted)
    if rejected and bad_rows == "fail":
        problems = [problem for row in rejected for problem in row.problems]
        raise InputError(problems, advice=_advice(len(rejected)))
    _check_size(path, frame.height, len(rejected), source)
    if len(files) == 1:
        sha256 = files[0].sha256
    else:
        listing = "".join(f"{facts.sha256}  {Path(facts.path_name).name}\n" for facts in files)
        sha256 = hashlib.sha256(listing.encode()).hexdigest()
    lost: dict[str, int] = {}
    for row in unweighted:
        lost[row.file] = lost.get(row.file, 0) + 1
    return RowsRead(
        frame=frame,
        files=tuple(_without(facts, lost.get(facts.path_name, 0)) for facts in files),
        rejected_lines=rejected,
        system_prompts=len(collector.systems),
        sha256=sha256,
        size_bytes=sum(facts.size_bytes for facts in files),
    )


def _without(facts: FileFacts, lost: int) -> FileFacts:
    return facts.model_copy(update={"rows": facts.rows - lost, "rejected": facts.rejected + lost})


def _read_file(file: Path, first: int, collector: _Collector, *, stop_after: int | None) -> FileFacts:
    good, bad, blank, line_number = 0, 0, 0, 0
    for line_number, line in enumerate(read_lines(file), start=1):
        if not line or line.isspace():
            blank += 1
            continue
        row = parse_row(line)
        if isinstance(row, Row):
            collector.add(first + line_number - 1, row)
            good += 1
            continue
        collector.rejected.append(_rejected(collector.source, file, line_number, line, row))
        bad += 1
        if len(collector.rejected) == stop_after:
            problems = [problem for item in collector.rejected for problem in item.problems]
            raise InputError(problems, advice=f"Reading stopped after {stop_after:,} bad lines. Nothing was started.")
    return FileFacts(
        path_name=str(file),
        source=collector.source,
        sha256=file_sha256(file),
        size_bytes=file.stat().st_size,
        first_row=first,
        lines=line_number,
        rows=good,
        blank=blank,
        rejected=bad,
    )


def _rejected(source: str, file: Path, number: int, line: bytes, faults: list[Fault]) -> RejectedRow:
    problems = tuple(
        Problem(kind=fault.kind, file=str(file), line=number, field=fault.field, message=fault.message)
        for fault in faults
    )
    text = line[:2000].decode("utf-8", "backslashreplace")
    return RejectedRow(source=source, file=str(file), line=number, problems=problems, text=text)


def _all_or_no_weights(
    frame: pl.DataFrame, collector: _Collector, files: tuple[FileFacts, ...]
) -> tuple[pl.DataFrame, list[RejectedRow]]:
    """The platform takes a row weight on all rows or on none; the smaller side is at fault."""
    if collector.weighted in (0, collector.count):
        return frame, []
    mostly = collector.weighted * 2 >= collector.count
    at_fault = pl.col("weight").is_null() if mostly else pl.col("weight").is_not_null()
    if mostly:
        message = f"has no weight while {collector.weighted:,} of {collector.count:,} rows have one"
    else:
        message = f"has a weight while only {collector.weighted:,} of {collector.count:,} rows have one"
    rejected = []
    for number, messages in frame.filter(at_fault).select("row", "messages").iter_rows():
        file, line = place(files, number)
        problem = Problem(
            kind="row-weight",
            file=file,
            line=line,
            field="weight",
            message=f"the row {message}; expected a weight on all rows or on none",
        )
        rejected.append(
            RejectedRow(source=collector.source, file=file, line=line, problems=(problem,), text=messages[:2000])
        )
    return frame.filter(~at_fault), rejected


def place(files: tuple[FileFacts, ...], row: int, source: str | None = None) -> tuple[str, int]:
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

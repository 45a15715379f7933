"""Parser of a chunk of lines: its good rows as a frame, and a summary of everything else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec
import polars as pl

from fw_assets.classification.dataset.columns import FIELDS, PARSED_COLUMNS, row_columns
from fw_assets.classification.dataset.json_errors import RowError
from fw_assets.classification.dataset.regex_parser import match_rows, mostly_common
from fw_assets.classification.dataset.row_errors import LEFT_OUT
from fw_assets.classification.dataset.row_fields import field_values, group_of
from fw_assets.classification.dataset.row_parser import Row, parse_row

EXCERPT_BYTES = 2000
"""Bytes kept of a bad line."""
MAX_LEFT_OUT_LISTED = 1_000
"""Rows of a file that are listed where they are left out without being at fault; all are counted."""


class RejectedLine(NamedTuple):
    """A bad line; `row` counts like the column `row`."""

    row: int
    excerpt: bytes
    errors: list[RowError]


@dataclass
class ParseSummary:
    """Counts and bad lines of some chunks, without their rows.

    Attributes:
        lines: all lines, blank and bad ones included.
        weighted: rows with a weight.
        systems: digests of the different system messages.
        rejected: lines at fault.
        left_out: rows that are left out without being at fault, by kind (`row_errors.LEFT_OUT`), and the first of them.
        read_as: how the file was understood; empty for chat JSONL.
    """

    lines: int = 0
    rows: int = 0
    blank: int = 0
    weighted: int = 0
    systems: set[bytes] = field(default_factory=set)
    rejected: list[RejectedLine] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    first_left_out: list[RejectedLine] = field(default_factory=list)
    read_as: str = ""

    def extend(self, later: ParseSummary) -> None:
        """Add the summary of later lines."""
        self.lines += later.lines
        self.rows += later.rows
        self.blank += later.blank
        self.weighted += later.weighted
        self.systems |= later.systems
        self.rejected += later.rejected
        self.left_out += later.left_out
        self.first_left_out = (self.first_left_out + later.first_left_out)[:MAX_LEFT_OUT_LISTED]


def parse_chunk(
    chunk: bytes, first_row: int, source: str, fields: Sequence[str] = (), group_field: str | None = None
) -> tuple[pl.DataFrame, ParseSummary]:
    """The rows (`row_columns`) of whole lines, and the summary.

    Args:
        chunk: lines with their `\\n`, which the last one may lack.
        first_row: the `row` of the first line.
        source: "train" or "eval".
        fields: names of further fields to read.
        group_field: name of the field that is the rows' `group_key`; None: the first of `GROUP_KEYS`.
    """
    if chunk.isspace():
        # A small compressed file can hold hundreds of millions of empty lines.
        lines_of_chunk = chunk.removesuffix(b"\n").count(b"\n") + 1
        return pl.DataFrame(schema=row_columns(fields)), ParseSummary(lines=lines_of_chunk, blank=lines_of_chunk)
    lines = chunk.removesuffix(b"\n").split(b"\n")
    common_rows, other_indices = _match_common(first_row, lines)
    rows: dict[int, Row] = {}
    rejected: list[RejectedLine] = []
    left_out: list[RejectedLine] = []
    blank = 0
    for index in other_indices:
        line = lines[index].removesuffix(b"\r")
        if not line or line.isspace():
            blank += 1
            continue
        row = parse_row(line)
        if isinstance(row, Row):
            rows[first_row + index] = row
        else:
            is_fault = any(error.kind not in LEFT_OUT for error in row)
            (rejected if is_fault else left_out).append(RejectedLine(first_row + index, line[:EXCERPT_BYTES], row))
    frame = pl.concat([common_rows, _frame(rows)]).sort("row") if rows else common_rows
    row_id = pl.concat_str(pl.lit(f"{source}:"), pl.col("row").cast(pl.String))
    summary = ParseSummary(
        lines=len(lines),
        rows=frame.height,
        blank=blank,
        weighted=frame.height - frame["weight"].null_count(),
        systems=system_digests(frame["system"]),
        rejected=rejected,
        left_out=Counter(line.errors[0].kind for line in left_out),
        first_left_out=left_out[:MAX_LEFT_OUT_LISTED],
    )
    frame = frame.with_columns(id=row_id, source=pl.lit(source))
    if fields:
        # A common row has no other field.
        values = [field_values(lines[row - first_row], fields) if row in rows else None for row in frame["row"]]
        frame = frame.with_columns(pl.Series(FIELDS, values, dtype=pl.List(pl.String)))
    if group_field is not None:
        keys = [group_of(lines[row - first_row], group_field) if row in rows else None for row in frame["row"]]
        frame = frame.with_columns(pl.Series("group_key", keys, dtype=pl.String))
    return frame.select(list(row_columns(fields))), summary


def _match_common(first_row: int, lines: list[bytes]) -> tuple[pl.DataFrame, Sequence[int]]:
    """The common rows, and the indices of the other lines."""
    try:
        texts = pl.Series(lines, dtype=pl.Binary).cast(pl.String)
        if mostly_common(texts):
            rows, common = match_rows(first_row, texts)
            return rows, (~common).arg_true().to_list()
    except (pl.exceptions.PolarsError, msgspec.DecodeError):
        # A line is not UTF-8, or an escape stands for no character; which one, the row parser finds out.
        pass
    return pl.DataFrame(schema=PARSED_COLUMNS), range(len(lines))


def _frame(rows: dict[int, Row]) -> pl.DataFrame:
    columns = dict(
        zip(Row.__struct_fields__, zip(*map(msgspec.structs.astuple, rows.values()), strict=True), strict=True)
    )
    data: dict[str, Any] = {"row": list(rows), **columns}
    data["ground_truth"] = _list_column(columns["ground_truth"])
    return pl.DataFrame(data, schema=PARSED_COLUMNS)


def _list_column(label_lists: Sequence[list[str] | None]) -> pl.Series:
    # One list per distinct value: a column built from a Python list per row takes ten times as long.
    positions: dict[tuple[str, ...], int] = {}
    indices = [
        None if labels is None else positions.setdefault(tuple(labels), len(positions)) for labels in label_lists
    ]
    if not positions:
        return pl.Series(indices, dtype=pl.List(pl.String))
    distinct = pl.Series([list(labels) for labels in positions], dtype=pl.List(pl.String))
    return distinct.gather(pl.Series(indices, dtype=pl.UInt32))


def system_digests(texts: pl.Series) -> set[bytes]:
    """Digests of the different system messages."""
    return {blake2b(text.encode("utf-8"), digest_size=8).digest() for text in texts.unique().drop_nulls()}

"""Result of reading a dataset: its files, its rows, and the lines that were left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from fw_assets.classification.dataset.folder import Part
from fw_assets.classification.dataset.row_store import RowStore
from fw_assets.classification.errors import Problem
from fw_assets.classification.values import Frozen


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
    left_out: tuple[tuple[str, int], ...] = ()
    """Rows left out without being at fault, by kind (`row_errors.LEFT_OUT`)."""
    part: Part = "train"
    """As the names of a folder's files say."""
    read_as: str = ""
    """How the file was understood, e.g. "CSV, `text` and `label`"; empty for chat JSONL."""


class RejectedRow(Frozen):
    """A line that was left out, with the reasons and the beginning of its text."""

    source: str
    file: str
    line: int
    problems: tuple[Problem, ...]
    text: str


@dataclass(frozen=True)
class RowsRead:
    """A dataset's good rows (`ROW_COLUMNS`) and the errors of the others."""

    row_store: RowStore
    source: str
    files: tuple[FileFacts, ...]
    rejected_lines: tuple[RejectedRow, ...]
    system_prompts: int
    sha256: str
    size_bytes: int

    def scan(self) -> pl.LazyFrame:
        """The rows, in order."""
        return self.row_store.scan().filter(pl.col("source") == self.source)

    @property
    def frame(self) -> pl.DataFrame:
        """All rows in memory."""
        return self.scan().collect()

    @property
    def rejected(self) -> tuple[Problem, ...]:
        return tuple(problem for row in self.rejected_lines for problem in row.problems)


def location(files: tuple[FileFacts, ...], row: int, source: str | None = None) -> tuple[str, int]:
    """The file name and line number of a `row`."""
    facts = max((f for f in files if f.first_row <= row and source in (None, f.source)), key=lambda f: f.first_row)
    return facts.path_name, row - facts.first_row + 1


def rejected_jsonl(rejected: tuple[RejectedRow, ...]) -> Iterator[str]:
    """The lines of `rejected_rows.jsonl`, without line ends: one JSON object per rejected row."""
    for row in rejected:
        yield row.model_dump_json()

"""Many lines at once -> columns: what `row_parser.parse_row` gives for each, without its cost a line.

A block whose lines are all plainly good is taken by a few calls; a block that is not is taken in smaller
blocks, and in the end line by line, so that one bad line costs little and is explained like any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import polars as pl

from fw_assets.classification.dataset.block_parser import NeedsSlowPath, parse_block
from fw_assets.classification.dataset.json_errors import Fault
from fw_assets.classification.dataset.row_parser import Row, parse_row

BLOCK_LINES = 512
SMALL_BLOCK_LINES = 32

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

FRAME = {**{name: kind for name, kind in ROW_COLUMNS.items() if name not in ("id", "source")}, "system": pl.String()}

_NOT_PLAIN = (msgspec.MsgspecError, UnicodeError, RecursionError, NeedsSlowPath)


@dataclass
class Columns:
    """Good rows, column by column, and what was wrong with the other lines."""

    numbers: list[int] = field(default_factory=list)
    """Of each row, the number of its line."""
    values: tuple[list[Any], ...] = field(default_factory=lambda: tuple([] for _ in Row._fields))
    """One list for each of `Row._fields`."""
    blank: int = 0
    refused: list[tuple[int, bytes, list[Fault]]] = field(default_factory=list)
    """Line number, the line, its faults."""

    def add(self, numbers: Sequence[int], lines: Sequence[bytes]) -> None:
        """Parse lines and append what they hold."""
        for start in range(0, len(lines), BLOCK_LINES):
            part, own = lines[start : start + BLOCK_LINES], numbers[start : start + BLOCK_LINES]
            if len(part) > 1 and self._plain(own, part):
                continue
            trimmed = [line[:-1] if line.endswith(b"\r") else line for line in part]
            kept = [index for index, line in enumerate(trimmed) if line and not line.isspace()]
            self.blank += len(part) - len(kept)
            tried = len(kept) == len(part)
            self._add([own[index] for index in kept], [trimmed[index] for index in kept], tried=tried)

    def _plain(self, numbers: Sequence[int], lines: Sequence[bytes]) -> bool:
        try:
            block = parse_block(lines)
        except _NOT_PLAIN:
            return False
        self._append(numbers, block)
        return True

    def _append(self, numbers: Sequence[int], block: Iterable[Sequence[Any]]) -> None:
        self.numbers += numbers
        for column, values in zip(self.values, block, strict=True):
            column += values

    def _add(self, numbers: Sequence[int], lines: Sequence[bytes], *, tried: bool = False) -> None:
        if len(lines) > 1:
            if tried or not self._plain(numbers, lines):
                size = SMALL_BLOCK_LINES if len(lines) > SMALL_BLOCK_LINES else 1
                for start in range(0, len(lines), size):
                    self._add(numbers[start : start + size], lines[start : start + size])
        elif lines:
            found = parse_row(lines[0])
            if isinstance(found, Row):
                self._append(numbers, ([value] for value in found))
            else:
                self.refused.append((numbers[0], lines[0], found))

    def frame(self) -> pl.DataFrame:
        """The rows: `row` and the fields of `Row`."""
        data: dict[str, Any] = {"row": self.numbers, **dict(zip(Row._fields, self.values, strict=True))}
        data["ground_truth"] = _lists(data["ground_truth"])
        return pl.DataFrame(data, schema=FRAME)


def _lists(truths: Sequence[list[str] | None]) -> pl.Series:
    """Each distinct list is made once: a column built from a Python list a row is ten times slower."""
    positions: dict[tuple[str, ...], int] = {}
    rows = [None if labels is None else positions.setdefault((*labels,), len(positions)) for labels in truths]
    table = pl.Series("ground_truth", [list(labels) for labels in positions], dtype=pl.List(pl.String))
    return table.gather(pl.Series(rows, dtype=pl.UInt32)) if positions else pl.Series(rows, dtype=pl.List(pl.String))

"""Whole lines -> the spool: good rows in parts of bounded size, and an account of everything else."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import blake2b

import msgspec
import polars as pl

from fw_assets.classification.dataset.columns import FRAME, ROW_COLUMNS, Columns
from fw_assets.classification.dataset.json_errors import Fault
from fw_assets.classification.dataset.regex_parser import match_rows, mostly_common
from fw_assets.classification.dataset.row_store import Spool

EXCERPT = 2000
"""Bytes kept of a bad line."""


@dataclass
class Parsed:
    """What a run of lines held, besides the rows that went to the spool."""

    lines: int = 0
    rows: int = 0
    blank: int = 0
    weighted: int = 0
    systems: set[bytes] = field(default_factory=set)
    """Digests of the different system messages."""
    refused: list[tuple[int, bytes, list[Fault]]] = field(default_factory=list)
    """Row number, the line's first bytes, its faults."""

    def extend(self, other: Parsed) -> None:
        """Add what later lines held."""
        self.lines += other.lines
        self.rows += other.rows
        self.blank += other.blank
        self.weighted += other.weighted
        self.systems |= other.systems
        self.refused += other.refused


def parse_pieces(
    pieces: Iterable[bytes],
    first: int,
    source: str,
    spool: Spool,
    *,
    stop_after: int | None = None,
    threads: int = 2,
) -> Parsed:
    """Parse a file's lines into the spool, a part for each piece.

    Args:
        pieces: whole lines with their `\\n`, any number at a time.
        first: the `row` of the first line.
        source: "train" or "eval".
        stop_after: give up after this many bad lines; what was seen so far is returned.
        threads: pieces parsed at once. Half of the work lets go of the interpreter; more than two gain nothing.
    """
    parsed = Parsed()
    waiting: deque[Future[Parsed]] = deque()
    row = first
    with ThreadPoolExecutor(threads) as pool:
        for piece in pieces:
            waiting.append(pool.submit(_parse_piece, piece, row, source, spool))
            row += piece.count(b"\n")
            if len(waiting) > threads:
                parsed.extend(waiting.popleft().result())
            if stop_after is not None and len(parsed.refused) >= stop_after:
                break
        while waiting:
            parsed.extend(waiting.popleft().result())
    return parsed


def _parse_piece(piece: bytes, first: int, source: str, spool: Spool) -> Parsed:
    lines = piece.removesuffix(b"\n").split(b"\n")
    usual, rest = _usual(first, lines)
    columns = Columns()
    columns.add([first + index for index in rest], [lines[index] for index in rest])
    rows = pl.concat([usual, columns.frame()]).sort("row") if rest else usual
    name = pl.concat_str(pl.lit(f"{source}:"), pl.col("row").cast(pl.String))
    spool.add(rows.select(pl.lit(source).alias("source"), name.alias("id"), pl.all()).select(list(ROW_COLUMNS)))
    systems = rows["system"].unique().drop_nulls()
    return Parsed(
        lines=len(lines),
        rows=rows.height,
        blank=columns.blank,
        weighted=rows.height - rows["weight"].null_count(),
        systems={blake2b(text.encode("utf-8"), digest_size=8).digest() for text in systems},
        refused=[(number, line[:EXCERPT], faults) for number, line, faults in columns.refused],
    )


def _usual(first: int, lines: list[bytes]) -> tuple[pl.DataFrame, Sequence[int]]:
    """The rows of the usual form, and the indices of the other lines."""
    if mostly_common(lines):
        try:
            rows, found = match_rows(first, pl.Series(lines, dtype=pl.Binary).cast(pl.String))
        except (pl.exceptions.PolarsError, msgspec.DecodeError):
            # A line is not UTF-8, or an escape stands for no character; which one is found line by line.
            pass
        else:
            return rows, (~found).arg_true().to_list()
    return pl.DataFrame(schema=FRAME), range(len(lines))

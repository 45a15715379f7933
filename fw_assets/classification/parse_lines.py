"""Lines -> the spool: good rows in parts of bounded size, and an account of everything else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice

from fw_assets.classification.json_faults import Fault
from fw_assets.classification.row_blocks import Columns
from fw_assets.classification.spool import CHUNK, Spool

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


def parse_lines(
    lines: Iterable[bytes], first: int, source: str, spool: Spool, *, stop_after: int | None = None
) -> Parsed:
    """Parse lines into the spool.

    Args:
        lines: without their line ends.
        first: the `row` of the first line.
        source: "train" or "eval".
        stop_after: give up after this many bad lines; what was seen so far is returned.
    """
    parsed = Parsed()
    iterator = iter(lines)
    while chunk := _chunk(iterator):
        kept = [
            (number, line) for number, line in enumerate(chunk, first + parsed.lines) if line and not line.isspace()
        ]
        columns = Columns()
        columns.add([number for number, _ in kept], [line for _, line in kept])
        spool.add(columns.frame(source))
        parsed.lines += len(chunk)
        parsed.blank += len(chunk) - len(kept)
        parsed.rows += len(columns.rows)
        parsed.weighted += sum(row.weight is not None for row in columns.rows)
        texts = {row.system for row in columns.rows if row.system is not None}
        parsed.systems |= {blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest() for text in texts}
        parsed.refused += [(number, line[:EXCERPT], faults) for number, line, faults in columns.refused]
        if stop_after is not None and len(parsed.refused) >= stop_after:
            break
    return parsed


def _chunk(lines: Iterator[bytes], most: int = 64 << 20) -> list[bytes]:
    """At most `CHUNK` lines or about `most` bytes, and at least one line while there is one."""
    chunk: list[bytes] = []
    size = 0
    while size < most and len(chunk) < CHUNK:
        piece = list(islice(lines, 256))
        if not piece:
            break
        chunk += piece
        size += sum(map(len, piece))
    return chunk

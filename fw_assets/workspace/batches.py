"""Stored rows a slice at a time, so that memory does not grow with how many there are."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from fw_assets.workspace.frames import sink_frame
from fw_assets.workspace.workspace import Workspace

BATCH_ROWS = 4_000
"""Rows of a slice, before `where`."""


@dataclass(frozen=True)
class Batches:
    """The rows of a frame for which `where` holds, in order; each iteration reads them again."""

    frame: pl.LazyFrame
    where: pl.Expr | None = None
    size: int = BATCH_ROWS

    def __iter__(self) -> Iterator[pl.DataFrame]:
        rows = self.frame.select(pl.len()).collect().item()
        for start in range(0, rows, self.size):
            # The slice comes before the filter: so only its own rows are read from a parquet file.
            part = self.frame.slice(start, self.size).collect()
            kept = part if self.where is None else part.filter(self.where)
            if kept.height:
                yield kept

    def columns(self, *names: str) -> pl.DataFrame:
        """Some columns of all the rows, to be held in memory."""
        wanted = self.frame if self.where is None else self.frame.filter(self.where)
        return wanted.select(names).collect()

    def at(self, places: Sequence[int]) -> pl.DataFrame:
        """The rows at these places, which ascend."""
        found, passed = [], 0
        for part in self:
            found.append(part[[place - passed for place in places if passed <= place < passed + part.height]])
            passed += part.height
        return pl.concat(found)

    def of(self, ids: pl.Series) -> pl.DataFrame:
        """The rows with these ids, in the order of the frame."""
        return pl.concat([part.filter(pl.col("id").is_in(ids.to_list())) for part in self])


def write_batches(store: Workspace, parts: Iterable[pl.DataFrame], *place: str) -> None:
    """Store frames one after the other as one parquet file."""
    with tempfile.TemporaryDirectory(prefix="fw-assets-") as folder:
        files = []
        for number, part in enumerate(parts):
            files.append(Path(folder) / f"{number:08d}.parquet")
            part.write_parquet(files[-1], compression="lz4", statistics=False)
        sink_frame(store, pl.scan_parquet(files), *place)

"""Batches of stored rows, so that memory does not grow with the number of rows."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from fw_assets.workspace.file_faults import faults_of
from fw_assets.workspace.frames import sink_frame
from fw_assets.workspace.workspace import Workspace

BATCH_ROWS = 4_000
"""Rows of a batch, before `where`."""


@dataclass(frozen=True)
class Batches:
    """The rows of a frame that match `where`, in order; each iteration reads them again.

    `change`, where given, makes of a batch one of as many rows with the same ids, before anybody sees it.
    """

    frame: pl.LazyFrame
    where: pl.Expr | None = None
    size: int = BATCH_ROWS
    change: Callable[[pl.DataFrame], pl.DataFrame] | None = None

    def __iter__(self) -> Iterator[pl.DataFrame]:
        rows = self.frame.select(pl.len()).collect().item()
        for start in range(0, rows, self.size):
            # Slice before filter: only the rows of the slice are read from a parquet file.
            batch = self.frame.slice(start, self.size).collect()
            matching = batch if self.where is None else batch.filter(self.where)
            if matching.height:
                yield self.change(matching) if self.change else matching

    def columns(self, *names: str) -> pl.DataFrame:
        """Some columns of all rows as they are stored, in memory."""
        matching = self.frame if self.where is None else self.frame.filter(self.where)
        return matching.select(names).collect()

    def rows_at(self, positions: Sequence[int]) -> pl.DataFrame:
        """The rows at these positions, which ascend."""
        parts, start = [], 0
        for batch in self:
            end = start + batch.height
            parts.append(batch[[position - start for position in positions if start <= position < end]])
            start = end
        return pl.concat(parts)

    def rows_with_ids(self, ids: pl.Series) -> pl.DataFrame:
        """The rows with these ids, in the order of the frame."""
        return pl.concat([batch.filter(pl.col("id").is_in(ids.to_list())) for batch in self])


def write_batches(store: Workspace, batches: Iterable[pl.DataFrame], *path: str) -> None:
    """Store frames one after the other as one parquet file."""
    with tempfile.TemporaryDirectory(prefix="fw-assets-") as folder:
        files = []
        for number, batch in enumerate(batches):
            files.append(Path(folder) / f"{number:08d}.parquet")
            with faults_of(Path(folder)):
                batch.write_parquet(files[-1], compression="lz4", statistics=False)
        sink_frame(store, pl.scan_parquet(files, glob=False), *path)

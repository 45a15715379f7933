"""Rows on their way: frames kept in memory, or parquet files of one row group each in a folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from fw_assets.classification.dataset.columns import ROW_COLUMNS


@dataclass
class Spool:
    """Where read rows go, part by part; a part's name sorts by dataset and first row.

    Attributes:
        folder: for parts on disk; None keeps them in memory.
    """

    folder: Path | None = None
    frames: dict[str, pl.DataFrame] = field(default_factory=dict)

    def add(self, frame: pl.DataFrame) -> None:
        """Append rows (`ROW_COLUMNS`) of one dataset."""
        if frame.is_empty():
            return
        # "train" before "eval": the training dataset's rows come first in every frame.
        name = f"{'a' if frame['source'][0] == 'train' else 'b'}-{frame['row'][0]:010d}"
        if self.folder is None:
            self.frames[name] = frame
        else:
            frame.write_parquet(self.folder / f"{name}.parquet", compression="lz4", statistics=False)

    def parts(self) -> list[Path]:
        """The files of the parts, in the order of the rows."""
        return sorted(self.folder.glob("*.parquet")) if self.folder is not None else []

    def scan(self) -> pl.LazyFrame:
        """All rows, in order."""
        if self.folder is not None:
            files = self.parts()
            return pl.scan_parquet(files) if files else pl.LazyFrame(schema=ROW_COLUMNS)
        if not self.frames:
            return pl.LazyFrame(schema=ROW_COLUMNS)
        return pl.concat([self.frames[name] for name in sorted(self.frames)], rechunk=False).lazy()

    def each(self, look: Callable[[pl.DataFrame], None]) -> None:
        """Call `look` with every part, one in memory at a time."""
        for name in sorted(self.frames):
            look(self.frames[name])
        for path in self.parts():
            look(pl.read_parquet(path))

    def keep(self, source: str, condition: pl.Expr) -> None:
        """Drop the rows of `source` that do not fulfil the condition."""
        wanted = (pl.col("source") != source) | condition
        self.frames = {name: frame.filter(wanted) for name, frame in self.frames.items()}
        for path in self.parts():
            frame = pl.read_parquet(path)
            frame.filter(wanted).write_parquet(path, compression="lz4", statistics=False)

"""Row store: parsed rows part by part, in memory or as parquet files of one row group each in a folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from fw_assets.classification.dataset.columns import row_columns


@dataclass
class RowStore:
    """The rows of a training and an evaluation dataset; parts may be added in any order, by several processes.

    Attributes:
        folder: for parts on disk; None keeps them in memory.
        fields: names of further fields that are read of each row (`row_fields`).
        group_field: the field that says which rows belong together, in place of `GROUP_KEYS`.
    """

    folder: Path | None = None
    frames: dict[str, pl.DataFrame] = field(default_factory=dict)
    fields: tuple[str, ...] = ()
    group_field: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """All fields that are read of a row for a reason of the session's."""
        return self.fields if self.group_field is None else (*self.fields, self.group_field)

    def add(self, part: pl.DataFrame) -> None:
        """Add rows (`row_columns`) of one source."""
        if part.is_empty():
            return
        # Parts are read in the order of their names: the training rows first, then by row.
        name = f"{'a' if part['source'][0] == 'train' else 'b'}-{part['row'][0]:010d}"
        if self.folder is None:
            self.frames[name] = part
        else:
            part.write_parquet(self.folder / f"{name}.parquet", compression="lz4", statistics=False)

    def discard(self, source: str, first_row: int) -> None:
        """Take out the parts of one source from a row on."""
        letter = "a" if source == "train" else "b"

        def is_meant(name: str) -> bool:
            return name[0] == letter and int(name[2:]) >= first_row

        self.frames = {name: part for name, part in self.frames.items() if not is_meant(name)}
        for path in self.parts():
            if is_meant(path.stem):
                path.unlink()

    def parts(self) -> list[Path]:
        """The files of the parts, in the order of the rows."""
        return sorted(self.folder.glob("*.parquet")) if self.folder is not None else []

    def scan(self) -> pl.LazyFrame:
        """All rows, in order."""
        if self.folder is not None:
            files = self.parts()
            return pl.scan_parquet(files, glob=False) if files else pl.LazyFrame(schema=row_columns(self.fields))
        if not self.frames:
            return pl.LazyFrame(schema=row_columns(self.fields))
        return pl.concat([self.frames[name] for name in sorted(self.frames)], rechunk=False).lazy()

    def each(self, visit: Callable[[pl.DataFrame], None]) -> None:
        """Call `visit` with every part, one in memory at a time."""
        for name in sorted(self.frames):
            visit(self.frames[name])
        for path in self.parts():
            visit(pl.read_parquet(path, glob=False))

    def keep(self, source: str, condition: pl.Expr) -> None:
        """Drop the rows of `source` that do not meet the condition."""
        kept = (pl.col("source") != source) | condition
        self.frames = {name: part.filter(kept) for name, part in self.frames.items()}
        for path in self.parts():
            pl.read_parquet(path, glob=False).filter(kept).write_parquet(path, compression="lz4", statistics=False)

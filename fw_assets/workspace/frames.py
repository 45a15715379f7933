"""Frames that need not fit in memory: rows in parts, and wide columns that pass through.

Behind a URL they pass through a temporary folder of this machine, file by file.
"""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from fw_assets.classification.dataset.files import file_sha256
from fw_assets.classification.dataset.row_store import Spool
from fw_assets.workspace.workspace import Workspace

_ROW_GROUP = 16_384
"""Rows that a reader of a slice has to open, and that a writer holds back until they are complete."""
ROWS = "rows.txt"
"""Behind a URL, names the parts that are the rows; what lies beside them is of other rows."""


@contextmanager
def spooled(store: Workspace, *place: str) -> Iterator[Spool]:
    """A spool whose parts become the stored rows of that place when the block ends well."""
    if not store.is_local:
        with tempfile.TemporaryDirectory(prefix="fw-assets-") as held:
            spool = Spool(Path(held))
            yield spool
            names = {file: f"{file.stem}-{file_sha256(file)[:8]}.parquet" for file in spool.parts()}
            for file, name in names.items():
                store.upload(file, *place, name)
        store.write_text("\n".join(names.values()), *place, ROWS)
        return
    target = store.local(*place)
    folder = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.tmp")
    folder.mkdir(parents=True)
    try:
        yield Spool(folder)
        if target.exists():
            shutil.rmtree(target)
        folder.replace(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def stored_rows(store: Workspace, *place: str) -> Iterator[pl.LazyFrame]:
    """The rows of a place, in order, scanned from this machine's disk; read them before the block ends.

    Raises:
        FileNotFoundError: there are none.
    """
    if store.is_local:
        names = [name for name in store.names(*place) if name.endswith(".parquet")]
    else:
        names = (store.read_text(*place, ROWS) or "").split()
    if not names:
        raise FileNotFoundError(f"{store.url(*place)} is not there")
    if store.is_local:
        yield pl.scan_parquet([store.local(*place, name) for name in names])
        return
    with tempfile.TemporaryDirectory(prefix="fw-assets-") as held:
        for name in names:
            store.download(Path(held) / name, *place, name)
        yield pl.scan_parquet([Path(held) / name for name in names])


def sink_frame(store: Workspace, frame: pl.LazyFrame, *place: str) -> None:
    """Store a frame as parquet, in memory a part at a time."""
    if not store.is_local:
        with tempfile.TemporaryDirectory(prefix="fw-assets-") as held:
            frame.sink_parquet(Path(held) / "frame.parquet", row_group_size=_ROW_GROUP)
            store.upload(Path(held) / "frame.parquet", *place)
        return
    target = store.local(*place)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.tmp")
    frame.sink_parquet(temporary, row_group_size=_ROW_GROUP)
    temporary.replace(target)

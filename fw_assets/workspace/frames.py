"""Frames that need not fit in memory: rows in parts, and lazy frames written a row group at a time.

A workspace behind a URL is written and read through a temporary folder of this machine, file by file.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from fw_assets.workspace.checksums import write_frame_checksum
from fw_assets.workspace.durable import replacing, sync, temporary_path
from fw_assets.workspace.file_faults import faults_of
from fw_assets.workspace.workspace import Workspace

_ROW_GROUP = 16_384
"""Rows that a reader of a slice has to open, and that a writer holds in memory until they are complete."""
ROWS_INDEX = "rows.txt"
"""Behind a URL, lists the parts that are the rows: other parts in the folder belong to earlier rows."""


@contextmanager
def row_folder(store: Workspace, *path: str) -> Iterator[Path]:
    """A local folder whose parquet files become the stored rows of `path` when the block ends without an error."""
    if not store.is_local:
        with tempfile.TemporaryDirectory(prefix="fw-assets-") as temporary:
            yield Path(temporary)
            names = [_upload_part(store, file, path) for file in sorted(Path(temporary).glob("*.parquet"))]
        store.write_text("\n".join(names), *path, ROWS_INDEX)
        return
    target = store.local(*path)
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = temporary_path(target)
    folder.mkdir(parents=True)
    try:
        with faults_of(target.parent):
            yield folder
            for file in list(folder.iterdir()):
                sync(file)
                write_frame_checksum(file, file)
            sync(folder)
            if target.exists():
                shutil.rmtree(target)
            folder.replace(target)
            sync(target.parent)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _upload_part(store: Workspace, file: Path, path: tuple[str, ...]) -> str:
    """Upload a part under a name with its digest, so that it never replaces a part that others read."""
    with file.open("rb") as source:
        content = hashlib.file_digest(source, "sha256").hexdigest()
    name = f"{file.stem}-{content[:8]}.parquet"
    store.upload(file, *path, name)
    return name


@contextmanager
def scan_rows(store: Workspace, *path: str) -> Iterator[pl.LazyFrame]:
    """The stored rows of `path`, in order, scanned from this machine's disk; collect them before the block ends.

    Raises:
        FileNotFoundError: there are none.
    """
    if store.is_local:
        names = [name for name in store.names(*path) if name.endswith(".parquet")]
    else:
        names = (store.read_text(*path, ROWS_INDEX) or "").split()
    if not names:
        raise FileNotFoundError(f"{store.url(*path)} is not there")
    if store.is_local:
        yield pl.scan_parquet([store.verified(*path, name) for name in names], glob=False)
        return
    with tempfile.TemporaryDirectory(prefix="fw-assets-") as temporary:
        for name in names:
            store.download(Path(temporary) / name, *path, name)
        yield pl.scan_parquet([Path(temporary) / name for name in names], glob=False)


def sink_frame(store: Workspace, frame: pl.LazyFrame, *path: str) -> None:
    """Store a lazy frame as parquet, a row group in memory at a time."""
    if not store.is_local:
        with tempfile.TemporaryDirectory(prefix="fw-assets-") as temporary:
            frame.sink_parquet(Path(temporary) / "frame.parquet", row_group_size=_ROW_GROUP)
            store.upload(Path(temporary) / "frame.parquet", *path)
        return
    with replacing(store.local(*path)) as temporary_file:
        frame.sink_parquet(temporary_file, row_group_size=_ROW_GROUP)
        write_frame_checksum(temporary_file, store.local(*path))

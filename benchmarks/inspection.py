"""Seconds and memory of inspection, step by step: reading, labels with duplicates and split, doubted labels.

Run as `python -m benchmarks.inspection [ROWS]` (default 1000000). The peak is this process's, so far;
workers that read are not in it (`benchmarks.dataset_reading` counts them).
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from benchmarks.arguments import positional
from benchmarks.dataset_reading import write_rows
from benchmarks.duplicates import resident
from fw_assets.classification.dataset.row_store import RowStore
from fw_assets.classification.labels.inspection import inspect_dataset
from fw_assets.classification.labels.label_noise import find_suspects
from fw_assets.classification.labels.resolution import SPLIT_COLUMNS, resolve
from fw_assets.classification.session import Session


@contextmanager
def step(name: str) -> Iterator[None]:
    started, cpu = time.perf_counter(), time.process_time()
    yield
    took, used = time.perf_counter() - started, time.process_time() - cpu
    print(f"{name}: {took:.1f} s ({used:.1f} s of processor time here), peak so far {resident():.2f} GB", flush=True)


def main(rows: int) -> None:
    session = Session(models=("char-ngram",))
    with tempfile.TemporaryDirectory() as name:
        path, folder = Path(name) / "chats.jsonl", Path(name) / "rows"
        write_rows(path, rows)
        folder.mkdir()
        row_store = RowStore(folder)
        with step("reading and schema"):
            inspected = inspect_dataset(row_store, path, None, session)
        with step("labels, duplicates, split"):
            frame = row_store.scan().select(pl.exclude("messages")).collect(engine="streaming")
            split, _ = resolve(frame, inspected, session)
            del frame
        whole = pl.concat([split.lazy(), row_store.scan().select("messages")], how="horizontal").select(SPLIT_COLUMNS)
        with step("doubted labels"):
            whole.sink_parquet(Path(name) / "label_set.parquet")
            find_suspects(pl.scan_parquet(Path(name) / "label_set.parquet"), session.seed)


if __name__ == "__main__":
    main(*positional(__doc__, rows=1_000_000))

"""How many requests one tick of the `phases` sensor makes over 200 datasets x 20 models behind an S3 URL.

Run by hand: `python -m benchmarks.phases_tick_s3`. The store is moto on loopback, whose time says
nothing of a real one's; the number of requests does.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from benchmarks.phases_tick import DATASETS, MODELS, Free, fill
from fw_assets.pipeline.automation.workspace_snapshot import take_snapshot
from fw_assets.pipeline.phases import due
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.pipeline.object_store import BUCKET, ObjectStore, object_store


def tick(store: Workspace, asked: ObjectStore, what: str) -> None:
    """Print what one tick asks for."""
    asked.taken()
    started = time.perf_counter()
    seen = take_snapshot(store)
    steps = sum(len(due(seen, dataset).steps) for dataset in seen.datasets())
    took = time.perf_counter() - started
    requests = ", ".join(f"{count} {kind}" for kind, count in sorted(asked.taken().items()))
    print(f"{what}: {requests or 'no request'}; {steps} steps due, {took:.2f} s")


def main() -> None:
    """Print the requests of a first tick, of one at rest, and of one after a change."""
    with tempfile.TemporaryDirectory() as folder, object_store() as asked:
        os.environ.update(asked.environment)
        store, local = Workspace(f"s3://{BUCKET}/work"), Workspace(folder)
        for number in range(DATASETS):
            fill(local, f"set-{number:03d}", number % 4)
        files = list(Path(folder).rglob("*.json"))
        objects = {store.path(*path.relative_to(folder).parts): path.read_bytes() for path in files}
        marks = {store.path(".changes", f"set-{number:03d}"): b"1" for number in range(DATASETS)}
        store.filesystem.pipe(objects | marks)
        print(f"{DATASETS} datasets x {MODELS} models, {len(objects)} values")
        asked.taken()
        for dataset in local.datasets():
            due(store, dataset)
        print(f"without a glance: {', '.join(f'{count} {kind}' for kind, count in asked.taken().items())}")
        tick(store, asked, "first tick")
        tick(store, asked, "at rest")
        for dataset in ("set-000", "set-001"):
            store.write("base_metrics", dataset, Free(), inputs="new", model="model-00")
        tick(store, asked, "after a change of two datasets")
        tick(store, asked, "at rest")


if __name__ == "__main__":
    main()

"""How many requests one tick of the `phases` sensor makes over 200 datasets x 20 models behind an S3 URL.

Run by hand: `python -m benchmarks.phases_tick_s3`. The store is moto on loopback, whose time says
nothing of a real one's; the number of requests does.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from benchmarks.phases_tick import DATASETS, MODELS
from fw_assets.pipeline.automation.workspace_snapshot import take_snapshot
from fw_assets.pipeline.phases import due
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.pipeline.filled_workspace import AnyValue, fill_dataset
from fw_assets_tests.pipeline.object_store import BUCKET, ObjectStore, object_store


def tick(store: Workspace, object_requests: ObjectStore, what: str) -> None:
    """Print the requests of one tick."""
    object_requests.taken()
    started = time.perf_counter()
    snapshot = take_snapshot(store)
    steps = sum(len(due(snapshot, dataset).steps) for dataset in snapshot.datasets())
    took = time.perf_counter() - started
    requests = ", ".join(f"{count} {kind}" for kind, count in sorted(object_requests.taken().items()))
    print(f"{what}: {requests or 'no request'}; {steps} steps due, {took:.2f} s")


def main() -> None:
    """Print the requests of a first tick, of one at rest, and of one after a change."""
    with tempfile.TemporaryDirectory() as folder, object_store() as object_requests:
        os.environ.update(object_requests.environment)
        store, local = Workspace(f"s3://{BUCKET}/work"), Workspace(folder)
        for number in range(DATASETS):
            fill_dataset(local, f"set-{number:03d}", number % 4, MODELS)
        files = list(Path(folder).rglob("*.json"))
        objects = {store.path(*path.relative_to(folder).parts): path.read_bytes() for path in files}
        marks = {store.path(".changes", f"set-{number:03d}"): b"1" for number in range(DATASETS)}
        store.filesystem.pipe(objects | marks)
        print(f"{DATASETS} datasets x {MODELS} models, {len(objects)} values")
        object_requests.taken()
        for dataset in local.datasets():
            due(store, dataset)
        print(f"without a snapshot: {', '.join(f'{count} {kind}' for kind, count in object_requests.taken().items())}")
        tick(store, object_requests, "first tick")
        tick(store, object_requests, "at rest")
        for dataset in ("set-000", "set-001"):
            store.write("base_metrics", dataset, AnyValue(), inputs="new", model="model-00")
        tick(store, object_requests, "after a change of two datasets")
        tick(store, object_requests, "at rest")


if __name__ == "__main__":
    main()

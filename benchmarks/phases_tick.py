"""How long one tick of the `phases` sensor takes over 200 datasets x 20 models; the target is under a second.

Run by hand: `python -m benchmarks.phases_tick`.
"""

from __future__ import annotations

import tempfile
import time
from typing import Any

import dagster as dg
from pydantic import BaseModel

from benchmarks.arguments import positional
from fw_assets.pipeline.automation import sensors
from fw_assets.pipeline.input_digests import baseline_inputs, delivery_inputs, finalists_inputs, tuning_inputs
from fw_assets.pipeline.resources import WorkspaceResource
from fw_assets.workspace.workspace import Workspace

DATASETS, MODELS = 200, 20


class Free(BaseModel, extra="allow"):
    """Any value at all."""


def fill(store: Workspace, dataset: str, standing: int) -> None:
    """A dataset that is done (`standing` 3), tuned, benchmarked, or planned and approved only (0)."""
    slugs = [f"model-{number:02d}" for number in range(MODELS)]

    def put(asset: str, inputs: str, model: str | None = None, digest: str | None = None, **value: Any) -> None:
        store.write(asset, dataset, Free(**value), inputs=inputs, model=model, digest=digest)

    put("registration", "c1", driver="daemon")
    session = {"mode": "fine-tune"}
    # A plan of 20 models weighs about this much.
    put("plan", "c1", digest="p1", session=session, models=[{"slug": s} for s in slugs], weight="x" * 60_000)
    put("approval", "p1", plan_digest="p1", decision="approved", approved_by="ann", driver="daemon", mitigation="none")
    if standing < 1:
        return
    for slug in slugs:
        put("base_metrics", baseline_inputs("p1"), slug, weight="x" * 20_000)
    put("baselines", baseline_inputs("p1"))
    put("finalists", finalists_inputs(store, dataset, "p1", slugs), slugs=slugs[:2])
    if standing < 2:
        return
    for slug in slugs[:2]:
        put("metrics", tuning_inputs("p1", "none"), slug, weight="x" * 20_000)
    if standing == 3:
        put("report", delivery_inputs(store, dataset, "p1", slugs[:2]))


def main() -> None:
    """Print the time of some ticks."""
    with tempfile.TemporaryDirectory() as root, dg.DagsterInstance.ephemeral() as instance:
        store = Workspace(root)
        names = [f"set-{number:03d}" for number in range(DATASETS)]
        for number, name in enumerate(names):
            fill(store, name, number % 4)
        instance.add_dynamic_partitions("datasets", names)
        cursor = None
        for _ in range(5):
            started, used = time.perf_counter(), time.process_time()
            context = dg.build_sensor_context(instance=instance, cursor=cursor)
            result = sensors.phases(context, workspace=WorkspaceResource(root=root))
            assert isinstance(result, dg.SensorResult)
            cursor = result.cursor
            took = f"{time.perf_counter() - started:.2f} s ({time.process_time() - used:.2f} s of processor time)"
            print(f"{took}, {len(result.run_requests or [])} runs requested")


if __name__ == "__main__":
    positional(__doc__)
    main()

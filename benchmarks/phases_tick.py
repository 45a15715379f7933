"""How long one tick of the `phases` sensor takes over 200 datasets x 20 models; the target is under a second.

Run by hand: `python -m benchmarks.phases_tick`.
"""

from __future__ import annotations

import tempfile
import time

import dagster as dg

from benchmarks.arguments import positional
from fw_assets.pipeline.automation import sensors
from fw_assets.pipeline.resources import WorkspaceResource
from fw_assets.pipeline.workflow.instance import OWN
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.pipeline.filled_workspace import fill_dataset

DATASETS, MODELS = 200, 20


def main() -> None:
    """Print the time of some ticks."""
    with tempfile.TemporaryDirectory() as root, dg.DagsterInstance.ephemeral() as instance:
        store = Workspace(root)
        names = [f"set-{number:03d}" for number in range(DATASETS)]
        for number, name in enumerate(names):
            fill_dataset(store, name, number % 4, MODELS)
        instance.add_dynamic_partitions("datasets", names)
        cursor = None
        for _ in range(5):
            started, used = time.perf_counter(), time.process_time()
            context = dg.build_sensor_context(instance=instance, cursor=cursor)
            result = sensors.phases(OWN)(context, workspace=WorkspaceResource(root=root))
            assert isinstance(result, dg.SensorResult)
            cursor = result.cursor
            took = f"{time.perf_counter() - started:.2f} s ({time.process_time() - used:.2f} s of processor time)"
            print(f"{took}, {len(result.run_requests or [])} runs requested")


if __name__ == "__main__":
    positional(__doc__)
    main()

"""Fifty datasets dropped into the inbox of a real `dagster dev` at once: each planned exactly once, none lost.

Run by hand: `python -m benchmarks.many_datasets [DATASETS]`. Also prints how long the queue became, how
many runs went side by side, and how long the UI's server takes for the pages of assets with so many partitions.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import dagster as dg

from benchmarks.dagster_dev import REPOSITORY, DagsterDev
from fw_assets.pipeline.phases import due
from fw_assets.pipeline.run_tags import DATASET

ROWS = (REPOSITORY / "examples" / "support-intents.jsonl").read_text("utf-8").splitlines(keepends=True)
SESSION = "models: [char-ngram]\n"
TIMEOUT_SECONDS = 3600.0
ACTIVE = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]
PARTITIONS = """
{ assetNodes(assetKeys: [{path: ["plan"]}, {path: ["base_metrics"]}]) {
    assetKey { path }
    partitionStats { numMaterialized numPartitions numFailed }
} }
"""


def main(datasets: int = 50) -> None:
    """Drop them, and print what came of it."""
    names = {f"set-{number:03d}" for number in range(datasets)}
    with tempfile.TemporaryDirectory(prefix="fw-many-") as folder:
        dagster_dev = DagsterDev(Path(folder))
        dagster_dev.start()
        try:
            started = time.monotonic()
            for number, name in enumerate(sorted(names)):
                dagster_dev.drop(name, "".join(ROWS[number : number + 40]), SESSION)
            most_queued = most_active = 0
            with dagster_dev.instance() as instance:
                planned: set[str] = set()
                while planned != names and time.monotonic() - started < TIMEOUT_SECONDS:
                    queued = instance.get_runs_count(dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED]))
                    active = instance.get_runs_count(dg.RunsFilter(statuses=ACTIVE))
                    most_queued, most_active = max(most_queued, queued), max(most_active, active)
                    planned = {name for name in names if due(dagster_dev.store, name).state == "waiting"}
                    time.sleep(0.5)
                spent = time.monotonic() - started
                dagster_dev.wait_until(
                    lambda: not instance.get_runs_count(dg.RunsFilter(statuses=ACTIVE)), TIMEOUT_SECONDS
                )
                time.sleep(12)  # two more ticks: what would be planned twice would be by now
                runs = [record.dagster_run for record in instance.get_run_records()]
            per_dataset = Counter(run.tags[DATASET] for run in runs)
            print(f"{datasets} datasets dropped, {len(planned)} planned after {spent:.0f} s")
            print(f"lost: {sorted(names - planned) or 'none'}")
            print(f"runs per dataset: {dict(Counter(per_dataset.values()))} (how many runs: how many datasets)")
            print(f"runs by status: {dict(Counter(run.status.value for run in runs))}")
            print(f"most runs queued: {most_queued}, most at once: {most_active} (dagster.yaml allows 12)")
            began = time.monotonic()
            answer = dagster_dev.query(PARTITIONS)["assetNodes"]
            print(f"the UI's partition figures: {answer} in {time.monotonic() - began:.2f} s")
        finally:
            dagster_dev.stop()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

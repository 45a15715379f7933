"""How long the UI's server takes for the asset pages of 200 datasets x 20 models, with every cell materialized.

Run by hand: `python -m fw_assets_tests.benchmarks.ui_at_scale [DATASETS] [MODELS]`; filling takes a minute or more.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import dagster as dg

from fw_assets.pipeline.partitions import cell
from fw_assets_tests.benchmarks.deck import Deck

QUERIES = {
    "graph with the figures of all assets": """
        { assetNodes { assetKey { path } partitionStats { numMaterialized numPartitions numFailed } } }""",
    "partitions of one asset": """
        { assetNodes(assetKeys: [{path: ["base_metrics"]}]) { assetPartitionStatuses {
            ... on MultiPartitionStatuses { ranges { primaryDimStartKey secondaryDim {
              ... on DefaultPartitionStatuses { materializedPartitions } } } } } } }""",
    "latest materializations of one asset": """
        { assetOrError(assetKey: {path: ["base_metrics"]}) { ... on Asset {
            assetMaterializations(limit: 100) { partition timestamp } } } }""",
}


def main(datasets: int = 200, models: int = 20) -> None:
    """Fill an instance, ask its server, print the times."""
    with tempfile.TemporaryDirectory(prefix="fw-scale-") as name:
        deck = Deck(Path(name))
        names = [f"set-{number:03d}" for number in range(datasets)]
        slugs = [f"model-{number:02d}" for number in range(models)]
        started = time.monotonic()
        with deck.instance() as instance:
            instance.add_dynamic_partitions("datasets", names)
            instance.add_dynamic_partitions("models", slugs)
            for dataset in names:
                instance.report_runless_asset_event(dg.AssetMaterialization("plan", partition=dataset))
                for slug in slugs:
                    made = dg.AssetMaterialization("base_metrics", partition=cell(dataset, slug), metadata={"x": 0.5})
                    instance.report_runless_asset_event(made)
        print(f"{datasets} datasets x {models} models filled in {time.monotonic() - started:.0f} s", flush=True)
        try:
            deck.start()
            for what, query in QUERIES.items():
                times = []
                for _ in range(3):
                    began = time.monotonic()
                    answer = deck.asked(query)
                    times.append(time.monotonic() - began)
                print(f"{what}: {', '.join(f'{t:.2f}' for t in times)} s, {len(str(answer)):,} characters", flush=True)
        finally:
            deck.stop()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

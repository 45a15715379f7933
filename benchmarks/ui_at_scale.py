"""How long the UI and its server take for the pages of 200 datasets x 20 models, with every cell materialized.

Run by hand: `python -m benchmarks.ui_at_scale [DATASETS] [MODELS]`; filling takes a minute or more.
The pages are opened where playwright and a Chromium are installed.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path

import dagster as dg

from benchmarks.dagster_dev import DagsterDev
from fw_assets.pipeline.partitions import cell
from fw_assets_tests.browser.conftest import QUIET

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

PAGES = {
    "the graph": ("/asset-groups", "1_plan"),
    "partitions of a dataset's asset": ("/assets/plan?view=partitions", "set-000"),
    "partitions of a cell's asset": ("/assets/base_metrics?view=partitions", "set-000"),
    "one cell": ("/assets/base_metrics?view=partitions&partition=set-000%7Cmodel-00", "set-000|model-00"),
    "the launchpad of approve_plan": ("/locations/fw_assets/jobs/approve_plan/playground", "Launch Run"),
    "automation": ("/automation", "phases"),
}
"""Address, and the words that say it is there."""


def main(datasets: int = 200, models: int = 20) -> None:
    """Fill an instance, ask its server, print the times."""
    with tempfile.TemporaryDirectory(prefix="fw-scale-") as name:
        dagster_dev = DagsterDev(Path(name))
        names = [f"set-{number:03d}" for number in range(datasets)]
        slugs = [f"model-{number:02d}" for number in range(models)]
        started = time.monotonic()
        with dagster_dev.instance() as instance:
            instance.add_dynamic_partitions("datasets", names)
            instance.add_dynamic_partitions("models", slugs)
            for dataset in names:
                instance.report_runless_asset_event(dg.AssetMaterialization("plan", partition=dataset))
                for slug in slugs:
                    materialization = dg.AssetMaterialization(
                        "base_metrics", partition=cell(dataset, slug), metadata={"x": 0.5}
                    )
                    instance.report_runless_asset_event(materialization)
        print(f"{datasets} datasets x {models} models filled in {time.monotonic() - started:.0f} s", flush=True)
        try:
            dagster_dev.start()
            for what, query in QUERIES.items():
                times = []
                for _ in range(3):
                    began = time.monotonic()
                    answer = dagster_dev.query(query)
                    times.append(time.monotonic() - began)
                print(f"{what}: {', '.join(f'{t:.2f}' for t in times)} s, {len(str(answer)):,} characters", flush=True)
            pages(f"http://127.0.0.1:{dagster_dev.port}")
        finally:
            dagster_dev.stop()


def pages(url: str) -> None:
    """Open each page twice and print how long it took until it was there."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        print("playwright is not installed: no page was opened")
        return
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=list(QUIET))
        page = browser.new_page(viewport={"width": 1500, "height": 1100})
        page.goto(url)
        for what, (path, words) in PAGES.items():
            times = []
            for _ in range(2):
                began = time.monotonic()
                page.goto(url + path)
                page.get_by_text(words, exact=True).first.wait_for(timeout=120_000)
                times.append(time.monotonic() - began)
            print(f"{what}: there after {', '.join(f'{t:.1f}' for t in times)} s", flush=True)
        browser.close()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

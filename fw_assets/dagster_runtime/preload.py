"""Importing this loads what runs need, and makes what the first of them would make: for processes that fork others."""

from __future__ import annotations

import importlib

from fw_assets.definitions import defs

RUNS = (
    *("dagster._cli.api", "dagster._core.execution.execute_in_process", "dagster._core.executor.in_process"),
    *("dagster._core.instance.factory", "dagster._core.instance.runs.run_domain", "dagster._core.storage.root"),
    *("dagster._core.execution.plan.active", "dagster._core.system_config.composite_descent"),
    *("fsspec.implementations.local", "fsspec.implementations.chained", "upath.implementations.local"),
    *(
        "fw_assets.dagster_runtime.sqlite_storage",
        "fw_assets.dagster_runtime.compute_logs",
        "fw_assets.pipeline.runner.worker",
    ),
    "fw_assets.fireworks._aiohttp_transport",
)
"""What Dagster and the client load only when something is executed."""
PHASES = ("pandera.polars", "scipy.sparse", "scipy.special", "fw_assets.report.assembly.report")
"""What single phases load where they use it, as far as more than one does."""

for name in (*RUNS, *PHASES):
    importlib.import_module(name)
for job in ("dataset_job", "cell_job"):
    defs.resolve_job_def(job)

"""Importing this loads what runs need, and makes what the first of them would make: for processes that fork others."""

from __future__ import annotations

import importlib

from fw_assets.definitions import defs

RUNS = (
    *("dagster._cli.api", "dagster._core.execution.execute_in_process", "dagster._core.storage.sqlite_storage"),
    *("fw_assets.pipeline.storage", "fw_assets.pipeline.step_process", "fw_assets.fireworks._network", "upath"),
)
"""What Dagster and the client load only when something is executed."""
PHASES = ("pandera.polars", "sklearn.feature_extraction.text", "sklearn.linear_model", "sklearn.naive_bayes")
"""What single phases load where they use it."""

for name in (*RUNS, *PHASES):
    importlib.import_module(name)
for job in ("dataset_job", "cell_job"):
    defs.resolve_job_def(job)

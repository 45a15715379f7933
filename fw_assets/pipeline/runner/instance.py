"""The Dagster instance that commands record their runs on: the one that the UI shows."""

from __future__ import annotations

from pathlib import Path

import dagster as dg

from fw_assets.settings import settings

DAGSTER_YAML = """\
telemetry: {enabled: false}
nux: {enabled: false}
concurrency:
  pools: {default_limit: 6, granularity: op}
"""
"""Configuration of an instance in the workspace. Runs, events and logs lie beside it, as Dagster has it by default."""
RETIRED_STORAGE = "fw_assets.pipeline.storage"
"""Named by the configuration that fw-assets wrote into workspaces before it used Dagster's own storage."""


def open_instance(workspace_root: str) -> dg.DagsterInstance:
    """The instance of `$DAGSTER_HOME`, else of `dagster.yaml` in the current folder, else of the workspace."""
    if settings().dagster_home:
        return dg.DagsterInstance.get()
    if Path("dagster.yaml").is_file():
        return dg.DagsterInstance.from_config(str(Path.cwd()))
    home = Path(".fw-dagster").resolve() if "://" in workspace_root else Path(workspace_root) / ".dagster"
    home.mkdir(parents=True, exist_ok=True)
    config = home / "dagster.yaml"
    if not config.exists() or RETIRED_STORAGE in config.read_text("utf-8"):
        config.write_text(DAGSTER_YAML, "utf-8")
    return dg.DagsterInstance.from_config(str(home))

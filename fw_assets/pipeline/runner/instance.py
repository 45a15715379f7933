"""The Dagster instance that commands record their runs on: the one that the UI shows."""

from __future__ import annotations

import time
from pathlib import Path

import dagster as dg
from alembic.util.exc import CommandError
from sqlalchemy.exc import DatabaseError

from fw_assets.pipeline.runner.dagster_storage import ensure_storage
from fw_assets.settings import settings
from fw_assets.workspace.durable import replacing

DAGSTER_YAML = """\
telemetry: {enabled: false}
nux: {enabled: false}
concurrency:
  pools: {default_limit: 6, granularity: op}
"""
"""Configuration of an instance in the workspace. Runs, events and logs lie beside it, as Dagster has it by default."""
RETIRED_STORAGE = "fw_assets.pipeline.storage"
"""Named by the configuration that fw-assets wrote into workspaces before it used Dagster's own storage."""
OPENING_SECONDS = 5.0
"""How long a process of Dagster's own, which has begun to create the same databases, is waited for."""
_POLL_SECONDS = 0.2


def open_instance(workspace_root: str) -> dg.DagsterInstance:
    """The instance of `$DAGSTER_HOME`, else of `dagster.yaml` in the current folder, else of the workspace."""
    home = settings().dagster_home
    folder = Path(home) if home else _folder(workspace_root)
    ensure_storage(folder)
    deadline = time.monotonic() + OPENING_SECONDS
    while True:
        try:
            return dg.DagsterInstance.get() if home else dg.DagsterInstance.from_config(str(folder))
        except (DatabaseError, CommandError):
            if time.monotonic() > deadline:
                raise
            time.sleep(_POLL_SECONDS)


def _folder(workspace_root: str) -> Path:
    """The folder of the current folder's `dagster.yaml`, or of one in the workspace, which is written at first use."""
    if Path("dagster.yaml").is_file():
        return Path.cwd()
    folder = Path(".fw-dagster").resolve() if "://" in workspace_root else Path(workspace_root) / ".dagster"
    config = folder / "dagster.yaml"
    if not config.exists() or RETIRED_STORAGE in config.read_text("utf-8"):
        with replacing(config) as temporary:
            temporary.write_text(DAGSTER_YAML, "utf-8")
    return folder

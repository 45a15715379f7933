"""The Dagster instance that commands record their runs on: the one that the UI shows."""

from __future__ import annotations

import time
from pathlib import Path

import dagster as dg
from alembic.util.exc import CommandError
from sqlalchemy.exc import DatabaseError

from fw_assets.classification.dataset_reference import is_url
from fw_assets.pipeline.runner.dagster_storage import ensure_storage
from fw_assets.pipeline.runner.instance_config import own_config, plain_path
from fw_assets.settings import settings
from fw_assets.workspace.durable import replacing

OPENING_SECONDS = 5.0
"""How long a process of Dagster's own, which has begun to create the same databases, is waited for."""
_POLL_SECONDS = 0.2


def open_instance(workspace_root: str) -> dg.DagsterInstance:
    """The instance of `$DAGSTER_HOME`, else of `dagster.yaml` in the current folder, else of the workspace."""
    home = settings().dagster_home
    folder = Path(home) if home else instance_folder(workspace_root)
    ensure_storage(folder)
    deadline = time.monotonic() + OPENING_SECONDS
    while True:
        try:
            return dg.DagsterInstance.get() if home else dg.DagsterInstance.from_config(str(folder))
        except (DatabaseError, CommandError):
            if time.monotonic() > deadline:
                raise
            time.sleep(_POLL_SECONDS)


def instance_folder(workspace_root: str) -> Path:
    """The folder of the current folder's `dagster.yaml`, or of one in the workspace, which is written at first use."""
    if Path("dagster.yaml").is_file():
        return Path.cwd()
    folder = Path(".fw-dagster").resolve() if is_url(workspace_root) else Path(workspace_root) / ".dagster"
    config = folder / "dagster.yaml"
    before = config.read_text("utf-8") if config.exists() else ""
    text = own_config(before, folder)
    if text != before:
        with replacing(config) as temporary:
            temporary.write_text(text, "utf-8")
    return plain_path(folder)

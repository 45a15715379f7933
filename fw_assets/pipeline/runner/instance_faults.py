"""Faults of the Dagster instance's own files, as sentences: its records of runs are not what results are made from."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import dagster as dg
import yaml
from alembic.util.exc import CommandError
from sqlalchemy.exc import DBAPIError

from fw_assets.pipeline.errors.phase import InstanceFault
from fw_assets.settings import settings

_FULL = ("disk is full", "disk i/o error")


@contextmanager
def readable_instance_faults(workspace_root: str) -> Iterator[None]:
    """Turn errors of the instance's databases and configuration into one sentence that names the file.

    Raises:
        InstanceFault: a database is damaged or its disk is full, or `dagster.yaml` cannot be read.
    """
    try:
        yield
    except DBAPIError as error:
        raise InstanceFault(_database_fault(_home(workspace_root), str(error.orig))) from error
    except CommandError as error:
        raise InstanceFault(_database_fault(_home(workspace_root), str(error))) from error
    except (yaml.YAMLError, UnicodeDecodeError, dg.DagsterInvalidConfigError) as error:
        raise InstanceFault(
            f"{_home(workspace_root) / 'dagster.yaml'} is no configuration of Dagster ({str(error).splitlines()[0]}): "
            "correct it, or move it away and a new one is written, and run the same command again"
        ) from error


def _home(workspace_root: str) -> Path:
    if settings().dagster_home:
        return Path(settings().dagster_home or "")
    if Path("dagster.yaml").is_file():
        return Path.cwd()
    return Path(".fw-dagster").resolve() if "://" in workspace_root else Path(workspace_root) / ".dagster"


def _database_fault(home: Path, reason: str) -> str:
    if any(mark in reason.lower() for mark in _FULL):
        return (
            f"{home}: Dagster's record of runs cannot be written ({reason}): free some space, and run the same command "
            "again; what was done is kept"
        )
    damaged = next((path for path in _databases(home) if _is_damaged(path)), None)
    return (
        f"{damaged or home}: Dagster's record of runs cannot be read ({reason}): move "
        f"{damaged.name if damaged else 'it'} away, and run the same command again. No result is lost by it, only the "
        "runs that the UI lists"
    )


def _databases(home: Path) -> list[Path]:
    folders = (home, home / ".dagster")
    return [path for folder in folders for part in ("history", "schedules") for path in (folder / part).rglob("*.db")]


def _is_damaged(path: Path) -> bool:
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
            whole = connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok"
            return not whole or not connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.Error:
        return True

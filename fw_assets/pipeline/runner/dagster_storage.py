"""Creation of Dagster's SQLite databases, which several processes may want at once.

Dagster creates a database by looking whether it is there, then table by table: two processes at once fail, or leave a
database with two versions. Here one process makes all of them in a folder of its own and renames them into place, so
that whoever looks, Dagster's own daemon and webserver too, sees either none or whole ones.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from fw_assets.workspace.file_faults import faults_of
from fw_assets.workspace.file_lock import locked

DATABASES = ("history/runs.db", "history/runs/index.db", "schedules/schedules.db")
MAKING_SECONDS = 5.0
"""How long a process of Dagster's own may take between creating a database and its first table."""
_BLANK = "telemetry: {enabled: false}\n"


def ensure_storage(home: Path) -> None:
    """Create the databases of the instance that `home/dagster.yaml` configures, where they are missing and SQLite.

    Those that two processes created at once, before there was this module, are left with one version.
    """
    folder = _sqlite_folder(home / "dagster.yaml")
    if folder is None or _is_sound(folder):
        return
    with locked(folder / "storage"):
        if not _is_sound(folder):
            _create(folder)


def _create(folder: Path) -> None:
    # Start-up time: only the first process on an instance needs Dagster for this.
    import dagster as dg

    with faults_of(folder), TemporaryDirectory(dir=folder, prefix=".new-") as name:
        new = Path(name)
        (new / "dagster.yaml").write_text(_BLANK, "utf-8")
        dg.DagsterInstance.from_config(name).dispose()
        current = {database: _versions(new / database) for database in DATABASES}
        for part in sorted({database.partition("/")[0] for database in DATABASES}):
            # Refused by the system where a process of Dagster's own has begun to make its databases.
            with contextlib.suppress(OSError):
                (new / part).rename(folder / part)
        for database in DATABASES:
            if _is_abandoned(folder / database):
                for rest in ("-wal", "-shm", "-journal"):
                    (folder / f"{database}{rest}").unlink(missing_ok=True)
                (new / database).replace(folder / database)
    for database, versions in current.items():
        found = _versions(folder / database)
        if len(found) > 1 and found >= versions:
            with closing(sqlite3.connect(folder / database)) as connection, connection:
                superseded = [(version,) for version in found - versions]
                connection.executemany("DELETE FROM alembic_version WHERE version_num = ?", superseded)


def _is_sound(folder: Path) -> bool:
    return all(
        path.exists() and not _is_abandoned(path) and len(_versions(path)) <= 1
        for path in (folder / database for database in DATABASES)
    )


def _is_abandoned(path: Path) -> bool:
    """Whether a database is an empty file: what is left of it, unless it is just being made."""
    try:
        stat = path.stat()
    except OSError:
        return False
    return path.is_file() and not stat.st_size and time.time() - stat.st_mtime > MAKING_SECONDS


def _versions(database: Path) -> set[str]:
    """The versions of a database's tables; none if it is damaged, missing, or still being made."""
    if not database.exists():
        return set()
    try:
        with closing(sqlite3.connect(database)) as connection:
            return {version for (version,) in connection.execute("SELECT version_num FROM alembic_version")}
    except sqlite3.Error:
        return set()


def _sqlite_folder(configuration: Path) -> Path | None:
    """The folder of the databases; None where runs are stored otherwise, or the file is for Dagster to refuse."""
    try:
        configured: Any = yaml.safe_load(configuration.read_text("utf-8")) or {}
        storage = configured.get("storage", {"sqlite": {"base_dir": str(configuration.parent)}})
        return Path(storage["sqlite"]["base_dir"]) if "run_storage" not in configured else None
    except FileNotFoundError:
        return configuration.parent
    except (yaml.YAMLError, UnicodeDecodeError, AttributeError, KeyError, TypeError):
        return None

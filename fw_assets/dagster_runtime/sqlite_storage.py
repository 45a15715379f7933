"""Dagster's SQLite storage, for less: what Dagster makes anew for every statement and every run is made once.

Dagster's own storage builds an SQLAlchemy engine for each statement, which compiles it again, opens a file for it,
reads all migrations whenever it first meets a database, and waits for the disk at each commit. That was a sixth
of the processor time of a workflow of small steps. The files are the same: `storage: {sqlite: {base_dir: ...}}` reads
them as well.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
import uuid
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME, SqliteEventLogStorage
from dagster._core.storage.runs.sqlite.sqlite_run_storage import SqliteRunStorage
from dagster._core.storage.schedules.sqlite.sqlite_schedule_storage import SqliteScheduleStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS, create_db_conn_string
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy import create_engine
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.pool import NullPool, QueuePool

from fw_assets.dagster_runtime.fork_server import EXTRA_PRELOAD_MODULES, ensure_running

if TYPE_CHECKING:
    from dagster._daemon.types import DaemonHeartbeat

EMPTY_RUN = "empty-run.template"
"""A run's database before its first event; copied for each run."""


class SqliteStorage(DagsterSqliteStorage):
    """Runs, events and schedules in SQLite."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        # Not the parent's: it would make the storages that these stand in for.
        self.base_dir = base_dir
        self._inst_data = inst_data
        history, schedules = Path(base_dir, "history").absolute(), Path(base_dir, "schedules").absolute()
        for folder in (history / "runs", schedules):
            folder.mkdir(parents=True, exist_ok=True)
        self._run_storage = (
            _Runs(create_db_conn_string(str(history), "runs"))
            if _is_complete(history / "runs.db")
            else _Runs.from_local(str(history))
        )
        self._event_log_storage = _Events(str(history / "runs"))
        self._schedule_storage = (
            _Schedules(create_db_conn_string(str(schedules), "schedules"))
            if _is_complete(schedules / "schedules.db")
            else _Schedules.from_local(str(schedules))
        )
        super(DagsterSqliteStorage, self).__init__()  # type: ignore[no-untyped-call]

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> SqliteStorage:
        """As `dagster.yaml` configures it."""
        return cls(config_value["base_dir"], inst_data)


class _Runs(SqliteRunStorage):
    @contextmanager
    def connect(self) -> Iterator[Connection]:
        with _connected(_path(self._conn_string), _INDEXES) as connection:
            yield connection

    def add_daemon_heartbeat(self, daemon_heartbeat: DaemonHeartbeat) -> None:
        super().add_daemon_heartbeat(daemon_heartbeat)
        # No process but the daemon writes these, from its first second on: what runs are forked from begins with it.
        from fw_assets.dagster_runtime.run_launcher import ForkServerRunLauncher

        if isinstance(self._instance.run_launcher, ForkServerRunLauncher):
            ensure_running(EXTRA_PRELOAD_MODULES)


class _Schedules(SqliteScheduleStorage):
    @contextmanager
    def connect(self) -> Iterator[Connection]:
        with _connected(_path(self._conn_string), _INDEXES) as connection:
            yield connection


class _Events(SqliteEventLogStorage):
    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            if shard not in self._initialized_dbs:
                self._prepare(shard)
                self._initialized_dbs.add(shard)
            engines = _INDEXES if shard == INDEX_SHARD_NAME else _SHARDS
            with _connected(self.path_for_shard(shard), engines) as connection:
                yield connection

    def wipe(self) -> None:
        # What is open would go on with the files that are gone.
        _INDEXES.close()
        _SHARDS.close()
        super().wipe()

    def _prepare(self, shard: str) -> None:
        path, empty = Path(self.path_for_shard(shard)), Path(self._base_dir, EMPTY_RUN)
        if not path.exists() and empty.exists():
            _copy(empty, path)
        if not _is_complete(path):
            self._initdb(create_engine(self.conn_string_for_shard(shard), poolclass=NullPool))
            _keep_empty(path, empty)


_file: ContextVar[str] = ContextVar("_file")


def _open() -> sqlite3.Connection:
    connection = sqlite3.connect(_file.get(), timeout=SQLITE_BUSY_TIMEOUT_SECONDS, check_same_thread=False)
    # With a write-ahead log a killed process loses nothing by this, and a power cut at most the last events.
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


class _Engines:
    """Engines that keep their connections, for the databases that were asked last.

    A connection to a write-ahead log that is opened for one event alone writes the log back when it is closed: that
    took longer than the event. What was compiled for one run's events serves every other run.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Engine] = OrderedDict()
        self._compiled: dict[Any, Any] = {}
        self._process = os.getpid()
        self._of_the_parent: list[OrderedDict[str, Engine]] = []

    def of(self, path: str) -> Engine:
        with self._lock:
            if self._process != os.getpid():
                # No forked process may use its parent's connections; nor close them, which would give up its locks.
                self._of_the_parent.append(self._kept)
                self._kept, self._process = OrderedDict(), os.getpid()
            if path not in self._kept:
                self._kept[path] = create_engine(
                    "sqlite://",
                    creator=_open,
                    poolclass=QueuePool,
                    pool_size=4,
                    max_overflow=-1,
                    execution_options={"compiled_cache": self._compiled},
                )
            self._kept.move_to_end(path)
            oldest = self._kept.popitem(last=False)[1] if len(self._kept) > self._most else None
            found = self._kept[path]
        if oldest is not None:
            oldest.dispose()
        return found

    def close(self) -> None:
        """Close what no one uses at the moment."""
        with self._lock:
            kept, self._kept = self._kept, OrderedDict()
        for engine in kept.values():
            engine.dispose()


_INDEXES = _Engines(16)
"""Runs, schedules and the index of events, of a few instances."""
_SHARDS = _Engines(8)
"""The events of single runs: a run's process writes one, the UI reads a few."""


@cache
def _path(url: str) -> str:
    return make_url(url).database or ""


@contextmanager
def _connected(path: str, engines: _Engines) -> Iterator[Connection]:
    token = _file.set(path)
    try:
        opened = engines.of(path).connect()
    finally:
        _file.reset(token)
    with opened as connection, connection.begin():
        yield connection


def _is_complete(path: Path) -> bool:
    """Whether a database has all its tables, which its migrations' version says: it is written last."""
    if not path.exists():
        return False
    with closing(sqlite3.connect(path, timeout=SQLITE_BUSY_TIMEOUT_SECONDS)) as connection:
        try:
            return connection.execute("SELECT version_num FROM alembic_version").fetchone() is not None
        except sqlite3.OperationalError:
            return False


def _keep_empty(path: Path, empty: Path) -> None:
    """Keep a database that was just made as the one to copy, if nobody has written to it yet."""
    temporary = empty.with_name(f".{empty.name}.{uuid.uuid4().hex[:8]}")
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(temporary)) as target:
        source.backup(target)
        unused = not target.execute("SELECT 1 FROM event_logs LIMIT 1").fetchall()
        # One file: what lies in a write-ahead log would not be copied.
        target.execute("PRAGMA journal_mode = DELETE")
    if unused:
        temporary.replace(empty)
    else:
        temporary.unlink()


def _copy(empty: Path, path: Path) -> None:
    """Whole or not at all, and never over another process's copy."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    shutil.copyfile(empty, temporary)
    with closing(sqlite3.connect(temporary)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        temporary.unlink()

"""Dagster's SQLite databases in the tests' own process: the same statements on the same files, for less work.

Dagster makes an engine for each connection, a thousand in a run, and each compiles its statements again; and it reads
its fifty migrations again for each database that it opens. Neither changes while a process lives. Processes that tests
start have Dagster as users have it, but for those that `damage` forks: the daemon, the code server, steps, commands.
"""

from __future__ import annotations

import functools
import importlib
import sqlite3
from typing import Any

import sqlalchemy
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.pool import NullPool

STORAGES = (
    "event_log.sqlite.sqlite_event_log",
    "runs.sqlite.sqlite_run_storage",
    "schedules.sqlite.sqlite_schedule_storage",
)
MAX_ENGINES = 32


@event.listens_for(Engine, "connect")
def write_without_waiting_for_the_disk(connection: object, _: object) -> None:
    """A thousand commits a run, and no test cuts the power."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous=OFF")


@functools.cache
def keep_what_does_not_change() -> None:
    """Have one engine per database, which still opens a connection per use, and read the migrations once.

    For the rest of this process.
    """
    read = ScriptDirectory.from_config
    migrations: dict[str | None, ScriptDirectory] = {}

    def from_config(config: Config) -> ScriptDirectory:
        location = config.get_main_option("script_location")
        if location not in migrations:
            migrations[location] = read(config)
        return migrations[location]

    @functools.lru_cache(MAX_ENGINES)
    def engine(url: str, timeout: float | None) -> Engine:
        arguments = {} if timeout is None else {"timeout": timeout}
        return sqlalchemy.create_engine(url, poolclass=NullPool, connect_args=arguments)

    def create_engine(url: str, *, poolclass: Any, connect_args: Any = None) -> Engine:
        assert poolclass is NullPool
        return engine(url, (connect_args or {}).get("timeout"))

    ScriptDirectory.from_config = from_config  # type: ignore[method-assign]
    for storage in STORAGES:
        # A private name, which stands for the same thing here, and is refused where Dagster no longer has it.
        module: Any = importlib.import_module(f"dagster._core.storage.{storage}")
        assert module.create_engine is sqlalchemy.create_engine, f"{module.__name__} makes its engines otherwise now"
        module.create_engine = create_engine

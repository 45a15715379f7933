"""Imported by fork servers: loads what every step needs, in Dagster by a run that does nothing.

Dagster imports its storage, its migrations and its executor when they are first used, which costs each process half a
second. A run on a temporary instance loads exactly these, whatever they are called in the installed version.
"""

from __future__ import annotations

import importlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import dagster as dg
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

LIBRARIES = ("pandera.polars", "scipy.sparse", "scipy.special", "fsspec.implementations.local")
"""What more than one phase imports where it uses it."""
MODULES = (
    "fw_assets.report.assembly.report",
    "fw_assets.fireworks._aiohttp_transport",
    "fw_assets.pipeline.runner.worker",
)
INSTANCE = """\
telemetry: {enabled: false}
compute_logs: {module: dagster.core.storage.noop_compute_log_manager, class: NoOpComputeLogManager}
"""


@dg.op
def nothing() -> None:
    pass


@dg.job(executor_def=dg.in_process_executor)
def warm_up() -> None:
    nothing()


@contextmanager
def databases_that_need_not_last() -> Iterator[None]:
    """SQLite does not wait for the disk: eighty commits to a folder that is deleted took half of the time."""

    def connected(connection: object, _: object) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("PRAGMA synchronous=OFF")

    event.listen(Engine, "connect", connected)
    try:
        yield
    finally:
        event.remove(Engine, "connect", connected)


def run_nothing() -> None:
    with databases_that_need_not_last(), TemporaryDirectory(prefix="fw-assets-") as folder:
        Path(folder, "dagster.yaml").write_text(INSTANCE, "utf-8")
        with dg.DagsterInstance.from_config(folder) as instance:
            warm_up.execute_in_process(
                instance=instance, run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
            )


for name in (*LIBRARIES, *MODULES):
    importlib.import_module(name)
# It only saves time: a full disk is told by the step that meets it, in a sentence, and must not end the fork server.
with suppress(OSError, SQLAlchemyError):
    run_nothing()

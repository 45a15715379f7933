"""Dagster's databases when several processes need them first at the same time."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path

import dagster as dg
import pytest

from fw_assets.code_location import CODE_LOCATION
from fw_assets.pipeline.partitions import add_partitions
from fw_assets.pipeline.runner.dagster_storage import DATABASES, MAKING_SECONDS, ensure_storage
from fw_assets.pipeline.runner.fork_server import pipe, reset_signals, start_process
from fw_assets.pipeline.runner.instance import open_instance

COMMANDS = 6
START_SECONDS = 2.0


def use_first(root: str, at: float, channel: Connection) -> None:
    """What a command does with its instance, at a moment that it has in common with others."""
    time.sleep(max(0.0, at - time.time()))
    with open_instance(root) as instance:
        add_partitions(instance, "models", ["char-ngram"])
        channel.send(list(instance.get_dynamic_partitions("models")))


def start_daemon(home: str, at: float, channel: Connection) -> None:
    """What Dagster's own processes do, which know of no lock."""
    time.sleep(max(0.0, at - time.time()))
    with dg.DagsterInstance.from_config(home) as instance:
        channel.send([run.run_id for run in instance.get_runs()])


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without a dagster.yaml to start commands in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    return tmp_path


def test_commands_and_a_daemon_may_be_the_first_together(outside: Path) -> None:
    home = outside / "workspace" / ".dagster"
    home.mkdir(parents=True)
    start_process(CODE_LOCATION, "warm-up", reset_signals).join()
    at = time.time() + START_SECONDS
    channels, processes = [], []
    for index in range(COMMANDS + 1):
        receiver, sender = pipe()
        target, root = (use_first, home.parent) if index < COMMANDS else (start_daemon, home)
        with sender:
            processes.append(start_process(CODE_LOCATION, f"first-{index}", target, str(root), at, sender))
        channels.append(receiver)
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * (COMMANDS + 1)
    assert [channel.recv() for channel in channels] == [["char-ngram"]] * COMMANDS + [[]]
    for database in DATABASES:
        with closing(sqlite3.connect(home / database)) as connection:
            assert connection.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,), database
    assert not list(home.glob(".new-*"))


@pytest.mark.parametrize(
    ("configuration", "folder"),
    [
        (None, "home"),
        ("telemetry: {enabled: false}\n", "home"),
        ("", "home"),
        ("storage: {sqlite: {base_dir: elsewhere}}\n", "elsewhere"),
        ("storage: {postgres: {postgres_url: 'postgresql://nowhere/x'}}\n", None),
        ("storage: {sqlite: {base_dir: {env: SOME_FOLDER}}}\n", None),
        ("run_storage: {module: a, class: B}\n", None),
        ("storage: [", None),
    ],
)
def test_the_databases_are_made_where_the_configuration_has_them(
    outside: Path, configuration: str | None, folder: str | None
) -> None:
    home = outside / "home"
    home.mkdir()
    if configuration is not None:
        (home / "dagster.yaml").write_text(configuration, "utf-8")
    ensure_storage(home)
    made = sorted({path.parents[len(Path(name).parts) - 1] for name in DATABASES for path in outside.rglob(name)})
    assert made == ([] if folder is None else [outside / folder])
    ensure_storage(home)


def test_what_dagster_has_begun_to_make_is_left_to_it(outside: Path) -> None:
    begun = outside / "home" / "history" / "runs.db"
    begun.parent.mkdir(parents=True)
    begun.write_bytes(b"")
    ensure_storage(outside / "home")
    assert begun.read_bytes() == b""
    assert (outside / "home" / "schedules" / "schedules.db").exists()
    with dg.DagsterInstance.from_config(str(outside / "home")) as instance:
        assert instance.get_runs() == []


@pytest.mark.parametrize("database", DATABASES)
def test_an_empty_database_is_made_again(outside: Path, database: str) -> None:
    home = outside / "home"
    ensure_storage(home)
    path = home / database
    path.write_bytes(b"")
    long_ago = time.time() - 2 * MAKING_SECONDS
    os.utime(path, (long_ago, long_ago))
    ensure_storage(home)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        add_partitions(instance, "models", ["char-ngram"])
        assert instance.get_runs() == []
        assert instance.all_instigator_state() == []


def test_databases_with_two_versions_are_used_again(outside: Path) -> None:
    """As two processes left them that created them at once."""
    root = outside / "workspace"
    open_instance(str(root)).dispose()
    for database in DATABASES:
        with closing(sqlite3.connect(root / ".dagster" / database)) as connection, connection:
            connection.execute("INSERT INTO alembic_version VALUES ('5771160a95ad')")
    with open_instance(str(root)) as instance:
        add_partitions(instance, "models", ["char-ngram"])
        assert instance.get_runs() == []
    for database in DATABASES:
        with closing(sqlite3.connect(root / ".dagster" / database)) as connection:
            assert connection.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,), database

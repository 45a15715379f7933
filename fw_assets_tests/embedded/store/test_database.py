"""The database: transactions, connections across a fork, and files of another release."""

from __future__ import annotations

import multiprocessing
import sqlite3
from pathlib import Path

import pytest

from fw_assets.embedded.errors import RpcError
from fw_assets.embedded.store import documents
from fw_assets.embedded.store.database import Database


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path / "platform.sqlite")


def names(database: Database) -> list[str]:
    with database.read() as connection:
        return [document["name"] for document in documents.list_all(connection, "datasets", "local")]


def insert(database: Database, *ids: str) -> None:
    """Create datasets in one transaction."""
    with database.write() as connection:
        for id in ids:
            documents.insert(connection, "datasets", "local", id, {"name": id})


def test_an_exception_rolls_a_transaction_back(database: Database) -> None:
    insert(database, "a")
    with pytest.raises(RpcError, match="already exists"):
        insert(database, "b", "a")
    assert names(database) == ["a"]


def test_a_resource_is_created_once_and_changed_in_place(database: Database) -> None:
    insert(database, "a")
    with pytest.raises(RpcError, match="already exists"):
        insert(database, "a")
    with database.write() as connection:
        assert documents.update(connection, "datasets", "local", "a", {"state": "READY"})["state"] == "READY"
        assert documents.delete(connection, "datasets", "local", "a") == {"name": "a", "state": "READY"}
        with pytest.raises(RpcError, match="was not found"):
            documents.get(connection, "datasets", "local", "a")


def test_a_forked_process_opens_connections_of_its_own(database: Database) -> None:
    insert(database, "parent")
    child = multiprocessing.get_context("fork").Process(target=insert, args=(database, "child"))
    child.start()
    child.join(30)
    assert child.exitcode == 0
    assert names(database) == ["child", "parent"]


def test_a_file_of_a_newer_release_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "platform.sqlite"
    Database(path)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(RuntimeError, match="has schema 99, this release knows 1"):
        Database(path)

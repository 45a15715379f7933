"""Queries to SQLite: their rows as Parquet, and nothing that writes, attaches or never ends."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from urllib.parse import quote

import polars as pl
import pytest

from fw_assets.classification.errors import InputError
from fw_assets.pipeline.registration.sqlite_query import export_query


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "tickets.db"
    with sqlite3.connect(path) as connection:
        connection.execute("create table tickets (id integer, text text, label text)")
        connection.executemany(
            "insert into tickets values (?, ?, ?)", [(n, f"text {n}", "ab"[n % 2]) for n in range(30)]
        )
    connection.close()
    return path


def export(database: Path, query: str) -> pl.DataFrame:
    target = database.with_suffix(".parquet")
    return pl.read_parquet(export_query(f"sqlite:///{database}?query={query}", target))


@pytest.mark.parametrize("encode", [str, quote])
def test_rows_of_a_query(database: Path, encode: object) -> None:
    query = "SELECT text, upper(label) AS label FROM tickets WHERE id < 10 ORDER BY id"
    rows = export(database, quote(query) if encode is quote else query)
    assert rows.rows()[:2] == [("text 0", "A"), ("text 1", "B")]
    assert rows.height == 10


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM tickets",
        "INSERT INTO tickets VALUES (1, 'a', 'b') RETURNING text, label",
        "ATTACH DATABASE '/tmp/other.db' AS other",
        "PRAGMA journal_mode = DELETE",
        "CREATE TABLE x AS SELECT * FROM tickets",
        "SELECT load_extension('/tmp/evil.so')",
        "SELECT 1; DROP TABLE tickets",
        "SELECT * FROM nowhere",
        "VACUUM INTO '/tmp/copy.db'",
    ],
)
def test_what_does_not_only_read_is_refused(database: Path, query: str) -> None:
    before = database.read_bytes()
    with pytest.raises(InputError, match="the query was refused"):
        export(database, quote(query))
    assert database.read_bytes() == before


def test_a_column_twice_is_named(database: Path) -> None:
    with pytest.raises(InputError, match="rename it with AS"):
        export(database, "SELECT text, text FROM tickets")


def test_no_query_and_no_database_are_one_sentence(database: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="names no query"):
        export_query(f"sqlite:///{database}", tmp_path / "a")
    with pytest.raises(InputError, match="no such file"):
        export_query("sqlite:///gone.db?query=SELECT 1", tmp_path / "a")

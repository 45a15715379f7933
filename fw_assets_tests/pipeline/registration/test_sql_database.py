"""Queries through SQLAlchemy: rows of a real Postgres and of SQLite, nothing written, no password told."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import polars as pl
import pytest
import sqlalchemy

from fw_assets.classification.errors import InputError
from fw_assets.pipeline.registration.sql_database import export_rows
from fw_assets_tests.pipeline.postgres import postgres
from fw_assets_tests.project import Project

ROWS = [(n, f"message {n}: it's 10:30 :late", ("billing", "delivery", "technical")[n % 3]) for n in range(120)]
PASSWORD = "S3c/r@et pass"


@pytest.fixture
def tickets(tmp_path: Path) -> str:
    path = tmp_path / "tickets.db"
    with sqlite3.connect(path) as connection:
        connection.execute("create table tickets (id integer, text text, label text)")
        connection.executemany("insert into tickets values (?, ?, ?)", ROWS)
    connection.close()
    return f"sqlite+pysqlite:///{path}"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A Postgres that asks the user `ann` for her password."""
    with postgres() as url:
        engine = sqlalchemy.create_engine(url)
        with engine.begin() as connection:
            connection.exec_driver_sql(
                "create table tickets (id integer, text text, label text, at timestamptz, key uuid)"
            )
            values = [{"n": n, "t": text, "l": label} for n, text, label in ROWS]
            statement = "insert into tickets values (:n, :t, :l, now(), gen_random_uuid())"
            connection.execute(sqlalchemy.text(statement), values)
            connection.exec_driver_sql(f"create role ann login superuser password '{PASSWORD}'")
        engine.dispose()
        yield url


def rows(url: str, query: str, folder: Path) -> pl.DataFrame:
    mark = "&" if "?" in url else "?"
    return pl.read_parquet(export_rows(f"{url}{mark}query={quote(query)}", folder))


def test_rows_of_sqlite(tickets: str, tmp_path: Path) -> None:
    query = "SELECT text, label FROM tickets WHERE text LIKE '%:late' AND text != ':x' ORDER BY id;"
    assert rows(tickets, query, tmp_path).rows() == [(text, label) for _, text, label in ROWS]
    with pytest.raises(InputError, match="it gives no rows"):
        rows(tickets, "SELECT text, label FROM tickets WHERE id < 0", tmp_path)


def test_rows_of_postgres_and_types_that_parquet_lacks(server: str, tmp_path: Path) -> None:
    read = rows(server, "SELECT text, label, at, key, id::numeric AS number FROM tickets ORDER BY id", tmp_path)
    assert read.select("text", "label").rows() == [(text, label) for _, text, label in ROWS]
    assert read["key"].str.len_chars().unique().to_list() == [36]
    older = server.replace("postgresql+psycopg2", "postgres")
    assert rows(older, "WITH t AS (SELECT text, label FROM tickets) TABLE t", tmp_path).height == len(ROWS)


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM tickets",
        "SELECT 1; DROP TABLE tickets",
        "SELECT 1; COMMIT; DROP TABLE tickets; COMMIT",
        "WITH gone AS (DELETE FROM tickets RETURNING *) SELECT text, label FROM gone",
        "SELECT text, label INTO copies FROM tickets",
        "UPDATE tickets SET label = ''",
        "SELECT nothing FROM tickets",
        "SELECT text, text FROM tickets",
    ],
)
def test_what_does_not_only_read_is_refused(server: str, tickets: str, tmp_path: Path, query: str) -> None:
    for url in (server, tickets):
        with pytest.raises(InputError, match=r"the query (was refused|names a column twice)"):
            rows(url, query, tmp_path)
        assert rows(url, "SELECT text, label FROM tickets", tmp_path).height == len(ROWS)


@pytest.mark.parametrize("given", [quote(PASSWORD, safe=""), "S3c/r@et-wrong", "S3cret?x=wrong", "S3cret-wrong"])
def test_no_message_has_the_password(server: str, tmp_path: Path, given: str) -> None:
    host = server.partition("@")[2].partition("/")[0]
    with pytest.raises(InputError) as refused:
        rows(f"postgresql+psycopg2://ann:{given}@{host}/nothing", "SELECT 1 AS one", tmp_path)
    assert "S3c" not in str(refused.value)
    assert "et-wrong" not in str(refused.value)


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        rows(f"sqlite+pysqlite:///{tmp_path}/gone.db", "SELECT 1", tmp_path)
    assert not (tmp_path / "gone.db").exists()


@pytest.mark.parametrize(
    ("reference", "told"),
    [
        ("oracle://u:S3cret@host/db?query=SELECT 1", "pip install 'oracledb'"),
        ("duckdb:///t.duckdb?query=SELECT 1", "pip install 'duckdb-engine'"),
        ("firebird://u:S3cret@host/db?query=SELECT 1", "install its driver for SQLAlchemy"),
        ("postgresql://u:S3cret@host/db", "the address names no query"),
        ("postgresql://u:S3cret@host/db?query=", "the address names no query"),
        ("postgresql://host:port/db?query=SELECT 1", "is no address of a database"),
    ],
)
def test_what_is_missing_is_one_sentence(tmp_path: Path, reference: str, told: str) -> None:
    with pytest.raises(InputError) as refused:
        export_rows(reference, tmp_path)
    assert told in str(refused.value)
    assert "S3cret" not in str(refused.value)


def test_only_the_registration_holds_the_password(server: str, tmp_path: Path) -> None:
    project = Project(tmp_path)
    host = server.partition("@")[2]
    secret = quote(PASSWORD, safe="")
    query = quote("SELECT text, label FROM tickets ORDER BY id")
    planned = project.run("plan", f"postgresql+psycopg2://ann:{secret}@{host}?query={query}", "--model", "char-ngram")
    assert planned.returncode == 0, planned.stderr
    assert "postgres.parquet read as Parquet, `text` and `label`" in " ".join(planned.stderr.split())
    holders = {
        path.relative_to(project.workspace).as_posix()
        for path in project.workspace.rglob("*")
        if path.is_file() and any(text.encode() in path.read_bytes() for text in (secret, PASSWORD))
    }
    assert holders == {"postgres/assets/registration.json"}
    assert secret not in planned.stderr + planned.stdout
    again = project.run("plan", "postgres", "--seed", "7")
    assert again.returncode == 0, again.stderr

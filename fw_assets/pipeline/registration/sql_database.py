"""Query to any database of an SQLAlchemy URL, whose rows become a Parquet file; it reads, and nothing is committed.

The driver is the user's. Passwords are in the URL alone, which no message quotes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

import polars as pl

from fw_assets.classification.dataset_url import hidden_in, without_credentials
from fw_assets.classification.errors import InputError, Problem
from fw_assets.pipeline.registration.sqlite_query import MAX_QUERY_ROWS

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection

_BATCH_ROWS = 50_000
_CONNECT_SECONDS = 30
_DRIVERS = {
    "postgresql": {"psycopg": "psycopg[binary]", "psycopg2": "psycopg2-binary", "pg8000": "pg8000"},
    "mysql": {"mysqldb": "mysqlclient", "pymysql": "pymysql"},
    "mariadb": {"mysqldb": "mysqlclient", "pymysql": "pymysql"},
    "mssql": {"pyodbc": "pyodbc", "pymssql": "pymssql"},
    "oracle": {"oracledb": "oracledb"},
}
"""Drivers of SQLAlchemy's own dialects, and the packages that they come with, the first choice first."""
_MODULES = {"mysqldb": "MySQLdb"}
_DIALECTS = {
    "duckdb": "duckdb-engine",
    "snowflake": "snowflake-sqlalchemy",
    "bigquery": "sqlalchemy-bigquery",
    "redshift": "sqlalchemy-redshift",
    "cockroachdb": "sqlalchemy-cockroachdb",
    "databricks": "databricks-sqlalchemy",
    "clickhouse": "clickhouse-sqlalchemy",
    "trino": "trino[sqlalchemy]",
}
"""Packages of dialects that SQLAlchemy does not bring."""
_TIMED = ("psycopg", "psycopg2", "pymysql", "mysqldb")
_NOT_CODE = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|\$(\w*)\$.*?\$\1\$|--[^\n]*|/\*.*?\*/", re.DOTALL)
_READS = re.compile(r"\s*\(*\s*(select|with|values|table|from)\b", re.IGNORECASE)
_EXAMPLE = "postgresql://USER:PASSWORD@HOST/DATABASE?query=SELECT text, label FROM TABLE"


def export_rows(reference: str, folder: Path) -> Path:
    """Write the rows of a query as Parquet, to a file that is called as the database.

    Args:
        reference: the database's URL with the parameter `query`.

    Raises:
        InputError: there is no query or it would write, a package is missing, or the database refuses it.
    """
    url, query = _parsed(reference)
    with _refusals(reference):
        engine = _engine(reference, url)
        try:
            with engine.connect() as connection:
                rows = _rows(_reading_only(connection), query)
        finally:
            engine.dispose()
    name = re.sub(r"[^\w-]+", "-", Path(url.database or url.host or url.drivername).stem).strip("-") or "rows"
    target = folder / f"{name}.parquet"
    rows.write_parquet(target)
    return target


def _parsed(reference: str) -> tuple[URL, str]:
    """The database's URL, and the query that it shall answer."""
    try:
        from sqlalchemy import make_url
        from sqlalchemy.exc import ArgumentError
    except ModuleNotFoundError:
        raise _error(reference, "databases are read with SQLAlchemy: pip install 'fw-assets[sql]'") from None
    address, parameters = _split(reference)
    fields = parse_qsl(parameters, keep_blank_values=True)
    queries = [value for name, value in fields if name == "query"]
    if len(queries) != 1 or not queries[0].strip():
        raise _error(reference, f"the address names no query: {_EXAMPLE}")
    query = queries[0].strip().rstrip(";")
    code = _NOT_CODE.sub(" ", queries[0]).strip().rstrip(";")
    if not _READS.match(code) or ";" in code:
        raise _error(reference, "the query was refused: it may only read, in one statement (SELECT)")
    more = urlencode([field for field in fields if field[0] != "query"])
    try:
        url = make_url(f"{address}?{more}" if more else address)
    except (ArgumentError, ValueError):
        message = (
            f"is no address of a database; expected {_EXAMPLE}, with signs such as @ and / in a password as %40, %2F"
        )
        raise _error(reference, message) from None
    if "@" in (url.host or ""):
        raise _error(reference, "has an @ in its password, which an address has as %40")
    return url.set(drivername=re.sub(r"^postgres(?=\+|$)", "postgresql", url.drivername.lower())), query


def _split(reference: str) -> tuple[str, str]:
    """A reference before and after the mark that begins its parameters; a password may have one too."""
    at = re.search(r"\?(?=[^?]*=)", reference)
    return (reference[: at.start()], reference[at.end() :]) if at else (reference, "")


def _engine(reference: str, url: URL) -> Any:
    from sqlalchemy import create_engine
    from sqlalchemy.exc import NoSuchModuleError

    dialect, _, driver = url.drivername.partition("+")
    drivers = _DRIVERS.get(dialect, {})
    if drivers and not driver:
        driver = next((name for name in drivers if find_spec(_MODULES.get(name, name))), "")
        url = url.set(drivername=f"{dialect}+{driver}") if driver else url
    if dialect == "sqlite" and not Path(url.database or "").is_file():
        raise _error(reference, f"no such file: {url.database}")
    timeout = {"connect_timeout": _CONNECT_SECONDS} if driver in _TIMED and "connect_timeout" not in url.query else {}
    package = drivers.get(driver) or next(iter(drivers.values()), None) or _DIALECTS.get(dialect)
    try:
        return create_engine(url, connect_args=timeout)
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        missing = getattr(error, "name", None) or f"the SQLAlchemy dialect {dialect}"
        install = f"pip install '{package}'" if package else "install its driver for SQLAlchemy"
        raise _error(
            reference, f"reading {dialect} needs a package that is not installed ({missing}): {install}"
        ) from None


def _reading_only(connection: Connection) -> Connection:
    """A connection that cannot write, as far as its database has such a thing; nothing is committed anywhere."""
    name = connection.dialect.name
    if name == "postgresql":
        return connection.execution_options(postgresql_readonly=True, stream_results=True)
    if name in ("mysql", "mariadb"):
        connection.exec_driver_sql("SET SESSION TRANSACTION READ ONLY")
    if name == "sqlite":
        connection.exec_driver_sql("PRAGMA query_only = ON")
    return connection


def _rows(connection: Connection, query: str) -> pl.DataFrame:
    from sqlalchemy import text

    # A colon before a word would be a parameter of SQLAlchemy's.
    statement = text(re.sub(r"(?<![:\\\w]):(?=\w)", r"\\:", query))
    frames: list[pl.DataFrame] = []
    for frame in pl.read_database(
        statement, connection, iter_batches=True, batch_size=_BATCH_ROWS, infer_schema_length=None
    ):
        frames.append(frame.with_columns(_as_text(column) for column in frame if column.dtype == pl.Object))
        if sum(part.height for part in frames) >= MAX_QUERY_ROWS:
            break
    if not frames:
        raise ValueError("it gives no rows")
    return pl.concat(frames, how="vertical_relaxed").head(MAX_QUERY_ROWS)


def _as_text(values: pl.Series) -> pl.Series:
    """Values of a type that Parquet lacks, such as a UUID, as text."""
    return pl.Series(values.name, [None if value is None else str(value) for value in values], dtype=pl.String)


@contextmanager
def _refusals(reference: str) -> Iterator[None]:
    """Say in one sentence what a database refuses, without what opens it."""
    try:
        yield
    except InputError:
        raise
    except pl.exceptions.DuplicateError:
        raise _error(reference, "the query names a column twice; rename it with AS") from None
    except Exception as error:  # noqa: BLE001 - the errors of drivers are of any class
        reason = hidden_in(str(getattr(error, "orig", None) or error), reference)
        words = " ".join(line for line in reason.splitlines() if not line.startswith("(Background on")).split()
        raise _error(reference, f"the query was refused: {' '.join(words)[:500]}") from None


def _error(reference: str, message: str) -> InputError:
    problem = Problem(kind="query", file=without_credentials(reference), message=message)
    return InputError([problem], advice="Nothing was started.")

"""Query to a local SQLite database, whose rows become a Parquet file. It reads and cannot do anything else."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

import polars as pl

from fw_assets.classification.dataset.reader import MAX_ROWS
from fw_assets.classification.errors import InputError, Problem

MAX_QUERY_ROWS = MAX_ROWS + 1
"""One more than a dataset may have, so that there being too many is seen."""
_MAX_STEPS = 5_000_000_000
"""Of SQLite's virtual machine; some minutes. A query that never ends is not a dataset."""
_STEPS = 10_000_000
_ALLOWED = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}


def is_sqlite(reference: str) -> bool:
    """Whether a dataset reference is a file of SQLite that is read without SQLAlchemy."""
    return reference.lower().startswith("sqlite://")


def database_file(reference: str) -> Path:
    """The file of `sqlite:///PATH?query=...`; the path is relative where there is such a file, else from the root.

    Raises:
        InputError: the file does not exist.
    """
    text = unquote(reference[len("sqlite://") :].partition("?")[0])
    for path in (Path(text.removeprefix("/")), Path(text)):
        if path.name and path.is_file():
            return path.absolute()
    raise _error(text, "no such file; expected sqlite:///PATH?query=SELECT text, label FROM TABLE")


def export_query(reference: str, target: Path) -> Path:
    """Write the rows of a query as Parquet.

    Raises:
        InputError: there is no query, it fails, or it would write.
    """
    path = database_file(reference)
    queries = [value for name, value in parse_qsl(reference.partition("?")[2]) if name == "query"]
    if len(queries) != 1:
        raise _error(str(path), "the address names no query: sqlite:///PATH?query=SELECT text, label FROM TABLE")
    budget = [_MAX_STEPS]

    def out_of_time() -> bool:
        budget[0] -= _STEPS
        return budget[0] < 0

    def authorize(action: int, first: str | None, second: str | None, *_: Any) -> int:
        refused = action not in _ALLOWED or (second or "").lower() == "load_extension"
        return sqlite3.SQLITE_DENY if refused else sqlite3.SQLITE_OK

    try:
        with contextlib.closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as database:
            database.set_authorizer(authorize)
            database.set_progress_handler(out_of_time, _STEPS)
            cursor = database.execute(queries[0])
            if cursor.description is None:
                raise _error(str(path), "the query gives no rows; expected SELECT")
            names = [column[0] for column in cursor.description]
            rows = cursor.fetchmany(MAX_QUERY_ROWS)
    except sqlite3.DatabaseError as error:
        reason = "it may only read (SELECT)" if "not authorized" in str(error) else str(error)
        raise _error(str(path), f"the query was refused: {reason}") from None
    if len(set(names)) < len(names):
        raise _error(str(path), f"the query names a column twice ({', '.join(names)}); rename it with AS")
    columns = {name: pl.Series(name, [row[i] for row in rows], strict=False) for i, name in enumerate(names)}
    pl.DataFrame(columns).write_parquet(target)
    return target


def _error(file: str, message: str) -> InputError:
    return InputError([Problem(kind="query", file=file, message=message)], advice="Nothing was started.")

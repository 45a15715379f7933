"""Tables of `platform.sqlite`, and their version."""

from __future__ import annotations

import sqlite3

VERSION = 1

_TABLES = """
-- Every resource as the JSON document that the API shows, whatever its kind.
CREATE TABLE resources (
    kind TEXT NOT NULL,
    account TEXT NOT NULL,
    id TEXT NOT NULL,
    document BLOB NOT NULL,
    PRIMARY KEY (kind, account, id)
) WITHOUT ROWID;

-- Unfinished jobs only. `stage` is 0 until the job is validated, then 1. `token` names the claim of the
-- worker in `slot`, and both are NULL while the job is queued.
CREATE TABLE work (
    kind TEXT NOT NULL,
    account TEXT NOT NULL,
    id TEXT NOT NULL,
    stage INTEGER NOT NULL DEFAULT 0,
    queued REAL NOT NULL,
    slot INTEGER,
    token TEXT,
    heartbeat REAL,
    attempts INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (kind, account, id)
) WITHOUT ROWID;

-- When a deployment last answered and since when it is waking up, in seconds since the epoch.
CREATE TABLE activity (
    deployment TEXT PRIMARY KEY,
    used REAL NOT NULL,
    waking REAL
) WITHOUT ROWID;

CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID;
"""


def migrate(connection: sqlite3.Connection) -> None:
    """Create the tables in a new file; safe when several processes do it at once.

    Raises:
        RuntimeError: a newer release wrote the file.
    """
    version = _version(connection)
    if version == 0:
        connection.execute("BEGIN EXCLUSIVE")
        try:
            if _version(connection) == 0:
                for statement in _TABLES.split(";"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {VERSION}")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
    elif version > VERSION:
        raise RuntimeError(
            f"the platform's database has schema {version}, this release knows {VERSION}; "
            "use the newer release, or another home"
        )


def has_tables(connection: sqlite3.Connection) -> bool:
    """Whether a release has created the tables."""
    return _version(connection) > 0


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])

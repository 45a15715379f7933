"""SQLite database of a platform: pooled connections and short transactions, from several processes."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

from fw_assets.embedded.store.database_errors import DamagedDatabase, file_error, is_locked
from fw_assets.embedded.store.database_tables import has_tables, migrate

BUSY_TIMEOUT_MS = 20_000


class Database:
    """One database file, usable from any thread of any process."""

    def __init__(self, path: Path, *, expected: bool = False) -> None:
        """Open the database, and create its tables.

        Args:
            expected: the tables have to be there, since there are files that they describe.

        Raises:
            DamagedDatabase: it cannot be read, or the tables are not there though expected.
            OSError: its disk is full, or it may not be written.
        """
        self.path = path
        self._tell: Callable[[str], None] | None = None
        self._idle: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._finalizer = weakref.finalize(self, _close, self._idle)
        with self._connection() as connection:
            if expected and not has_tables(connection):
                raise DamagedDatabase(path, "its tables are not there, though there are models or datasets")
            migrate(connection)

    def wait_for_locks(self, tell: Callable[[str], None]) -> None:
        """Wait for a lock of others as long as they hold it; by default that is an error after the timeout.

        Args:
            tell: is told each time that the timeout has passed.
        """
        self._tell = tell

    def close_idle(self) -> None:
        """Close the connections that nobody uses; the next use opens one."""
        _close(self._idle)

    @contextlib.contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection whose reads see one snapshot."""
        with self._transaction("BEGIN") as connection:
            yield connection

    @contextlib.contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A connection that holds the write lock; an exception in the block rolls its writes back."""
        with self._transaction("BEGIN IMMEDIATE") as connection:
            yield connection

    @contextlib.contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        with self._connection() as connection:
            self._begin(connection, begin)
            try:
                yield connection
            except BaseException:
                with contextlib.suppress(sqlite3.Error):  # SQLite has rolled back by itself when the disk was full
                    connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def _begin(self, connection: sqlite3.Connection, begin: str) -> None:
        while True:
            try:
                connection.execute(begin)
            except sqlite3.OperationalError as error:
                if self._tell is None or not is_locked(error):
                    raise
                self._tell(f"{self.path} has been locked by another process for {BUSY_TIMEOUT_MS / 1000:g} s")
            else:
                return

    @contextlib.contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = self._take_idle_or_open()
        except sqlite3.DatabaseError as error:
            raise file_error(self.path, error) from error
        try:
            yield connection
        except BaseException as error:
            # Its state is unknown: the next caller gets a fresh one.
            connection.close()
            if isinstance(error, sqlite3.DatabaseError):
                raise file_error(self.path, error) from error
            raise
        with self._lock:
            self._idle.append(connection)

    def _take_idle_or_open(self) -> sqlite3.Connection:
        with self._lock:
            if self._process != os.getpid():
                # SQLite connections must not cross a fork, not even to be closed.
                self._idle = []
                self._process = os.getpid()
                self._finalizer.detach()
                self._finalizer = weakref.finalize(self, _close, self._idle)
            if self._idle:
                return self._idle.pop()
        connection = sqlite3.connect(
            self.path, timeout=BUSY_TIMEOUT_MS / 1000, isolation_level=None, check_same_thread=False
        )
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection


def _close(connections: list[sqlite3.Connection]) -> None:
    while connections:
        connections.pop().close()

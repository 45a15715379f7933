"""Embeddings kept on disk, shared by every process on the machine."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

_BATCH = 500
_WAIT_SECONDS = 30.0


class EmbeddingCache:
    """A SQLite table from a key of 16 bytes to the bytes of one embedding.

    It only saves time: a file that cannot be read or written counts as empty, and a lost write costs one more
    computation.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        with contextlib.suppress(sqlite3.Error):
            connection = sqlite3.connect(path, timeout=_WAIT_SECONDS, check_same_thread=False)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=OFF")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS embedding (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID"
            )
            connection.commit()
            self._connection = connection

    def get(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """The embeddings that are known, by key."""
        known: dict[bytes, bytes] = {}
        if self._connection is None:
            return known
        with self._lock, contextlib.suppress(sqlite3.Error):
            for start in range(0, len(keys), _BATCH):
                part = keys[start : start + _BATCH]
                marks = ",".join("?" * len(part))
                query = f"SELECT key, value FROM embedding WHERE key IN ({marks})"  # noqa: S608 (marks only)
                known.update(self._connection.execute(query, part))
        return known

    def put(self, entries: Iterable[tuple[bytes, bytes]]) -> None:
        """Adds the entries; those already there stay."""
        if self._connection is None:
            return
        with self._lock, contextlib.suppress(sqlite3.Error), self._connection:
            self._connection.executemany("INSERT OR IGNORE INTO embedding VALUES (?, ?)", entries)

    def close(self) -> None:
        """Closes the file; the cache counts as empty afterwards."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

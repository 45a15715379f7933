"""Cache of embeddings on disk, shared by the processes of the machine."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

_KEYS_PER_QUERY = 500
_LOCK_TIMEOUT_SECONDS = 30.0


class EmbeddingCache:
    """SQLite table from a key of 16 bytes to the bytes of one embedding.

    Best effort: a file that cannot be read or written counts as empty, and a lost write costs one more computation.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        with contextlib.suppress(sqlite3.Error, OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(path, timeout=_LOCK_TIMEOUT_SECONDS, check_same_thread=False)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=OFF")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS embedding (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID"
            )
            connection.commit()
            self._connection = connection

    def get(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """The stored embeddings among `keys`."""
        embeddings: dict[bytes, bytes] = {}
        if self._connection is None:
            return embeddings
        with self._lock, contextlib.suppress(sqlite3.Error):
            for start in range(0, len(keys), _KEYS_PER_QUERY):
                part = keys[start : start + _KEYS_PER_QUERY]
                placeholders = ",".join("?" * len(part))
                query = f"SELECT key, value FROM embedding WHERE key IN ({placeholders})"  # noqa: S608
                embeddings.update(self._connection.execute(query, part))
        return embeddings

    def put(self, entries: Iterable[tuple[bytes, bytes]]) -> None:
        """Add the entries; those already there stay."""
        if self._connection is None:
            return
        with self._lock, contextlib.suppress(sqlite3.Error), self._connection:
            self._connection.executemany("INSERT OR IGNORE INTO embedding VALUES (?, ?)", entries)

    def close(self) -> None:
        """Close the file; the cache counts as empty afterwards."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

"""Cache of embeddings on disk, shared by the processes of the machine."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

_KEYS_PER_QUERY = 500
_LOCK_TIMEOUT_SECONDS = 30.0
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class EmbeddingCache:
    """SQLite table from a key of 16 bytes to the bytes of one embedding.

    Best effort: a file that cannot be read or written counts as empty, and a lost write costs one more computation. One
    that is damaged is removed, and begins anew when it is opened next.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._path = path
        self._connection: sqlite3.Connection | None = None
        for _ in range(2):
            with self._best_effort():
                self._connection = _open(path)
            if path.exists():
                return

    def get(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """The stored embeddings among `keys`."""
        embeddings: dict[bytes, bytes] = {}
        if self._connection is None:
            return embeddings
        with self._lock, self._best_effort():
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
        with self._lock, self._best_effort(), self._connection:
            self._connection.executemany("INSERT OR IGNORE INTO embedding VALUES (?, ?)", entries)

    def close(self) -> None:
        """Close the file; the cache counts as empty afterwards."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    @contextlib.contextmanager
    def _best_effort(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            pass
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _DAMAGED:
                return
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            with contextlib.suppress(OSError):
                for path in (self._path, *self._path.parent.glob(f"{self._path.name}-*")):
                    path.unlink()


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=_LOCK_TIMEOUT_SECONDS, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS embedding (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID"
        )
        connection.commit()
    except sqlite3.Error:
        connection.close()
        raise
    return connection

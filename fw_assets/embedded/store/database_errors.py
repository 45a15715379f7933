"""What SQLite says of the file itself: damaged, on a full disk, not to be written."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_ERRNO = {
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_IOERR: errno.EIO,
    sqlite3.SQLITE_READONLY: errno.EROFS,
    sqlite3.SQLITE_CANTOPEN: errno.EACCES,
}
_PRIMARY_CODE = 0xFF


class DamagedDatabase(OSError):
    """The platform's database is not what was written."""

    def __init__(self, path: Path, why: object) -> None:
        super().__init__(
            f"{path} is damaged ({why}). It is the platform's only record of its datasets, jobs, models and "
            f"deployments: put a copy of it back, with its -wal file. Without one, move {path.parent} away and run the "
            "same command again: the platform begins anew, and everything is trained again, at no cost"
        )


def file_error(path: Path, error: sqlite3.DatabaseError) -> Exception:
    """The error that names the file and says what to do; the error itself where it is not about the file."""
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE
    if code in _DAMAGED:
        return DamagedDatabase(path, error)
    if code == sqlite3.SQLITE_CANTOPEN and path.is_dir():
        return IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if code not in _ERRNO:
        return error
    # SQLite reports a file that may not grow, and some full disks, as an input/output error.
    number = errno.ENOSPC if code == sqlite3.SQLITE_IOERR and "WRITE" in _name(error) else _ERRNO[code]
    return OSError(number, f"{os.strerror(number)} ({error})", str(path.parent))


def is_locked(error: sqlite3.Error) -> bool:
    """Whether others held a lock for longer than the timeout."""
    return getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE == sqlite3.SQLITE_BUSY


def _name(error: sqlite3.DatabaseError) -> str:
    return getattr(error, "sqlite_errorname", "") or ""

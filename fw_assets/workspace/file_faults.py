"""What the operating system refused, as one sentence that names the file or folder and says what to do."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class DamagedFile(FileNotFoundError):
    """A file that was not what had been written; it is set aside, so that it counts as missing."""

    def __init__(self, url: str, why: object, aside: str) -> None:
        super().__init__(
            f"{url} is damaged ({why}) and was set aside as {aside}: run the same command again, or let Dagster's next "
            "tick do it, and it is made again; what was paid is not paid twice"
        )


_POLARS = re.compile(r"\(os error (\d+)\)")
_ADVICE = {
    errno.ENOSPC: "no space is left: free some, and run the same command again; what was done is kept",
    errno.EDQUOT: "the quota is used up: free some space, and run the same command again; what was done is kept",
    errno.EFBIG: "a file may not grow so large here: raise the limit (ulimit -f), and run the same command again",
    errno.EROFS: "it can only be read: make it writable, or name another workspace with --workspace",
    errno.EACCES: "permission denied: change who may read and write it, and run the same command again",
    errno.EPERM: "not permitted: change who may read and write it, and run the same command again",
    errno.EISDIR: "it is a folder where a file has to be: move it away, and run the same command again",
    errno.ENOTDIR: "a file is where a folder has to be: move it away, and run the same command again",
    errno.EIO: "the disk reports an error: look at the system's log; a copy on another disk goes on where this was",
    errno.EMFILE: "too many files are open: raise the limit (ulimit -n), and run the same command again",
}


def file_fault(error: OSError) -> str:
    """The sentence for an error of the operating system; the error's own words where there is nothing to add."""
    advice = _ADVICE.get(error.errno or 0)
    if advice is None:
        return str(error)
    return f"{error.filename}: {advice}" if error.filename else f"{error.strerror}: {advice}"


@contextmanager
def faults_of(path: Path) -> Iterator[None]:
    """Give the errors of writing below `path` its name, which a failed write or sync does not have.

    Raises:
        OSError: also in place of Polars' own error for what the operating system refused.
    """
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno is not None:
            error.filename = str(path)
        raise
    except Exception as error:
        reason = _POLARS.search(str(error))
        if reason is None:
            raise
        number = int(reason[1])
        raise OSError(number, os.strerror(number), str(path)) from error

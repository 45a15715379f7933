"""Writing an object only where there is none: what several machines agree by, where there is no lock to hold.

Object stores offer it as a conditional PUT (`If-None-Match: *` in S3, `ifGenerationMatch=0` in Google's): of all the
writers of one name exactly one succeeds. Stores that ignore the condition would lose lines without a word, so each
process tries it once before it relies on it.
"""

from __future__ import annotations

from typing import Any

_PROBE = ".create-only"
_KNOWN = {"s3", "s3a", "gs", "gcs", "memory"}
"""Protocols whose create-only write is decided by the store itself; elsewhere fsspec looks first and writes then."""
_TAKEN = {"PreconditionFailed", "412", "ConditionalRequestConflict", "409"}

_proven: set[tuple[str, str]] = set()


class NoConditionalWrites(ValueError):
    """The store cannot keep two machines apart."""


def put_if_absent(fs: Any, path: str, data: bytes) -> bool:
    """Write an object where there is none; whether it was this call that did.

    Raises:
        OSError: the store could not be reached, or refuses such writes.
    """
    try:
        fs.pipe_file(path, data, mode="create")
    except OSError as error:
        if _taken(error):
            return False
        raise
    return True


def require_conditional_put(fs: Any, folder: str) -> None:
    """Make sure that the store refuses the second of two writes of one name; asked once a process and folder.

    Raises:
        NoConditionalWrites: it does not, or nothing is known of how it does.
    """
    protocol = fs.protocol if isinstance(fs.protocol, str) else fs.protocol[0]
    if (protocol, folder) in _proven:
        return
    where = fs.unstrip_protocol(folder)
    if protocol not in _KNOWN:
        raise NoConditionalWrites(
            f"{where} cannot be a workspace: of {protocol}:// no write is known that fails where the name is taken, "
            f"and several machines need one; use s3:// or gs://, or a folder of one machine"
        )
    try:
        # The first finds the probe of an earlier process, or leaves one for the second.
        refused = not put_if_absent(fs, f"{folder}/{_PROBE}", b"\n") or not put_if_absent(
            fs, f"{folder}/{_PROBE}", b"\n"
        )
    except OSError as error:
        raise NoConditionalWrites(
            f"{where} cannot be a workspace: a write with `If-None-Match: *` failed: {error}; see that the store can "
            f"be reached, that it may be written to, and that it has conditional writes"
        ) from error
    except (TypeError, NotImplementedError) as error:
        raise NoConditionalWrites(
            f"{where} cannot be a workspace: the installed driver of {protocol}:// has no create-only write ({error}); "
            f"update it: pip install --upgrade fsspec s3fs gcsfs"
        ) from error
    if not refused:
        raise NoConditionalWrites(
            f"{where} cannot be a workspace: the store ignored `If-None-Match: *` and wrote over an object, so two "
            f"machines could spend above an approved ceiling; it needs a store with conditional writes"
        )
    _proven.add((protocol, folder))


def _taken(error: OSError) -> bool:
    """Whether a write was refused because the name is taken, also by a store that words it unlike Amazon's."""
    response = getattr(error.__cause__, "response", None) or {}
    return isinstance(error, FileExistsError) or response.get("Error", {}).get("Code") in _TAKEN

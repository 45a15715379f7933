"""Conditional PUT: writing an object only if none has its name. Experimental: not tried on a real object store.

Where there is no lock to hold, several machines agree by it: of all writers of one name exactly one succeeds. S3 has
it as `If-None-Match: *`, Google Storage as `ifGenerationMatch=0`. A store that ignores the condition would lose lines
silently, so each process tries it once before it relies on it.
"""

from __future__ import annotations

from typing import Any

_PROBE = ".create-only"
_PROTOCOLS = {"s3", "s3a", "gs", "gcs", "memory"}
"""Protocols whose store decides a create-only write itself; for others fsspec looks first and writes then."""
_CONFLICTS = {"PreconditionFailed", "412", "ConditionalRequestConflict", "409"}

_verified: set[tuple[str, str]] = set()


class NoConditionalWrites(ValueError):
    """The store cannot keep two machines apart."""


def put_if_absent(fs: Any, path: str, data: bytes) -> bool:
    """Write an object if none has its name; whether this call wrote it.

    Raises:
        OSError: the store cannot be reached, or refuses such writes.
    """
    try:
        fs.pipe_file(path, data, mode="create")
    except OSError as error:
        if _is_conflict(error):
            return False
        raise
    return True


def require_conditional_put(fs: Any, folder: str) -> None:
    """Verify that the store refuses the second of two writes of one name; tried once per process and folder.

    Raises:
        NoConditionalWrites: it does not, or is not known to.
    """
    protocol = fs.protocol if isinstance(fs.protocol, str) else fs.protocol[0]
    if (protocol, folder) in _verified:
        return
    url = fs.unstrip_protocol(folder)
    if protocol not in _PROTOCOLS:
        raise NoConditionalWrites(
            f"{url} cannot be a workspace: of {protocol}:// no write is known that fails where the name is taken, "
            f"and several machines need one; use s3:// or gs://, or a folder of one machine"
        )
    probe = f"{folder}/{_PROBE}"
    try:
        # The first write is refused because of an earlier process's probe, or else the second because of the first.
        refused = not put_if_absent(fs, probe, b"\n") or not put_if_absent(fs, probe, b"\n")
    except OSError as error:
        raise NoConditionalWrites(
            f"{url} cannot be a workspace: a write with `If-None-Match: *` failed: {error}; see that the store can "
            f"be reached, that it may be written to, and that it has conditional writes"
        ) from error
    except (TypeError, NotImplementedError) as error:
        raise NoConditionalWrites(
            f"{url} cannot be a workspace: the installed driver of {protocol}:// has no create-only write ({error}); "
            f"update it: pip install --upgrade fsspec s3fs gcsfs"
        ) from error
    if not refused:
        raise NoConditionalWrites(
            f"{url} cannot be a workspace: the store ignored `If-None-Match: *` and wrote over an object, so two "
            f"machines could spend above an approved ceiling; it needs a store with conditional writes"
        )
    _verified.add((protocol, folder))


def _is_conflict(error: OSError) -> bool:
    """Whether a write was refused because the name is taken, also by a store that words it unlike Amazon's."""
    response = getattr(error.__cause__, "response", None) or {}
    return isinstance(error, FileExistsError) or response.get("Error", {}).get("Code") in _CONFLICTS

"""Resource names: `accounts/ACCOUNT/COLLECTION/ID`. Paths carry short ids, bodies carry full names."""

from __future__ import annotations

import re
from urllib.parse import quote

_ID = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")


def check_id(resource_id: str) -> str:
    """The id itself, when a resource may be created under it.

    Raises:
        ValueError: not 1-63 of `a-z0-9-`, or the first is not a letter, or the last is a hyphen.
    """
    if not _ID.fullmatch(resource_id):
        raise ValueError(
            f"{resource_id!r} cannot be a resource id: 1-63 characters of a-z, 0-9 and '-', "
            "a letter first, no hyphen last"
        )
    return resource_id


def full_name(name: str, account: str, collection: str) -> str:
    """`name` as a full resource name; a short id is taken to be of `account`."""
    return name if name.startswith("accounts/") else f"accounts/{account}/{collection}/{name}"


def resource_path(name: str, verb: str = "") -> str:
    """The URL path of a full resource name, with an optional `:verb`."""
    path = "/".join(quote(segment, safe="") for segment in name.split("/"))
    return f"/v1/{path}:{verb}" if verb else f"/v1/{path}"

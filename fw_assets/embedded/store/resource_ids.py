"""Resource ids and names: `accounts/{account}/{collection}/{id}`."""

from __future__ import annotations

import re
import secrets

from fw_assets.embedded.errors import invalid

ACCOUNT = "local"
"""The one account of an embedded platform."""

PUBLISHER = "fireworks"
"""The account that owns the base models; everybody reads it, nobody writes to it."""

_ID = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NAME = re.compile(r"accounts/([^/]+)/([A-Za-z]+)/([^/#]+)")


def check_id(value: object, field: str) -> str:
    """`value` as a resource id: 1-63 of a-z, 0-9 and hyphen, first a letter, last no hyphen."""
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise invalid(
            f"{field}: {value!r} is not a valid id; use 1-63 characters of a-z, 0-9 and '-', "
            "starting with a letter and not ending with '-'",
            field,
        )
    return value


def new_id(prefix: str) -> str:
    """A random id for a resource whose creator named none."""
    return f"{prefix}-{secrets.token_hex(4)}"


def resource_name(account: str, collection: str, id: str) -> str:
    return f"accounts/{account}/{collection}/{id}"


def split_name(value: object, collection: str, field: str) -> tuple[str, str]:
    """(account, id) of a full resource name in `collection`; a short id is refused."""
    match = _NAME.fullmatch(value) if isinstance(value, str) else None
    if match is None or match[2] != collection:
        raise invalid(f"{field}: {value!r} is not of the form accounts/ACCOUNT/{collection}/ID", field)
    return match[1], match[3]

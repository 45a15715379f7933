"""Reading and writing resource documents, whatever their kind.

A kind is the plural that stands in resource names: `datasets`, `models`, `deployments`, ...
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

import msgspec

from fw_assets.embedded.errors import already_exists, not_found
from fw_assets.embedded.store.resource_ids import resource_name

Document = dict[str, Any]

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Document).decode


def insert(connection: sqlite3.Connection, kind: str, account: str, id: str, document: Mapping[str, Any]) -> None:
    """Store a new resource.

    Raises:
        ApiError: ALREADY_EXISTS.
    """
    try:
        connection.execute(
            "INSERT INTO resources (kind, account, id, document) VALUES (?, ?, ?, ?)",
            (kind, account, id, _encode(document)),
        )
    except sqlite3.IntegrityError:
        raise already_exists(resource_name(account, kind, id)) from None


def find(connection: sqlite3.Connection, kind: str, account: str, id: str) -> Document | None:
    row = connection.execute(
        "SELECT document FROM resources WHERE kind = ? AND account = ? AND id = ?", (kind, account, id)
    ).fetchone()
    return _decode(row[0]) if row else None


def get(connection: sqlite3.Connection, kind: str, account: str, id: str) -> Document:
    """The document of a resource.

    Raises:
        ApiError: NOT_FOUND.
    """
    document = find(connection, kind, account, id)
    if document is None:
        raise not_found(resource_name(account, kind, id))
    return document


def every(connection: sqlite3.Connection, kind: str, account: str) -> list[Document]:
    """All documents of a kind, by id."""
    rows = connection.execute(
        "SELECT document FROM resources WHERE kind = ? AND account = ? ORDER BY id", (kind, account)
    )
    return [_decode(row[0]) for row in rows]


def update(connection: sqlite3.Connection, kind: str, account: str, id: str, changes: Mapping[str, Any]) -> Document:
    """Set the top-level fields in `changes`; call it inside a write transaction.

    Raises:
        ApiError: NOT_FOUND.
    """
    document = get(connection, kind, account, id) | dict(changes)
    connection.execute(
        "UPDATE resources SET document = ? WHERE kind = ? AND account = ? AND id = ?",
        (_encode(document), kind, account, id),
    )
    return document


def delete(connection: sqlite3.Connection, kind: str, account: str, id: str) -> Document:
    """Remove a resource and return what it was.

    Raises:
        ApiError: NOT_FOUND.
    """
    document = get(connection, kind, account, id)
    connection.execute("DELETE FROM resources WHERE kind = ? AND account = ? AND id = ?", (kind, account, id))
    return document

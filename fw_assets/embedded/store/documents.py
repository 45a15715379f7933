"""Resource documents in the database, of every collection.

All functions take a connection, so that a caller can read and write several documents in one transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

import msgspec

from fw_assets.embedded.errors import already_exists, not_found
from fw_assets.embedded.store.resource_names import resource_name

Document = dict[str, Any]

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Document).decode


def insert(connection: sqlite3.Connection, collection: str, account: str, id: str, document: Mapping[str, Any]) -> None:
    """Store a new resource.

    Raises:
        RpcError: ALREADY_EXISTS.
    """
    try:
        connection.execute(
            "INSERT INTO resources (kind, account, id, document) VALUES (?, ?, ?, ?)",
            (collection, account, id, _encode(document)),
        )
    except sqlite3.IntegrityError:
        raise already_exists(resource_name(account, collection, id)) from None


def find(connection: sqlite3.Connection, collection: str, account: str, id: str) -> Document | None:
    row = connection.execute(
        "SELECT document FROM resources WHERE kind = ? AND account = ? AND id = ?", (collection, account, id)
    ).fetchone()
    return _decode(row[0]) if row else None


def get(connection: sqlite3.Connection, collection: str, account: str, id: str) -> Document:
    """The document of a resource.

    Raises:
        RpcError: NOT_FOUND.
    """
    document = find(connection, collection, account, id)
    if document is None:
        raise not_found(resource_name(account, collection, id))
    return document


def list_all(connection: sqlite3.Connection, collection: str, account: str) -> list[Document]:
    """All documents of a collection, ordered by id."""
    rows = connection.execute(
        "SELECT document FROM resources WHERE kind = ? AND account = ? ORDER BY id", (collection, account)
    )
    return [_decode(row[0]) for row in rows]


def update(
    connection: sqlite3.Connection, collection: str, account: str, id: str, changes: Mapping[str, Any]
) -> Document:
    """Set the top-level fields in `changes`, inside a write transaction, and return the changed document.

    Raises:
        RpcError: NOT_FOUND.
    """
    document = get(connection, collection, account, id) | dict(changes)
    connection.execute(
        "UPDATE resources SET document = ? WHERE kind = ? AND account = ? AND id = ?",
        (_encode(document), collection, account, id),
    )
    return document


def delete(connection: sqlite3.Connection, collection: str, account: str, id: str) -> Document:
    """Remove a resource and return its last document.

    Raises:
        RpcError: NOT_FOUND.
    """
    document = get(connection, collection, account, id)
    connection.execute("DELETE FROM resources WHERE kind = ? AND account = ? AND id = ?", (collection, account, id))
    return document

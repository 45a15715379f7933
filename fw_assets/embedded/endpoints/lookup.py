"""Documents that a request asks for."""

from __future__ import annotations

from fw_assets.embedded.http.handler import ApiRequest
from fw_assets.embedded.store import documents
from fw_assets.embedded.store.documents import Document


def get_document(request: ApiRequest, collection: str) -> Document:
    """The document of the resource in the path.

    Raises:
        RpcError: NOT_FOUND.
    """
    with request.platform.database.read() as connection:
        return documents.get(connection, collection, request.account, request.id)


def list_documents(request: ApiRequest, collection: str) -> list[Document]:
    """All documents of a collection in the account of the path, ordered by id."""
    with request.platform.database.read() as connection:
        return documents.list_all(connection, collection, request.account)

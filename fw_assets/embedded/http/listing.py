"""Lists of resources: `filter`, `orderBy`, `pageSize`, `pageToken` and `readMask`, and the envelope of a page.

Filters are one comparison, `state=READY` or `kind="HF_PEFT_ADDON"`, and orders one field, `createTime desc`: what the
client and the vendor's SDK send. Filters, orders and masks name top-level fields in camelCase.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from fw_assets.embedded.errors import invalid

DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 200
_FILTER = re.compile(r'\s*(\w+)\s*=\s*(?:"([^"]*)"|([^\s"=]+))\s*')
_ORDER = re.compile(r"\s*(\w+)(?:\s+(asc|desc))?\s*")


class _PageToken(msgspec.Struct, array_like=True):
    query_digest: str
    offset: int
    last_name: str


def page(
    collection: str, documents: Sequence[Mapping[str, Any]], query: Mapping[str, str], default_order: str = "name"
) -> dict[str, Any]:
    """One page of `documents` as `{collection: [...], "nextPageToken", "totalSize"}`.

    A page size over 200 counts as 200. A token continues only the query that it came from, after the last item of its
    page even when earlier items are gone.

    Raises:
        RpcError: INVALID_ARGUMENT for a parameter that cannot be read.
    """
    size = _page_size(query.get("pageSize", ""))
    matching = _sort(_select(documents, query.get("filter", "")), query.get("orderBy") or default_order)
    digest = hashlib.sha256(f"{query.get('filter', '')}\0{query.get('orderBy', '')}".encode()).hexdigest()[:12]
    start = _start(query.get("pageToken", ""), digest, [str(document["name"]) for document in matching])
    end = start + size
    token = ""
    if end < len(matching):
        page_token = _PageToken(digest, end, str(matching[end - 1]["name"]))
        token = base64.urlsafe_b64encode(msgspec.json.encode(page_token)).decode()
    items = [apply_read_mask(document, query) for document in matching[start:end]]
    return {collection: items, "nextPageToken": token, "totalSize": len(matching)}


def apply_read_mask(document: Mapping[str, Any], query: Mapping[str, str]) -> dict[str, Any]:
    """The fields of `document` that a `readMask` such as `state,jobProgress` names; all without one."""
    fields = {field.strip() for field in query.get("readMask", "").split(",")} - {""}
    return {field: value for field, value in document.items() if not fields or field in fields}


def _page_size(text: str) -> int:
    if not text:
        return DEFAULT_PAGE_SIZE
    if not text.isdecimal():
        raise invalid(f"pageSize: {text!r} is not a number from 1 to {MAX_PAGE_SIZE}", "pageSize")
    return min(int(text) or DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)


def _select(documents: Sequence[Mapping[str, Any]], text: str) -> list[Mapping[str, Any]]:
    if not text.strip():
        return list(documents)
    match = _FILTER.fullmatch(text)
    if match is None:
        raise invalid(f"filter: cannot read {text!r}; this platform compares one field: state=READY", "filter")
    field, quoted, word = match.groups()
    value = word if quoted is None else quoted
    return [document for document in documents if _text(document.get(field, "")) == value]


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _sort(documents: list[Mapping[str, Any]], text: str) -> list[Mapping[str, Any]]:
    match = _ORDER.fullmatch(text)
    if match is None:
        raise invalid(f"orderBy: cannot read {text!r}; this platform orders by one field: createTime desc", "orderBy")
    field, direction = match.groups()
    by_name = sorted(documents, key=lambda document: str(document["name"]))
    return sorted(by_name, key=lambda document: str(document.get(field, "")), reverse=direction == "desc")


def _start(text: str, digest: str, names: list[str]) -> int:
    if not text:
        return 0
    try:
        token = msgspec.json.decode(base64.urlsafe_b64decode(text.encode()), type=_PageToken)
    except (binascii.Error, msgspec.DecodeError, UnicodeError, ValueError):
        raise invalid("pageToken: this is not a token that a list call returned", "pageToken") from None
    if token.query_digest != digest:
        raise invalid("pageToken: the token belongs to a list with another filter or orderBy", "pageToken")
    return names.index(token.last_name) + 1 if token.last_name in names else min(token.offset, len(names))
